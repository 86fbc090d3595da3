"""A limit that runs anew does not shorten what a leader has signed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted
from motcua.routing.v1.case_events_pb2 import CaseOpened, CaseResumed
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended

from kernel.base.errors import Refusal
from kernel.base.instants import DAY, HOUR, to_timestamp, to_us
from office.worktime.calendars.model import Calendar, Session
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import NO_LIMIT
from office.worktime.working_time import ResumePolicy, next_working_instant
from services.audit.deadlines.explain import explain
from services.audit.deadlines.explanation import Agreement, DeadlineExplanation
from services.routing.domain.alarms import DOSSIER
from services.routing.domain.decider import decide
from tests.support.events import changing, name_of, payload_of, with_payload
from tests.support.routing_calendars import agreed, closed, due, named, paused, recalculated, wall
from tests.support.routing_cases import LEADER, SYSTEM, Case, at, clock, extend, papers, supplement

ASKED, CAME = "2021-08-11 10:00", "2021-08-17 15:00"
WORKED = (Session(420, 690), Session(810, 1020))


def extended(to: str, policy: ResumePolicy = ResumePolicy.RESTART) -> Case:
    """Five days from Monday 09:00, moved with an apology; papers asked for and handed in."""
    case = Case(time_limit="5wd", policy=policy).opened("2021-08-09 09:00").taken()
    case.does(extend("2021-08-16 09:00", to), "2021-08-10 09:00", LEADER)
    case.does(supplement("appraise"), ASKED)
    case.does(papers(), CAME, SYSTEM)
    return case


def gone_on(case: Case) -> CaseResumed:
    """Return the event by which the clock goes on."""
    return payload_of(case.events[-1], CaseResumed)


@pytest.mark.parametrize(
    ("signed", "expected", "holds"),
    [
        ("2021-08-31 10:00", "2021-08-31 10:00", True),
        ("2021-08-24 15:00", "2021-08-24 15:00", False),
        ("2021-08-20 10:00", "2021-08-24 15:00", False),
    ],
)
def test_the_later_of_both_dates_holds(signed: str, expected: str, holds: bool) -> None:
    """Five days from the papers end on Tuesday 24/08 at 15:00; the event names both dates, and
    tells which one counts.
    """
    case = extended(signed)

    payloads = gone_on(case)
    assert payloads.restarted
    assert payloads.time_limit == "5wd"
    assert clock(to_us(payloads.extended_due_at)) == signed
    assert payloads.extension_holds is holds
    assert clock(to_us(payloads.due_at)) == due(case) == expected
    assert agreed(case)
    assert ("DeadlineMissed", DOSSIER) not in named(case.watched(expected))
    assert ("DeadlineMissed", DOSSIER) in named(case.watched(expected, 1))


def test_it_holds_however_often_the_limit_begins_again() -> None:
    """What was promised once is promised: the second papers do not shorten it either."""
    case = extended("2021-09-15 10:00")
    case.does(supplement("appraise"), "2021-08-18 10:00")
    case.does(papers(2), "2021-08-19 10:00", SYSTEM)

    assert due(case) == "2021-09-15 10:00"
    assert agreed(case)


def test_a_kept_remainder_names_no_extension() -> None:
    """It moves by the pause: 35 hours after Tuesday 31/08 10:00, over the holidays of 2 and 3/9."""
    case = extended("2021-08-31 10:00", ResumePolicy.KEEP)

    assert not gone_on(case).HasField("extended_due_at")
    assert due(case) == "2021-09-08 15:00"
    assert agreed(case)


def test_late_by_the_signed_date_stays_late() -> None:
    """A signed date that has passed holds nothing up: the remainder is kept."""
    case = Case(time_limit="5wd", policy=ResumePolicy.RESTART).opened("2021-08-09 09:00").taken()
    case.does(extend("2021-08-16 09:00", "2021-08-20 10:00"), "2021-08-10 09:00", LEADER)
    payload = paused(case, state_office(), "2021-08-20 11:00", "2021-08-20 14:00")

    assert (payload.stays_late, payload.restarted) == (True, False)
    assert not payload.HasField("extended_due_at")
    assert due(case) == "2021-08-20 11:00"
    assert agreed(case)


def test_another_calendar_brings_the_limit_to_the_signed_date_and_no_further() -> None:
    """Counted to 24/08 15:00; with Saturday 21/08 worked it would end on the 23rd."""
    case = extended("2021-08-24 10:00")
    saturday = closed("2021-08-21", sessions=WORKED)

    recalculated(case, saturday, "2021-08-18 10:00")

    assert due(case) == "2021-08-24 10:00"
    assert agreed(case, saturday)


def test_another_calendar_puts_the_limit_past_the_signed_date() -> None:
    """The limit ended on the 24th; with the rest of that week closed it ends on the 27th."""
    case = extended("2021-08-25 10:00")
    assert gone_on(case).extension_holds
    storm = closed("2021-08-18", "2021-08-19", "2021-08-20")

    recalculated(case, storm, "2021-08-18 10:00")

    assert due(case) == "2021-08-27 15:00"
    assert agreed(case, storm)


def test_no_limit_that_begins_again_leaves_the_signed_date() -> None:
    """Where the procedure has no limit of its own, the signed date is all there is."""
    case = extended("2021-08-31 10:00")
    del case.events[-1]
    context = replace(case.context(CAME, SYSTEM), time_limit=NO_LIMIT)
    outcome = decide(case.state, papers(), context)
    assert not isinstance(outcome, Refusal)
    case._keep(outcome, at(CAME))

    assert gone_on(case).extension_holds
    assert due(case) == "2021-08-31 10:00"
    assert agreed(case)


def explained(case: Case) -> DeadlineExplanation:
    """Let the audit explain a case."""
    opened = payload_of(case.events[0], CaseOpened)
    accepted = DossierAccepted(
        time_limit=opened.time_limit,
        calendar_version=opened.calendar_version,
        due_at=opened.due_at,
    )
    begun = with_payload(Event(occurred_at=case.events[0].occurred_at), accepted)
    calendar = state_office()
    return explain([begun, *case.events], {calendar.version: calendar}.get)


def test_the_audit_says_why() -> None:
    """The limit's own stretches, then those up to the date that was signed."""
    (line,) = [
        each
        for each in explained(extended("2021-08-31 10:00")).lines
        if name_of(each.event) == "CaseResumed" and not each.step
    ]

    assert line.text[1] == (
        "The whole limit runs again: 5wd;"
        " it ends before the date of the signed extension, which holds"
    )
    parts: dict[str, list[tuple[str, str]]] = {}
    for span in line.spans:
        ends = (clock(span.stretch.from_at), clock(span.stretch.to_at))
        parts.setdefault(span.part[1], []).append(ends)
    limit, signed = parts
    assert (parts[limit][0][0], parts[limit][-1][1]) == (CAME, "2021-08-24 15:00")
    assert signed == "until the date of the signed extension"
    assert (parts[signed][0][0], parts[signed][-1][1]) == ("2021-08-24 15:00", "2021-08-31 10:00")


@pytest.mark.parametrize(
    ("lie", "problem"),
    [
        ("shortened", "it is before the date of the signed extension"),
        ("other date", "it names another date of the extension"),
        ("other counts", "it does not say which of the two dates counts"),
    ],
)
def test_what_an_event_says_wrong_is_found_out(lie: str, problem: str) -> None:
    """A promise taken back, a date that nobody has signed, and a word for the wrong one."""
    case = extended("2021-08-31 10:00")
    gone_on(case)
    with changing(case.events[-1], CaseResumed) as payload:
        if lie == "shortened":
            payload.due_at.CopyFrom(to_timestamp(at("2021-08-24 15:00")))
            payload.ClearField("extended_due_at")
            payload.extension_holds = False
        elif lie == "other date":
            payload.due_at.CopyFrom(to_timestamp(at("2021-09-15 10:00")))
            payload.extended_due_at.CopyFrom(payload.due_at)
        else:
            payload.extension_holds = False

    lines = [each for each in explained(case).lines if not each.step]

    assert lines[-1].agreement is Agreement.DIFFERS
    assert lines[-1].problem[1] == problem


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 30),
    st.lists(
        st.tuples(st.integers(1, 40), st.integers(1, 60), st.sets(st.integers(10, 31), max_size=5)),
        max_size=4,
    ),
    st.sampled_from(list(ResumePolicy)),
)
def test_a_signed_promise_never_gets_shorter(
    days: int, pauses: list[tuple[int, int, set[int]]], policy: ResumePolicy
) -> None:
    """Whatever stands still or begins again, by whatever calendar, and recalculated after it."""
    case = Case(time_limit="5wd", policy=policy).opened("2021-08-09 09:00")
    signed = next_working_instant(state_office(), at("2021-08-16 09:00") + days * DAY) + HOUR
    case.does(extend("2021-08-16 09:00", wall(signed)), "2021-08-09 10:00", LEADER)
    known: list[Calendar] = []
    now = at("2021-08-09 10:00")
    for before, waited, closures in pauses:
        known.append(closed(*(f"2021-08-{day:02d}" for day in sorted(closures))))
        since = now + before * HOUR
        now = since + waited * HOUR
        paused(case, known[-1], wall(since), wall(now))
        known.append(closed(*(f"2021-08-{day:02d}" for day in sorted(closures)[1:])))
        recalculated(case, known[-1], wall(now))

    limit = case.state.dossier_limit
    assert limit is not None
    assert limit.due_at >= signed
    assert agreed(case, *known)


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("2021-08-10 17:00", ""),
        ("2021-08-10 23:59", ""),
        ("2021-08-11 00:00", "EXTENSION_TOO_LATE"),
        ("2021-08-11 06:47", "EXTENSION_TOO_LATE"),
    ],
)
def test_an_extension_comes_on_a_day_before(when: str, code: str) -> None:
    """Due at Wednesday's closing: until its opening a whole day is left, but it is that day."""
    case = Case(time_limit="2wd").opened("2021-08-09 17:00")
    move = extend("2021-08-11 17:00", "2021-08-20 10:00")
    if code:
        case.when(move, when, LEADER).then(code)
    else:
        assert isinstance(case.does(move, when, LEADER)[0], DeadlineExtended)
    assert agreed(case)
