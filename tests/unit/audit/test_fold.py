from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from motcua.events.v1.common_pb2 import CHANNEL_ONLINE, SERVICE_LEVEL_WHOLE, Channel
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import (
    DeskCheckApproaching,
    DeskCheckMissed,
    DossierAccepted,
    DossierRefused,
    DossierSubmitted,
    DossierWithdrawn,
    ResultReturned,
)
from motcua.intake.v1.event_parts_pb2 import FeesDue
from motcua.intake.v1.fee_events_pb2 import FeeCancelled, FeeRecorded
from motcua.intake.v1.types_pb2 import FEE_TIMING_AFTER, FEE_TIMING_BEFORE
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseSuspended,
    CaseWithdrawn,
    HistoryImported,
    StepCompleted,
    StepRecorded,
    SupplementRequested,
)
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended, DeadlineMissed
from motcua.routing.v1.event_parts_pb2 import CurrentStep
from motcua.routing.v1.types_pb2 import (
    CASE_RESULT_GRANTED,
    DEADLINE_SCOPE_DOSSIER,
    DEADLINE_SCOPE_STEP,
    SUSPENSION_KIND_FINANCIAL,
    SUSPENSION_KIND_STOPPED,
    DeadlineScope,
)

from kernel.base.instants import MINUTE, to_us
from kernel.eventsourcing.envelope import event_types, short_name
from services.audit.reports.indicators import Indicators, reported_dossier
from services.audit.state import fold, local_days
from services.audit.state.portal_state import finished_at
from services.audit.tables import DOSSIERS
from services.audit.wording.event_lines import STATES
from tests.support.audit_histories import HANOI, at, folded, happened, reported, stamp
from tests.support.events import type_named

MONDAY = at("2021-08-09 08:00")
SUBMITTED = DossierSubmitted(
    procedure_code="1.012766",
    field="G03-GD10",
    unit="H22.12",
    level=SERVICE_LEVEL_WHOLE,
    channel=CHANNEL_ONLINE,
    time_zone=HANOI,
)
ACCEPTED = DossierAccepted(due_at=stamp("2021-08-12 16:35"))
REFUSED = DossierRefused(reason_code="incomplete")
GONE_EARLY = DossierWithdrawn()
RETURNED = ResultReturned()
OPENED = CaseOpened(current=CurrentStep(step="check", unit="H22.12.1"))
ASKED = SupplementRequested(round=1)
RESUMED = CaseResumed(
    due_at=stamp("2021-08-20 14:00"), current=CurrentStep(step="check", unit="H22.12.1")
)
PAYMENT = CaseSuspended(kind=SUSPENSION_KIND_FINANCIAL)
STOPPED = CaseSuspended(kind=SUSPENSION_KIND_STOPPED)
CLOSED = CaseClosed(round=1)
EXTENDED = DeadlineExtended(
    previous_due_at=stamp("2021-08-12 16:35"), due_at=stamp("2021-08-18 10:00")
)
RESOLVED = CaseResolved(result=CASE_RESULT_GRANTED)
GONE = CaseWithdrawn()

REACHED: dict[int, list[Message]] = {
    1: [SUBMITTED],
    2: [SUBMITTED, ACCEPTED],
    3: [SUBMITTED, REFUSED],
    4: [SUBMITTED, ACCEPTED, OPENED],
    5: [SUBMITTED, ACCEPTED, OPENED, ASKED],
    6: [SUBMITTED, ACCEPTED, OPENED, PAYMENT],
    7: [SUBMITTED, ACCEPTED, OPENED, GONE],
    8: [SUBMITTED, ACCEPTED, OPENED, STOPPED],
    9: [SUBMITTED, ACCEPTED, OPENED, RESOLVED],
    10: [SUBMITTED, ACCEPTED, OPENED, RESOLVED, RETURNED],
}
WORK = (
    "CaseMoved",
    "CaseOpened",
    "CasePulledBack",
    "StepAssigned",
    "StepCompleted",
    "StepSentBack",
)
NEXT = {
    "DossierAccepted": {1: 2, 3: 2},
    "DossierRefused": {1: 3},
    "DossierWithdrawn": dict.fromkeys((1, 2, 3, 4, 5, 6, 8), 7),
    "CaseWithdrawn": dict.fromkeys((1, 2, 3, 4, 5, 6, 8), 7),
    "CaseClosed": dict.fromkeys((1, 2, 3, 4, 5, 6, 8), 3),
    "SupplementRequested": {1: 5, 2: 5, 4: 5},
    "CaseSuspended": {1: 8, 2: 8, 4: 8},
    "CaseResumed": {1: 4, 2: 4, 5: 4, 6: 4, 8: 4},
    "CaseResolved": dict.fromkeys((1, 2, 3, 4, 5, 6, 8), 9),
    "ResultReturned": dict.fromkeys((1, 2, 3, 4, 5, 6, 8, 9), 10),
    **{name: {1: 4, 2: 4} for name in WORK},
}
"""The state after an event of a type, by the state before; not listed: it stays."""


def test_a_closing_that_does_not_hold_is_no_end() -> None:
    """The dossier is pending again, with its promised date; a second closing ends it."""
    closed = folded(_history([*REACHED[5], CLOSED]))
    assert (closed["state"], closed["pending_due_at"]) == (3, None)
    assert closed["finished_day"] is not None
    history = [*REACHED[5], CLOSED, CaseReopened(round=1), RESUMED]
    row = folded(_history(history))
    assert (row["state"], row["closed_at"], row["finished_day"]) == (4, None, None)
    assert row["pending_due_at"] == row["due_at"] == RESUMED.due_at.ToMicroseconds()
    assert folded(_history([*history, ASKED, CLOSED]))["state"] == 3


@pytest.mark.parametrize("portal_state", [0, 2, 3, 4, 6, 8, 9, 99])
def test_a_step_of_a_process_says_what_it_is_on_the_portal(portal_state: int) -> None:
    """2, 4, 6 and 8 hold while the step is current; anything else counts as in processing."""
    current = CurrentStep(step="pay", unit="H22", national_state=portal_state)
    completed = StepCompleted(step="check", next=current)
    row = folded(_history([*REACHED[4], completed]))
    assert row["state"] == (portal_state if portal_state in (2, 4, 6, 8) else 4)
    again = folded(_history([*REACHED[4], completed, ASKED]))
    assert again["state"] == 5


TYPES = sorted(map(short_name, event_types()))


def _payload(type_name: str) -> Any:
    return type_named(type_name)()


def _history(payloads: Sequence[Message], start: int = MONDAY) -> list[Event]:
    return [happened(p, start + n * MINUTE) for n, p in enumerate(payloads)]


@pytest.mark.parametrize("state", sorted(REACHED))
@pytest.mark.parametrize("type_name", TYPES)
def test_each_event_leads_from_each_state_to_the_expected_one(state: int, type_name: str) -> None:
    """Every event type, met in every state, gives the state of the table and none other."""
    before = folded(_history(REACHED[state]))
    event = happened(_payload(type_name), MONDAY + 60 * MINUTE)

    after = fold.fold(before, event, to_us(event.occurred_at))

    assert before["state"] == state
    assert after["state"] == NEXT.get(type_name, {}).get(state, state)


instants = st.one_of(
    st.integers(MONDAY, MONDAY + 40 * 24 * 60 * MINUTE),
    st.sampled_from([-(2**62), -1, 0, 2**62, 253402300800_000000]),
)
stamps = instants.map(lambda us: Timestamp(seconds=us // 1_000_000, nanos=(us % 1_000_000) * 1000))


@st.composite
def payloads(draw: Callable[..., Any]) -> Message:
    payload = _payload(draw(st.sampled_from(TYPES)))
    names = payload.DESCRIPTOR.fields_by_name
    if "due_at" in names and draw(st.booleans()):
        payload.due_at.CopyFrom(draw(stamps))
    if "time_zone" in names:
        payload.time_zone = draw(st.sampled_from(["", HANOI, "Europe/Amsterdam", "no/where", "\0"]))
    if "channel" in names and names["channel"].enum_type:
        payload.channel = draw(st.integers(0, 9))
    if "scope" in names:
        payload.scope = draw(st.sampled_from(DeadlineScope.values()))
    for name in ("current", "next"):
        if name in names and draw(st.booleans()):
            getattr(payload, name).step = "s"
    made: Message = payload
    return made


events = st.lists(st.tuples(payloads(), instants), min_size=1, max_size=12)


@given(events)
def test_any_events_in_any_order_give_a_state(history: Any) -> None:
    """The fold never raises, and gives a state of the portal and every column of the table but the
    recorder's one.
    """
    row = folded([happened(payload, when) for payload, when in history])

    assert row["state"] in STATES
    assert set(row) == set(DOSSIERS.columns.keys()) - {"recorded_at"}
    reported_dossier(row)


@given(events, events)
def test_the_first_end_holds(before: Any, after: Any) -> None:
    """Once a dossier has ended, no later event gives it another end, and its lateness stands; but
    for one that says that a closing does not hold.
    """
    row = folded([happened(payload, when) for payload, when in before])
    end = finished_at(row)
    later = row
    for payload, when in after:
        if isinstance(payload, CaseReopened):
            continue
        event = happened(payload, when)
        later = fold.fold(later, event, when)

    if end is not None:
        assert finished_at(later) is not None
        assert later["state"] in (3, 7, 9, 10)
        assert (later["state"] == 3) == (row["state"] == 3)
        assert (later["state"] == 7) == (row["state"] == 7)
        assert later["pending_due_at"] is None
    if row["resolved_at"] is not None:
        assert later["resolved_at"] == row["resolved_at"]
        assert later["due_at"] == row["due_at"] or row["accepted_at"] is None
    if row["accepted_at"] is not None:
        assert later["accepted_at"] == row["accepted_at"]


@given(events, instants)
def test_facts_unchanged_since_an_instant_are_the_facts_as_of_it(
    history: Any, instant: int
) -> None:
    """Leaving out events after an instant changes nothing when `changed_at` is not after it."""
    all_events = [happened(payload, when) for payload, when in history]
    row = folded(all_events)
    if row["changed_at"] <= instant:
        assert folded(e for e in all_events if to_us(e.occurred_at) <= instant) == row


@given(events)
def test_what_follows_from_the_facts_agrees_with_them(history: Any) -> None:
    """Days, state and the pending due date can be told from the instants alone."""
    row = folded([happened(payload, when) for payload, when in history])
    end = finished_at(row)
    zone = row["time_zone"]

    for instant, day in (
        (row["accepted_at"], row["received_day"]),
        (row["due_at"], row["due_day"]),
        (row["suspended_at"], row["suspended_day"]),
        (end, row["finished_day"]),
    ):
        assert day == (None if instant is None else local_days.day(instant, zone))
    at_desk = row["accepted_at"] is None and row["refused_at"] is None
    expected = row["check_due_at"] if at_desk else row["due_at"]
    waits = end is None and (at_desk or row["accepted_at"] is not None)
    assert row["pending_due_at"] == (expected if waits else None)


def test_a_day_is_counted_where_the_dossier_is() -> None:
    """Half past midnight in Hà Giang is the day before in Amsterdam."""
    instant = at("2021-08-10 00:30")

    assert local_days.day(instant, HANOI) == 20210810
    assert local_days.day(instant, "Europe/Amsterdam") == 20210809


@pytest.mark.parametrize("ending", [REFUSED, GONE_EARLY])
def test_what_was_never_accepted_is_never_counted(ending: Message) -> None:
    """Refused, or withdrawn before acceptance, is not received."""
    row = folded(_history([SUBMITTED, ending]))

    assert reported_dossier(row) is None


def test_the_first_promise_is_kept_beside_the_date_that_holds() -> None:
    """A resumed case has a new due date, and the first one stays on record."""
    row = folded(_history([SUBMITTED, ACCEPTED, OPENED, ASKED, RESUMED]))

    assert row["first_due_at"] == at("2021-08-12 16:35")
    assert row["due_at"] == at("2021-08-20 14:00")
    assert row["suspended_at"] is None


def test_an_extension_moves_the_date_that_holds_and_keeps_the_first() -> None:
    """The apology's date counts from now on; an ended dossier's date is not moved."""
    row = folded(_history([SUBMITTED, ACCEPTED, OPENED, EXTENDED]))

    assert row["first_due_at"] == at("2021-08-12 16:35")
    assert row["due_at"] == row["pending_due_at"] == at("2021-08-18 10:00")
    assert row["extended_at"] == MONDAY + 3 * MINUTE
    ended = folded(_history([SUBMITTED, ACCEPTED, OPENED, RESOLVED, EXTENDED]))
    assert ended["due_at"] == at("2021-08-12 16:35")


@pytest.mark.parametrize("stands", [ASKED, PAYMENT, STOPPED])
def test_what_stands_still_is_never_overdue(stands: Message) -> None:
    """States 5, 6 and 8 are pending in time, however long ago the date was."""
    row = folded(_history([SUBMITTED, ACCEPTED, OPENED, stands]))
    report = Indicators(20210801, 20211231)
    report.add([("", "")], reported(row), 20211231)

    assert (report.total.pending, report.total.pending_in_time) == (1, 1)


def test_a_closed_dossier_is_given_back_and_the_report_balances() -> None:
    """State 3 after acceptance: received, and returned without a result; neither early nor late."""
    row = folded(_history([SUBMITTED, ACCEPTED, OPENED, ASKED, CLOSED]))
    report = Indicators(20210801, 20210831)
    report.add([("", "")], reported(row), 20210831)

    assert row["state"] == 3
    assert (report.total.received, report.total.returned, report.total.pending) == (1, 1, 0)


def test_imported_activities_after_the_end_change_nothing() -> None:
    """Activities that another system recorded after a case's end leave it resolved."""
    ended = folded(_history([SUBMITTED, ACCEPTED, OPENED, RESOLVED]))
    later = folded(
        [
            *_history([SUBMITTED, ACCEPTED, OPENED, RESOLVED]),
            happened(StepRecorded(activity="T10"), MONDAY + 600 * MINUTE),
            happened(HistoryImported(steps=1), MONDAY + 601 * MINUTE),
        ]
    )

    assert later == ended


def test_a_channel_newer_than_this_build_is_still_counted_under_a_key() -> None:
    """An enum value that this build does not know becomes a key of its own."""
    submitted = DossierSubmitted()
    submitted.CopyFrom(SUBMITTED)
    submitted.channel = cast(Channel, 9)

    assert folded(_history([submitted]))["channel"] == "9"


def test_missed_due_dates_of_steps_are_not_the_dossiers() -> None:
    """Only the dossier's own due date makes it missed, once."""
    step = DeadlineMissed(scope=DEADLINE_SCOPE_STEP)
    whole = DeadlineMissed(scope=DEADLINE_SCOPE_DOSSIER)
    row = folded(_history([SUBMITTED, ACCEPTED, OPENED, step, whole, whole]))

    assert row["missed_at"] == MONDAY + 4 * MINUTE


CHECK, ANEW = stamp("2021-08-09 17:00"), stamp("2021-08-11 10:00")
ONLINE = DossierSubmitted(unit="H22.12", time_zone=HANOI, answer_due_at=CHECK)
PREPAID = DossierSubmitted(
    unit="H22.12",
    time_zone=HANOI,
    answer_due_at=CHECK,
    fees=FeesDue(timing=FEE_TIMING_BEFORE, le_phi=28_000),
)
LATER = DossierSubmitted(
    unit="H22.12",
    time_zone=HANOI,
    answer_due_at=CHECK,
    fees=FeesDue(timing=FEE_TIMING_AFTER, le_phi=28_000),
)
PAID = FeeRecorded(le_phi=28_000, settled=True, answer_due_at=ANEW)
TAKEN_BACK = FeeCancelled(sequence=2, holds_acceptance=True)


@pytest.mark.parametrize(
    ("events", "due"),
    [
        ([ONLINE], CHECK),
        ([ONLINE, DeskCheckMissed(answer_due_at=CHECK)], CHECK),
        ([ONLINE, ACCEPTED], ACCEPTED.due_at),
        ([ONLINE, DossierAccepted()], None),
        ([ONLINE, REFUSED], None),
        ([ONLINE, GONE_EARLY], None),
        ([SUBMITTED], None),
        ([LATER], CHECK),
        ([PREPAID], None),
        ([PREPAID, PAID], ANEW),
        ([PREPAID, PAID, TAKEN_BACK], None),
        ([PREPAID, PAID, TAKEN_BACK, PAID], ANEW),
        ([PREPAID, PAID, FeeCancelled(sequence=2)], ANEW),
        ([PREPAID, PAID, ACCEPTED, TAKEN_BACK], ACCEPTED.due_at),
    ],
)
def test_a_dossier_at_the_desk_is_due_to_be_checked(
    events: Sequence[Message], due: Timestamp | None
) -> None:
    """Until it is accepted or refused, missed or not; what is paid first waits for the money."""
    row = folded(_history(events))

    assert row["pending_due_at"] == (None if due is None else to_us(due))


def test_a_check_that_the_desk_missed_is_kept_from_its_first_instant() -> None:
    """Whether the dossier is then accepted or not; said again, it stays as it was."""
    near, late = DeskCheckApproaching(unit="H22.12"), DeskCheckMissed(unit="H22.12")
    row = folded(
        happened(payload, at(when))
        for payload, when in (
            (SUBMITTED, "2021-08-09 08:00"),
            (near, "2021-08-09 13:30"),
            (late, "2021-08-09 17:00"),
            (ACCEPTED, "2021-08-10 08:00"),
            (late, "2021-08-11 17:00"),
        )
    )
    assert row["check_missed_at"] == at("2021-08-09 17:00")
    report = Indicators(20210809, 20210813)
    report.add([("", "")], reported(row), 20210813)
    assert (report.total.received, report.total.checked_late) == (1, 1)
    before = Indicators(20210801, 20210808)
    before.add([("", "")], reported(row), 20210813)
    assert before.total.checked_late == 0
