"""A dossier's history in words for the citizen, in Vietnamese and English.

The sentences are texts of intake's catalogue: ``history.NAME`` by the name of the event, or
``history.NAME.VARIANT``. A parameter is a field of the payload, or one of ``_COMPUTED``. A type of
event without a sentence is none of the citizen's business and gives no line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from motcua.events.v1.common_pb2 import Part, ResultChannel
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.intake.v1.intake_pb2 import HistoryLine
from motcua.routing.v1.case_events_pb2 import CaseSuspended
from motcua.routing.v1.types_pb2 import CaseResult, DeadlineScope, SuspensionKind

from kernel.base.instants import to_datetime, to_us
from kernel.eventsourcing.envelope import payload_of
from kernel.messages.catalogue import BilingualText, FixedText, listed
from services.intake.domain.refusals import TEXTS

_DATES: Final = {
    "SupplementRequested": "answer_due_at",
    "SupplementExpired": "answer_due_at",
    "CaseSuspended": "expected_end_at",
}
"""The date in the sentence about an event; of others, ``due_at``."""


def lines(events: Iterable[Event], tz: str, language: str) -> list[HistoryLine]:
    """Return what happened, the oldest first, without events that don't concern the citizen."""
    events = list(events)
    names = _part_names(events)
    ordered = sorted(events, key=lambda e: (to_us(e.occurred_at), to_us(e.recorded_at), e.sequence))
    found = []
    for event in ordered:
        payload = payload_of(event)
        key = "" if payload is None else _key(payload.DESCRIPTOR.name, payload)
        if payload is not None and key in TEXTS:
            text = TEXTS.filled(key, _Fields(payload, tz, names))
            words = (text.en if language == "en" else text.vi).strip()
            name = payload.DESCRIPTOR.name
            found.append(HistoryLine(at=event.occurred_at, type=name, text=words))
    return found


def moment(us: int, tz: str) -> BilingualText:
    """Write an instant: 17:00 ngày 11/08/2021, in English 17:00 on 11 August 2021."""
    local = to_datetime(us, tz)
    english = f"{local:%H:%M} on {local.day} {local:%B %Y}"
    return FixedText(f"{local:%H:%M} ngày {local:%d/%m/%Y}", english)


def _key(name: str, payload: Any) -> str:
    choose = _VARIANTS.get(name)
    return f"history.{name}.{choose(payload)}" if choose else f"history.{name}"


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of a payload as a sentence has them."""

    payload: Any
    tz: str
    parts: Mapping[str, BilingualText]
    """The names of the procedure's parts by code."""

    def __getitem__(self, name: str) -> object:
        if name == "parts":
            return _listed(self.payload.parts, self.parts)
        make = _COMPUTED.get(name)
        return make(self.payload, self.tz) if make else getattr(self.payload, name)


def _when(payload: Any, tz: str) -> BilingualText:
    """Return the part of a sentence that has its date; nothing where the date is absent."""
    name = payload.DESCRIPTOR.name
    field = _DATES.get(name, "due_at")
    if not payload.HasField(field):
        return FixedText("", "")
    return TEXTS.text(f"when.{name}", at=moment(to_us(getattr(payload, field)), tz))


def _phases(payload: Any, tz: str) -> BilingualText:
    """Return when each phase of a limit is due; nothing for a limit without phases."""
    ends = [
        TEXTS.text("phase", number=number, at=moment(to_us(phase.due_at), tz))
        for number, phase in enumerate(payload.phases, start=1)
    ]
    return FixedText("".join(end.vi for end in ends), "".join(end.en for end in ends))


def _part_names(events: Iterable[Event]) -> dict[str, BilingualText]:
    submissions = (payload_of(event) for event in events)
    return {
        part.code: FixedText(part.name, part.name_en or part.name)
        for submission in submissions
        if isinstance(submission, DossierSubmitted)
        for part in submission.part_names
    }


def _listed(parts: Iterable[Part], names: Mapping[str, BilingualText]) -> BilingualText:
    known = [(names.get(p.code) or FixedText(p.code, p.code), p.note) for p in parts]
    return listed(
        FixedText(f"{name.vi} ({note})", f"{name.en} ({note})") if note else name
        for name, note in known
    )


def _amounts(payload: Any) -> Any:
    """Return what has the two amounts: what is asked for, or the record of what was paid."""
    return payload.payment if isinstance(payload, CaseSuspended) else payload


def _dong(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")


_COMPUTED: Final[Mapping[str, Callable[[Any, str], object]]] = {
    "when": _when,
    "phases": _phases,
    "phi": lambda payload, _: _dong(_amounts(payload).phi),
    "le_phi": lambda payload, _: _dong(_amounts(payload).le_phi),
}
"""Parameters that are no field as it stands."""

_RETURNED: Final = {
    ResultChannel.RESULT_CHANNEL_ONLINE: "online",
    ResultChannel.RESULT_CHANNEL_POST: "post",
}
_VARIANTS: Final[Mapping[str, Callable[[Any], str]]] = {
    "ResultReturned": lambda payload: _RETURNED.get(payload.result_channel, "counter"),
    "FeeRecorded": lambda payload: "exempt" if payload.exempt_group else "paid",
    "CaseSuspended": lambda payload: (
        "payment" if payload.kind == SuspensionKind.SUSPENSION_KIND_FINANCIAL else "stopped"
    ),
    "DeadlineRecalculated": lambda payload: (
        "papers" if payload.scope == DeadlineScope.DEADLINE_SCOPE_SUSPENSION else "result"
    ),
    "CaseResolved": lambda payload: (
        "rejected" if payload.result == CaseResult.CASE_RESULT_REJECTED else "granted"
    ),
    "MessageFailed": lambda payload: "marks" if payload.reason_code == "no_smtputf8" else "other",
    "WithdrawalDeclined": lambda payload: (
        payload.reason_code
        if payload.reason_code in ("withdrawn", "declined", "closed")
        else "resolved"
    ),
}
"""Events about which there are several sentences."""
