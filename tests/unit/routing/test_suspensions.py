"""The ledger of a case's clock: why it stands still, goes on, and what becomes of promises."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
    CaseReopened,
    CaseResumed,
    CaseSuspended,
    SupplementExpired,
)
from motcua.routing.v1.deadline_events_pb2 import (
    DeadlineApproaching,
    DeadlineEscalated,
    DeadlineExtended,
    DeadlineMissed,
)
from motcua.routing.v1.types_pb2 import DeadlineScope, SuspensionKind

from kernel.base.errors import Refusal
from kernel.base.instants import HOUR, MINUTE, to_datetime, to_us
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import Duration
from office.worktime.working_time import ResumePolicy
from services.routing.domain.escalation import EscalationPolicies, EscalationPolicy, Stage
from services.routing.domain.state import CaseStatus
from tests.support import routing_cases
from tests.support.events import name_of, payload_of
from tests.support.routing_calendars import SUSPENSION, named
from tests.support.routing_cases import (
    AN,
    BINH,
    CONSULTATION,
    LEADER,
    STRANGER,
    SYSTEM,
    TZ,
    Case,
    at,
    clock,
    close,
    complete,
    extend,
    go_on,
    let_go,
    paid,
    papers,
    payment,
    resolve,
    stop,
    supplement,
    withdrawal,
)

DOSSIER = DeadlineScope.DEADLINE_SCOPE_DOSSIER
STEP = DeadlineScope.DEADLINE_SCOPE_STEP
FINANCIAL = SuspensionKind.SUSPENSION_KIND_FINANCIAL
PAUSES = {
    "payment": (payment("appraise"), paid("appraise")),
    "consultation": (stop("appraise", CONSULTATION), go_on("appraise")),
    "third party": (stop("appraise"), go_on("appraise")),
    "payment given up": (payment("appraise"), go_on("appraise")),
}


def _status(case: Case) -> CaseStatus:
    return case.state.status


@pytest.mark.parametrize("name", PAUSES)
@pytest.mark.parametrize(
    ("policy", "due"),
    [(ResumePolicy.KEEP, "2021-08-20 14:00"), (ResumePolicy.RESTART, "2021-08-24 15:00")],
)
def test_every_pause_moves_the_promise_by_the_procedure_s_policy(
    name: str, policy: ResumePolicy, due: str
) -> None:
    """The worked vector holds for money, consultations and third parties as for papers."""
    asks, ends = PAUSES[name]
    case = Case(policy=policy, time_limit="5wd").opened("2021-08-09 09:00")
    (suspended,) = case.does(asks, "2021-08-11 10:00")[-1:]
    assert isinstance(suspended, CaseSuspended)
    assert _status(case) is CaseStatus.SUSPENDED
    (resumed,) = case.does(ends, "2021-08-17 15:00", BINH)
    assert isinstance(resumed, CaseResumed)
    assert resumed.kind == suspended.kind
    assert clock(to_us(resumed.suspended_at)) == "2021-08-11 10:00"
    assert clock(to_us(resumed.resumed_at)) == "2021-08-17 15:00"
    assert clock(to_us(resumed.due_at)) == due
    assert resumed.restarted is (policy is ResumePolicy.RESTART)
    assert resumed.time_limit == ("5wd" if resumed.restarted else "")
    assert _status(case) is CaseStatus.RUNNING


def test_a_payment_keeps_both_amounts_apart_and_names_its_receipt() -> None:
    """Phí and lệ phí are asked for and confirmed as they are, in whole đồng."""
    case = Case().opened()
    (asked,) = case.does(payment("appraise", 150_000, 20_000), "2021-08-09 10:00")
    assert (asked.kind, asked.payment.phi, asked.payment.le_phi) == (FINANCIAL, 150_000, 20_000)
    (resumed,) = case.does(paid("appraise"), "2021-08-09 11:00", BINH)
    assert (resumed.paid.phi, resumed.paid.le_phi) == (150_000, 20_000)
    assert resumed.receipt_number == "BL-7"


REFUSED = [
    ("NOTHING_TO_PAY", "running", payment("appraise", 0, 0), AN),
    ("NOTHING_TO_PAY", "running", payment("appraise", -1, 5), AN),
    ("END_PAST", "running", payment("appraise", until="2021-08-09 10:00"), AN),
    ("END_PAST", "running", stop("appraise", until="2021-08-09 09:00"), AN),
    ("NOT_YOUR_UNIT", "running", stop("appraise"), STRANGER),
    ("NOT_CURRENT_STEP", "running", stop("review"), AN),
    ("NO_PAYMENT_REQUESTED", "running", paid("appraise"), AN),
    ("NOT_SUSPENDED", "running", go_on("appraise"), AN),
    ("NO_PAPERS_AWAITED", "running", close(), AN),
    ("CASE_SUSPENDED", "paying", payment("appraise"), AN),
    ("CASE_SUSPENDED", "paying", complete("appraise"), AN),
    ("AMOUNT_DIFFERS", "paying", paid("appraise", 150_000, 0), AN),
    ("AMOUNT_DIFFERS", "paying", paid("appraise", 20_000, 150_000), AN),
    ("NOT_YOUR_UNIT", "paying", paid("appraise"), STRANGER),
    ("NO_PAPERS_AWAITED", "paying", close(), AN),
    ("NO_PAYMENT_REQUESTED", "stopped", paid("appraise"), AN),
    ("NO_PAYMENT_REQUESTED", "asked", paid("appraise"), AN),
    ("WAITS_FOR_PAPERS", "asked", go_on("appraise"), AN),
    ("CASE_SUSPENDED", "asked", stop("appraise"), AN),
    ("ANSWER_STILL_DUE", "asked", close(), AN),
    ("OTHER_ROUND", "asked", close(2), AN),
    ("NOT_YOUR_UNIT", "asked", close(), STRANGER),
    ("CASE_SUSPENDED", "asked", extend("2021-08-16 09:00", "2021-08-20 10:00"), LEADER),
    ("CASE_CLOSED", "closed", go_on("appraise"), AN),
    ("CASE_CLOSED", "closed", close(), AN),
    ("CASE_RESOLVED", "resolved", stop("handle"), AN),
]


def stage(name: str) -> Case:
    """Return a case in one of the states that the table of refusals begins with."""
    case = Case(process="same-day" if name == "resolved" else "standard").opened()
    if name == "paying":
        case.does(payment("appraise"), "2021-08-09 09:30")
    if name == "stopped":
        case.does(stop("appraise"), "2021-08-09 09:30")
    if name in ("asked", "closed"):
        case.does(supplement("appraise", "2021-08-09 11:00"), "2021-08-09 09:30")
    if name == "closed":
        case.does(close(), "2021-08-09 11:01")
    if name == "resolved":
        case.does(resolve("handle"), "2021-08-09 09:30")
    return case


@pytest.mark.parametrize(("code", "name", "command", "actor"), REFUSED)
def test_what_does_not_fit_is_refused_with_its_rule(
    code: str, name: str, command: Any, actor: Any
) -> None:
    """Each command in each state where it has no place is refused, and nothing happens."""
    case = stage(name)
    case.when(command, "2021-08-09 10:00", actor).then(code)


def test_a_due_date_that_had_passed_stays_passed() -> None:
    """Stopped while late: the remainder is kept even where the procedure starts again."""
    case = Case(policy=ResumePolicy.RESTART).opened().taken()
    case.watched("2021-08-16 10:00")
    case.does(stop("appraise"), "2021-08-16 11:00")
    (resumed,) = case.does(go_on("appraise"), "2021-08-17 11:00")
    assert (resumed.restarted, resumed.stays_late) == (False, True)
    assert clock(to_us(resumed.due_at)) == "2021-08-17 09:00"
    case.taken("2021-08-17 11:00", "binh")
    assert case.watched("2021-08-30 10:00") == []
    assert case.state.dossier_limit is not None
    assert case.state.dossier_limit.missed


def test_lateness_is_said_before_the_clock_is_stopped() -> None:
    """A late case can't be stopped before anybody looks: what had passed is said first."""
    case = Case().opened().taken()
    payloads = case.does(stop("appraise"), "2021-08-16 11:00")
    assert named(payloads[:2]) == [("DeadlineMissed", DOSSIER), ("DeadlineMissed", STEP)]
    assert isinstance(payloads[2], CaseSuspended)


def test_the_citizen_s_time_ends_once_and_papers_are_still_taken() -> None:
    """The period is warned of, ends strictly after its instant, and late papers resume the case."""
    case = Case().opened()
    case.does(supplement("appraise"), "2021-08-09 10:00")
    assert case.watched("2021-09-06 10:00") == []
    assert named(case.watched("2021-09-06 10:00", 1)) == [("DeadlineApproaching", SUSPENSION)]
    assert case.watched("2021-09-08 10:00") == []
    (expired,) = case.watched("2021-09-08 10:00", 1)
    assert isinstance(expired, SupplementExpired)
    assert (expired.round, clock(to_us(expired.answer_due_at))) == (1, "2021-09-08 10:00")
    assert case.watched("2021-12-08 10:00") == []
    (resumed,) = case.does(papers(), "2021-12-09 10:00", SYSTEM)
    assert isinstance(resumed, CaseResumed)


def test_a_case_is_closed_only_after_the_citizen_s_time() -> None:
    """At its very instant papers are still in time; after it an officer may close, once."""
    case = Case().opened()
    case.does(supplement("appraise"), "2021-08-09 10:00")
    case.when(close(), "2021-09-08 10:00").then("ANSWER_STILL_DUE")
    expired, closed = case.does(close(), "2021-09-08 10:01")
    assert isinstance(expired, SupplementExpired)
    assert (type(closed), closed.round) == (CaseClosed, 1)
    assert case.state.status is CaseStatus.CLOSED
    assert case.does(papers(2), "2021-09-08 10:02", SYSTEM) == []
    (declined,) = case.does(withdrawal(), "2021-09-08 10:02", SYSTEM)
    assert declined.reason_code == "closed"
    assert case.watched("2022-09-08 10:00") == []


@pytest.mark.parametrize("arrival", ["2021-09-08 10:00", "2021-09-08 10:02"])
def test_papers_that_cross_the_closing_open_the_case_again(arrival: str) -> None:
    """The desk took them, before the closing or before it heard of that: the clock goes on from
    their arrival, as if nobody had closed the case.
    """
    case = Case().opened().taken()
    case.does(supplement("appraise"), "2021-08-09 10:00")
    never_closed = case.copy()
    case.does(close(), "2021-09-08 10:01")
    reopened, resumed = case.does(papers(), arrival, SYSTEM)
    assert isinstance(reopened, CaseReopened)
    assert (reopened.round, clock(to_us(reopened.closed_at))) == (1, "2021-09-08 10:01")
    assert [resumed] == [
        each
        for each in never_closed.does(papers(), arrival, SYSTEM)
        if isinstance(each, CaseResumed)
    ]
    assert case.state.status is CaseStatus.RUNNING
    assert (case.state.ending, case.state.suspension) == (None, None)
    limit, otherwise = case.state.dossier_limit, never_closed.state.dossier_limit
    assert limit is not None
    assert otherwise is not None
    assert (limit.due_at, limit.basis) == (otherwise.due_at, otherwise.basis)
    case.when(close(), "2021-09-09 10:00").then("NO_PAPERS_AWAITED")
    case.does(complete("appraise"), "2021-09-09 10:00")


def test_papers_open_no_case_again_that_ended_otherwise() -> None:
    """The citizen's own wish, once granted, holds."""
    case = Case().opened()
    case.does(supplement("appraise"), "2021-08-09 10:00")
    case.does(withdrawal(), "2021-08-10 10:00", SYSTEM)
    case.does(let_go(), "2021-08-11 10:00", LEADER)
    assert case.does(papers(), "2021-08-11 10:00", SYSTEM) == []


def test_an_expected_end_comes_near_and_passes() -> None:
    """A stop that lasts longer than expected is said once; the clock keeps standing."""
    case = Case().opened()
    case.does(stop("appraise", until="2021-08-20 10:00"), "2021-08-09 10:00")
    assert named(case.watched("2021-08-18 10:00", 1)) == [("DeadlineApproaching", SUSPENSION)]
    assert named(case.watched("2021-08-20 10:00", 1)) == [("DeadlineMissed", SUSPENSION)]
    assert case.watched("2021-10-20 10:00") == []
    assert case.state.status is CaseStatus.SUSPENDED


# -- extension -------------------------------------------------------------------------------------

MOVE = extend("2021-08-16 09:00", "2021-08-20 10:00")


def test_the_promise_is_moved_by_its_signed_apology() -> None:
    """The event keeps old and new date, the words, and who signed; the new date is watched."""
    case = Case().opened("2021-08-09 09:00").taken()
    (payload,) = case.does(MOVE, "2021-08-13 09:00", LEADER)
    assert isinstance(payload, DeadlineExtended)
    assert clock(to_us(payload.previous_due_at)) == "2021-08-16 09:00"
    assert clock(to_us(payload.due_at)) == "2021-08-20 10:00"
    assert (payload.signer, payload.signer_unit, payload.signer_title) == (
        "sep",
        "H22",
        "Phó Giám đốc",
    )
    assert (payload.apology_number, payload.calendar_version) == ("12/PXL", state_office().version)
    assert ("DeadlineMissed", DOSSIER) not in named(case.watched("2021-08-20 10:00"))
    assert ("DeadlineMissed", DOSSIER) in named(case.watched("2021-08-20 10:00", 1))


@pytest.mark.parametrize(
    ("code", "command", "when", "actor"),
    [
        ("EXTENSION_TOO_LATE", MOVE, "2021-08-13 09:01", LEADER),
        ("EXTENSION_TOO_LATE", MOVE, "2021-08-17 09:00", LEADER),
        ("DUE_DATE_CHANGED", extend("2021-08-16 09:01", "2021-08-20 10:00"), "2021-08-12", LEADER),
        (
            "NEW_DATE_NOT_LATER",
            extend("2021-08-16 09:00", "2021-08-16 09:00"),
            "2021-08-12",
            LEADER,
        ),
        (
            "NEW_DATE_NOT_WORKED",
            extend("2021-08-16 09:00", "2021-08-21 09:00"),
            "2021-08-12",
            LEADER,
        ),
        (
            "NEW_DATE_NOT_WORKED",
            extend("2021-08-16 09:00", "2021-08-20 12:00"),
            "2021-08-12",
            LEADER,
        ),
    ],
)
def test_an_extension_that_breaks_a_rule_is_refused(
    code: str, command: Any, when: str, actor: Any
) -> None:
    """Leader, a working day before, and a later date on which somebody works."""
    case = Case().opened("2021-08-09 09:00")
    case.when(command, when, actor).then(code)


@pytest.mark.parametrize("clock_time", ["07:00", "11:30", "13:30", "17:00"])
def test_a_date_may_be_signed_for_either_end_of_a_session(clock_time: str) -> None:
    """An opening is a time that leaders type, as a closing is."""
    case = Case().opened("2021-08-09 09:00")
    (extended,) = case.does(
        extend("2021-08-16 09:00", f"2021-08-20 {clock_time}"), "2021-08-12", LEADER
    )
    assert clock(to_us(extended.due_at)) == f"2021-08-20 {clock_time}"


def test_no_date_is_signed_while_the_clock_stands_still() -> None:
    """Nobody knows then from which date it would be moved."""
    case = Case().opened()
    case.does(stop("appraise"), "2021-08-09 10:00")
    moved = extend("2021-08-16 09:00", "2021-08-20 10:00")
    case.when(moved, "2021-08-09 11:00", LEADER).then("CASE_SUSPENDED")


def test_a_signed_date_holds_what_was_before_it_and_moves_by_later_pauses() -> None:
    """The working day waited before the signature is not counted a second time."""
    case = Case().opened("2021-08-09 09:00")
    case.does(stop("appraise"), "2021-08-09 10:00")
    case.does(go_on("appraise"), "2021-08-10 10:00")
    moved = extend("2021-08-17 09:00", "2021-08-25 10:00")
    case.does(moved, "2021-08-11 10:00", LEADER)
    case.does(stop("appraise"), "2021-08-12 10:00")
    case.does(go_on("appraise"), "2021-08-12 11:00")
    assert case.state.dossier_limit is not None
    assert clock(case.state.dossier_limit.due_at) == "2021-08-25 11:00"


def test_the_promise_is_moved_once_whatever_happens_after() -> None:
    """Not even a clock that starts again allows a second apology."""
    case = Case(policy=ResumePolicy.RESTART).opened("2021-08-09 09:00")
    case.does(MOVE, "2021-08-12 09:00", LEADER)
    again = extend("2021-08-20 10:00", "2021-08-27 10:00")
    case.when(again, "2021-08-13 09:00", LEADER).then("ALREADY_EXTENDED")
    case.does(stop("appraise"), "2021-08-13 09:00")
    case.does(go_on("appraise"), "2021-08-16 09:00")
    later = extend("2021-08-23 09:00", "2021-08-27 10:00")
    case.when(later, "2021-08-16 09:00", LEADER).then("ALREADY_EXTENDED")


def test_what_has_no_promise_has_nothing_to_extend() -> None:
    """A procedure without a due date needs no apology."""
    case = Case(process="same-day", time_limit="none").opened()
    case.when(MOVE, "2021-08-09 10:00", LEADER).then("NO_DUE_DATE")


# -- escalation and stuck cases --------------------------------------------------------------------

POLICY = EscalationPolicy(
    (
        Stage("head", "head", "step", share=Fraction(9, 10)),
        Stage("leader", "leader", "dossier"),
        Stage("province", "leader", "parent", after=Duration.parse("1wd")),
    )
)


def test_the_escalation_goes_level_by_level() -> None:
    """Each level is told once, at its instant, naming unit and role."""
    case = Case(process="same-day", time_limit="10wh", escalation_policy=POLICY)
    case.opened("2021-08-09 07:00").taken("2021-08-09 07:00")
    assert case.watched("2021-08-10 08:00") == []
    near, head = case.watched("2021-08-10 08:00", 1)
    assert isinstance(near, DeadlineApproaching)
    assert isinstance(head, DeadlineEscalated)
    assert (head.escalation_level, head.unit, head.role, head.number) == (
        "head",
        "H22.12",
        "head",
        1,
    )
    gone, leader = case.watched("2021-08-10 09:00", 1)
    assert isinstance(gone, DeadlineMissed)
    assert (leader.escalation_level, leader.unit, leader.number) == ("leader", "H22.12", 2)
    assert case.watched("2021-08-11 09:00") == []
    (last,) = case.watched("2021-08-11 09:00", 1)
    assert (last.escalation_level, last.unit, last.number) == ("province", "H22", 3)
    assert case.watched("2031-08-11 09:00") == []


def test_after_an_outage_every_level_is_notified_once() -> None:
    """The people above are others than the officer: all of them are told, in order."""
    case = Case(process="same-day", time_limit="10wh", escalation_policy=POLICY)
    case.opened("2021-08-09 07:00").taken("2021-08-09 07:00")
    payloads = case.watched("2021-09-09 09:00")
    assert [getattr(m, "escalation_level", "missed") for m in payloads] == [
        "missed",
        "head",
        "leader",
        "province",
    ]
    assert case.watched("2021-09-09 09:00") == []


def test_a_pause_moves_the_levels_and_keeps_who_was_notified() -> None:
    """Head told before the pause; the leader comes as much later as the clock stood still."""
    case = Case(process="same-day", time_limit="10wh", escalation_policy=POLICY)
    case.opened("2021-08-09 07:00").taken("2021-08-09 07:00")
    case.watched("2021-08-10 08:30")
    case.does(stop("handle"), "2021-08-10 08:30")
    case.does(go_on("handle"), "2021-08-11 08:30")
    case.taken("2021-08-11 08:30", "binh")
    assert case.watched("2021-08-11 09:00") == []
    assert named(case.watched("2021-08-11 09:00", 1)) == [
        ("DeadlineMissed", DOSSIER),
        ("DeadlineEscalated", DOSSIER),
    ]


def test_the_longest_code_chooses_the_policy() -> None:
    """A unit without a policy of its own has that of the unit above it, at last the common one."""
    common, own = EscalationPolicy((Stage("a", "head"),)), EscalationPolicy((Stage("b", "head"),))
    policies = EscalationPolicies({"": common, "H22.12": own})
    assert policies.of("H22.12.03") is own
    assert policies.of("H22.120") is common
    assert policies.of("") is common
    assert EscalationPolicies().of("H22.12") == EscalationPolicy()


# -- any interleaving ------------------------------------------------------------------------------

_moves = st.lists(
    st.tuples(
        st.integers(1, 20 * 60),
        st.sampled_from(["pay", "stop", "ask", "paid", "on", "papers", "look"]),
    ),
    max_size=20,
)


def _worked_minutes(start: int, end: int) -> list[int]:
    """List the minutes in which the office works, one by one."""
    calendar = state_office()
    found = []
    for minute in range(start, end, MINUTE):
        local = to_datetime(minute, TZ)
        now = local.hour * 60 + local.minute
        if any(s.start <= now < s.end for s in calendar.sessions_on(local.date())):
            found.append(minute)
    return found


@settings(max_examples=60, deadline=None)
@given(_moves)
def test_any_interleaving_keeps_the_remainder(moves: list[tuple[int, str]]) -> None:
    """Counted minute by minute, the office has its whole time, however often it was stopped.

    The oracle knows neither spans nor sums: it walks over the minutes and leaves the pauses out.
    """
    start = at("2021-08-09 09:00")
    case = Case(process="same-day", time_limit="20wh").opened("2021-08-09 09:00")
    now, pauses, since = start, [], None
    for minutes, move in moves:
        now += minutes * MINUTE
        if since is None and now > _due(case):
            break
        when = to_datetime(now, TZ).replace(tzinfo=None).isoformat()
        if move == "look":
            case.watched(when)
            continue
        command, actor = {
            "pay": (payment("handle"), AN),
            "stop": (stop("handle"), AN),
            "ask": (supplement("handle"), AN),
            "paid": (paid("handle"), AN),
            "on": (go_on("handle"), AN),
            "papers": (papers(case.state.round), SYSTEM),
        }[move]
        outcome = case.asked(command, when, actor)
        if isinstance(outcome, Refusal) or not outcome:
            continue
        case.does(command, when, actor)
        if since is None:
            since = now
        else:
            pauses.append((since, now))
            since = None
    worked = [
        minute
        for minute in _worked_minutes(start, _due(case))
        if not any(low <= minute < high for low, high in pauses)
    ]
    assert len(worked) == 20 * HOUR // MINUTE


def _due(case: Case) -> int:
    assert case.state.dossier_limit is not None
    return case.state.dossier_limit.due_at


@settings(max_examples=60, deadline=None)
@given(_moves, st.sampled_from(list(ResumePolicy)))
def test_lateness_that_was_said_is_never_unsaid(
    moves: list[tuple[int, str]], policy: ResumePolicy
) -> None:
    """Once the dossier is late it stays so, and no pause makes the promise anew."""
    case = Case(process="same-day", time_limit="20wh", policy=policy).opened("2021-08-09 09:00")
    now, late = at("2021-08-09 09:00"), False
    commands: dict[str, tuple[Any, Any]] = {
        "pay": (payment("handle"), AN),
        "stop": (stop("handle"), AN),
        "ask": (supplement("handle"), AN),
        "paid": (paid("handle"), AN),
        "on": (go_on("handle"), AN),
        "papers": (papers(1), SYSTEM),
    }
    for minutes, move in moves:
        now += minutes * MINUTE
        when = to_datetime(now, TZ).replace(tzinfo=None).isoformat()
        if move == "look":
            case.watched(when)
        elif not isinstance(case.asked(commands[move][0], when, commands[move][1]), Refusal):
            case.does(commands[move][0], when, commands[move][1])
        limit = case.state.dossier_limit
        assert limit is not None
        assert not late or limit.missed
        late = limit.missed
    missed = [
        e
        for e in case.events
        if name_of(e) == "DeadlineMissed" and payload_of(e, DeadlineMissed).scope == DOSSIER
    ]
    assert len(missed) == int(late)


def test_approaching_is_not_said_of_what_was_moved_before() -> None:
    """The warning of the old date does not come after the extension."""
    case = Case().opened("2021-08-09 09:00").taken()
    case.does(MOVE, "2021-08-13 09:00", LEADER)
    assert (DeadlineApproaching.__name__, DOSSIER) not in named(case.watched("2021-08-16 09:00"))
    assert routing_cases.clock(case.state.dossier_limit.due_at) == "2021-08-20 10:00"  # type: ignore[union-attr]
