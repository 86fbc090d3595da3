"""The desk's time to check an online dossier: its two instants, and what is said of them when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.message import Message
from motcua.intake.v1.dossier_events_pb2 import (
    DeskCheckApproaching,
    DeskCheckMissed,
    DossierAccepted,
    DossierRefused,
    DossierSubmitted,
    DossierWithdrawn,
)
from motcua.intake.v1.event_parts_pb2 import FeesDue
from motcua.intake.v1.fee_events_pb2 import FeeCancelled, FeeRecorded

from kernel.base.instants import HOUR, to_timestamp
from kernel.config.environment import SettingsError, load
from office.worktime.warning_rule import WarningRule
from services.intake.application.decision_context import ContextLoader
from services.intake.domain.desk_check import DeskCheck, alarm, check_in, missed, set_check
from services.intake.domain.state import State, evolve
from services.intake.settings import IntakeSettings
from tests.support.events import make_event
from tests.support.intake_samples import BEFORE, CITIZEN, MONDAY, at, small_catalogue
from tests.support.office_files import office_calendars
from tests.support.routing_cases import clock

WARN, DUE = MONDAY + 4 * HOUR, MONDAY + 8 * HOUR
LATER = DeskCheck(DUE + 24 * HOUR, WARN + 24 * HOUR)
NEAR = DeskCheckApproaching(answer_due_at=to_timestamp(DUE), unit="H22.12")
GONE = DeskCheckMissed(answer_due_at=to_timestamp(DUE), unit="H22.12")
OPEN = DeskCheck(DUE, WARN)


def submitted(check: DeskCheck | None = OPEN, **more: Any) -> DossierSubmitted:
    """Return a submission with a time for the desk."""
    made = DossierSubmitted(unit="H22.12", **more)
    set_check(made, check)
    return made


def paid(check: DeskCheck | None) -> FeeRecorded:
    """Return the payment of what was owed."""
    made = FeeRecorded(phi=5_000, settled=True)
    set_check(made, check)
    return made


def folded(*payloads: Message) -> State:
    """Return the desk's state after these events."""
    state = State()
    for number, payload in enumerate(payloads, start=1):
        event = make_event(
            "H22.12-210809-0001",
            "intake",
            number,
            payload,
            actor=CITIZEN,
            occurred_at=MONDAY,
            recorded_at=MONDAY,
            causation_id="",
            correlation_id="",
        )
        state = evolve(state, event)
    return state


@pytest.mark.parametrize(
    ("rule", "came", "due", "warns"),
    [
        ("4wh", "2021-08-09 08:00", "2021-08-10 08:00", "2021-08-09 14:00"),
        ("4wh", "2021-08-09 07:00", "2021-08-09 17:00", "2021-08-09 11:00"),
        # After closing on Friday: Monday's eight hours.
        ("4wh", "2021-08-06 17:30", "2021-08-09 17:00", "2021-08-09 11:00"),
        ("1wh", "2021-08-09 08:00", "2021-08-10 08:00", "2021-08-10 07:00"),
        ("75%", "2021-08-09 08:00", "2021-08-10 08:00", "2021-08-09 16:00"),
        ("none", "2021-08-09 08:00", "2021-08-10 08:00", ""),
    ],
)
def test_eight_working_hours_and_when_they_are_nearly_over(
    rule: str, came: str, due: str, warns: str
) -> None:
    """From the moment it came in, by the calendar of its unit."""
    loader = ContextLoader(
        small_catalogue(), office_calendars(), check_warning=WarningRule.parse(rule)
    )
    check = loader.check("H22.12", at(came))
    assert (clock(check.due_at), clock(check.warn_at)) == (due, warns)


def test_four_hours_before_unless_the_office_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A setting of the desk; one that is no rule is refused with its name."""
    monkeypatch.delenv("INTAKE_CHECK_WARNING", raising=False)
    usual = load(IntakeSettings).check_warning
    assert usual == ContextLoader(small_catalogue(), office_calendars()).check_warning
    assert str(usual) == "4wh"
    monkeypatch.setenv("INTAKE_CHECK_WARNING", "75%")
    assert str(load(IntakeSettings).check_warning) == "75%"
    monkeypatch.setenv("INTAKE_CHECK_WARNING", "soon")
    with pytest.raises(SettingsError, match=r"^INTAKE_CHECK_WARNING: 'soon' must look like 4wh"):
        load(IntakeSettings)


@pytest.mark.parametrize(
    ("check", "now", "payload"),
    [
        (OPEN, WARN, None),
        (OPEN, WARN + 1, NEAR),
        (OPEN, DUE, NEAR),
        (OPEN, DUE + 1, GONE),
        (replace(OPEN, warned=True), WARN + 1, None),
        (replace(OPEN, warned=True), DUE, None),
        (replace(OPEN, warned=True), DUE + 1, GONE),
        (replace(OPEN, missed=True), DUE + 1, None),
        (replace(OPEN, warned=True, missed=True), DUE + 1, None),
        (DeskCheck(DUE), DUE, None),
        (DeskCheck(DUE), DUE + 1, GONE),
        (None, DUE + 1, None),
    ],
)
def test_what_is_true_and_was_not_said(
    check: DeskCheck | None, now: int, payload: Message | None
) -> None:
    """Strictly after its instant; what has ended is not warned of any more."""
    assert alarm(check, "H22.12", now) == payload
    assert missed(check, "H22.12", now) == (payload if payload == GONE else None)


@pytest.mark.parametrize(
    ("check", "next_one"),
    [
        (OPEN, WARN),
        (replace(OPEN, warned=True), DUE),
        (replace(OPEN, missed=True), None),
        (DeskCheck(DUE), DUE),
    ],
)
def test_when_the_watch_has_to_look(check: DeskCheck, next_one: int | None) -> None:
    """The warning, then the end, then never."""
    assert check.alarm_at == next_one


@pytest.mark.parametrize("check", [OPEN, DeskCheck(DUE), None])
def test_an_event_holds_both_instants(check: DeskCheck | None) -> None:
    """As they were written; one of before warnings has none."""
    for event in (submitted(check), paid(check)):
        assert check_in(event) == check


def test_what_was_said_is_kept() -> None:
    """Near first, then over."""
    assert folded(submitted()).awaited == OPEN
    assert folded(submitted(), NEAR).awaited == replace(OPEN, warned=True)
    assert folded(submitted(), NEAR, GONE).awaited == replace(OPEN, warned=True, missed=True)
    assert folded(submitted(None)).awaited is None


@pytest.mark.parametrize("ending", [DossierAccepted(), DossierRefused(), DossierWithdrawn()])
def test_nobody_waits_for_a_desk_that_has_answered(ending: Message) -> None:
    """Accepted, refused or let go."""
    assert folded(submitted(), ending).awaited is None


def test_while_a_fee_is_awaited_the_desk_is_not() -> None:
    """Paid, its time begins anew, and all of it is said anew; taken back, it waits again."""
    held = submitted(fees=FeesDue(timing=BEFORE, phi=5_000))
    assert folded(held).awaited is None
    assert folded(held, paid(LATER)).awaited == LATER
    back = (held, paid(LATER), NEAR, GONE, FeeCancelled(sequence=2))
    assert folded(*back).awaited is None
    again = replace(LATER, due_at=LATER.due_at + HOUR)
    assert folded(*back, paid(again)).awaited == again
