"""The desk's time to check an online dossier: when it ends, when to warn, what is recorded.

Pure. Both instants are written into the event that sets the time; neither is computed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from motcua.intake.v1.dossier_events_pb2 import (
    DeskCheckApproaching,
    DeskCheckMissed,
    DossierSubmitted,
)
from motcua.intake.v1.fee_events_pb2 import FeeRecorded

from kernel.base.instants import instant_in, to_timestamp
from office.worktime.durations import Duration
from office.worktime.warning_rule import WarningRule

ANSWER_WITHIN: Final = Duration.parse("8wh")
"""How long the desk may take to accept or answer what comes in online."""
CHECK_WARNING: Final = WarningRule.parse("4wh")
"""When to warn of that, unless the office configures otherwise."""


@dataclass(frozen=True, slots=True)
class DeskCheck:
    """Until when the desk is to accept or answer, when to warn of that, and what is recorded.

    Instants in microseconds UTC; ``warn_at`` is before ``due_at``, or None for no warning.
    """

    due_at: int
    warn_at: int | None = None
    warned: bool = False
    missed: bool = False

    @property
    def alarm_at(self) -> int | None:
        """The instant after which an event is due; None when all are recorded."""
        if self.missed:
            return None
        return self.due_at if self.warned or self.warn_at is None else self.warn_at


def check_in(payload: DossierSubmitted | FeeRecorded) -> DeskCheck | None:
    """Return the time that an event sets; None when it sets none."""
    due_at = instant_in(payload, "answer_due_at")
    return None if due_at is None else DeskCheck(due_at, instant_in(payload, "answer_warn_at"))


def set_check(message: DossierSubmitted | FeeRecorded, check: DeskCheck | None) -> None:
    """Write a time into the event that sets it."""
    if check is None:
        return
    message.answer_due_at.CopyFrom(to_timestamp(check.due_at))
    if check.warn_at is not None:
        message.answer_warn_at.CopyFrom(to_timestamp(check.warn_at))


def missed(check: DeskCheck | None, unit: str, now: int) -> DeskCheckMissed | None:
    """Return the event that the time has passed; None before, at its instant, and if recorded."""
    if check is None or check.missed or now <= check.due_at:
        return None
    return DeskCheckMissed(answer_due_at=to_timestamp(check.due_at), unit=unit)


def alarm(
    check: DeskCheck | None, unit: str, now: int
) -> DeskCheckApproaching | DeskCheckMissed | None:
    """Return what is true by now and not recorded. What has ended is not warned of any more."""
    ended = missed(check, unit, now)
    if ended is not None or check is None or check.alarm_at is None or now <= check.alarm_at:
        return ended
    return DeskCheckApproaching(answer_due_at=to_timestamp(check.due_at), unit=unit)
