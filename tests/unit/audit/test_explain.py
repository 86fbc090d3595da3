"""Why a due date is when it is: from the events alone, and computed again from them."""

import json
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, ResultReturned
from motcua.routing.v1.case_events_pb2 import CaseOpened, CaseResolved, CaseResumed, CaseSuspended
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended, DeadlineRecalculated
from motcua.routing.v1.event_parts_pb2 import CurrentStep
from motcua.routing.v1.types_pb2 import (
    DEADLINE_SCOPE_DOSSIER,
    DEADLINE_SCOPE_STEP,
    SUSPENSION_KIND_STOPPED,
)

from cli.commands.deadlines import explanation as document
from kernel.base.instants import HOUR, from_datetime, to_datetime, to_timestamp
from office.worktime.calendars.model import DayKind, DayRule
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import TimeLimit
from office.worktime.working_time import (
    ResumePolicy,
    Stretch,
    limit_due_at,
    local_day,
    resume_due,
    same_day_due,
)
from services.audit.deadlines.explanation import Agreement, ExplainedLine
from services.audit.responses import explanation
from tests.support.audit_histories import HANOI, at, stamp
from tests.support.explanations import STORM, VERSION, accepted, explained, storm
from tests.support.office_files import find_calendar

KEEP, RESTART = "keep", "restart"


def resumed(since: str, when: str, previous: str, due: str, **more: Any) -> tuple[CaseResumed, int]:
    payload = CaseResumed(
        suspended_at=stamp(since),
        resumed_at=stamp(when),
        previous_due_at=stamp(previous),
        due_at=stamp(due),
        calendar_version=VERSION,
        **more,
    )
    return payload, at(when)


LIMIT, WAITED, ADDED = (
    "the limit, before any pause",
    "pause 1, the time waited",
    "added to the due date before",
)


def parts_of(line: ExplainedLine) -> dict[str, list[Stretch]]:
    """Return the stretches of each part of a line's explanation; none of them has a hole."""
    parts: dict[str, list[Stretch]] = {}
    for span in line.spans:
        parts.setdefault(span.part[1], []).append(span.stretch)
    for stretches in parts.values():
        assert all(a.to_at == b.from_at for a, b in pairwise(stretches))
    return parts


def counted(stretches: list[Stretch]) -> int:
    """Add up what counts."""
    return sum(s.to_at - s.from_at for s in stretches if s.counted)


STOP = CaseSuspended(kind=SUSPENSION_KIND_STOPPED)
PAUSED = (STOP, at("2021-08-11 10:00"))


def test_a_plain_limit_is_explained_without_a_hole() -> None:
    """The spans follow each other from the start to the due date, and the counted ones add up."""
    account = explained(accepted("2021-04-29 15:30", "2wd"))
    (line,) = account.lines

    assert line.agreement is Agreement.SAME
    assert line.computed_at == line.due_at == at("2021-05-05 15:30")
    stretches = [span.stretch for span in line.spans]
    assert stretches[0].from_at == at("2021-04-29 15:30")
    assert stretches[-1].to_at == line.due_at
    assert all(a.to_at == b.from_at for a, b in pairwise(stretches))
    assert sum(s.to_at - s.from_at for s in stretches if s.counted) == 16 * HOUR
    reasons = {span.reason_vi for span in line.spans if not span.stretch.counted}
    assert {"Nghỉ lễ, Tết", "ngoài giờ làm việc"} <= reasons


@pytest.mark.parametrize(
    ("ends", "due", "restarted"),
    [
        ("2021-08-20 14:00", "2021-08-20 14:00", False),
        ("2021-08-24 15:00", "2021-08-24 15:00", True),
    ],
)
def test_the_worked_vector_is_computed_again(ends: str, due: str, restarted: bool) -> None:
    """35 working hours waited, by both policies."""
    account = explained(
        accepted("2021-08-09 09:00"),
        PAUSED,
        resumed(
            "2021-08-11 10:00",
            "2021-08-17 15:00",
            "2021-08-16 09:00",
            ends,
            waited_working_minutes=35 * 60,
            restarted=restarted,
            time_limit="5wd" if restarted else "",
        ),
    )

    assert [line.agreement for line in account.lines] == [
        Agreement.SAME,
        Agreement.NONE,
        Agreement.SAME,
    ]
    assert account.due_at == at(due)
    assert account.first_due_at == at("2021-08-16 09:00")
    parts = parts_of(account.lines[-1])
    assert list(parts) == ([""] if restarted else [WAITED, ADDED])
    for stretches in parts.values():
        assert counted(stretches) == (40 if restarted else 35) * HOUR
    assert parts[ADDED if not restarted else ""][-1].to_at == at(due)


def phased(*ends: str) -> tuple[DossierAccepted, int]:
    """Return the acceptance of a limit in two phases that records when each is due."""
    payload, start = accepted("2021-08-09 09:00", "5cd+3wd", due=at("2021-08-19 09:00"))
    for limit, end in zip(("5cd", "3wd"), ends, strict=True):
        payload.phases.add(time_limit=limit, due_at=stamp(end))
    return payload, start


def test_each_phase_has_its_own_stretches() -> None:
    """Five calendar days end on Saturday 14/08 and roll to Monday; three working days follow."""
    account = explained(phased("2021-08-16 09:00", "2021-08-19 09:00"))
    (line,) = account.lines

    assert line.agreement is Agreement.SAME
    assert line.text[1] == "The clock starts: 5cd+3wd, phases 1: 5cd; 2: 3wd"
    first, second = ([s for s in line.spans if s.phase == number] for number in (1, 2))
    assert first + second == list(line.spans)
    assert (first[0].stretch.from_at, first[-1].stretch.to_at) == (
        at("2021-08-09 09:00"),
        at("2021-08-16 09:00"),
    )
    assert sum(s.stretch.counted for s in first) == 5
    counted = [s.stretch for s in second if s.stretch.counted]
    assert sum(s.to_at - s.from_at for s in counted) == 24 * HOUR
    assert second[-1].stretch.to_at == at("2021-08-19 09:00")
    shown = document(explanation("H22.12-210809-0001", HANOI, account))
    assert [span["phase"] for span in shown["lines"][0]["spans"]] == [s.phase for s in line.spans]


def test_a_phase_that_was_promised_for_another_day_is_found_out() -> None:
    """The due date may be right while a phase before it is not."""
    account = explained(phased("2021-08-16 09:01", "2021-08-19 09:00"))

    assert account.agreement is Agreement.DIFFERS
    assert account.lines[0].problem[1] == "a phase is due at another time"


def test_a_date_that_does_not_follow_is_found_out() -> None:
    """A date written by hand, whatever it is, differs; so does the whole account."""
    account = explained(accepted("2021-08-09 09:00", due=at("2021-08-16 09:01")))

    assert account.agreement is Agreement.DIFFERS
    assert account.lines[0].computed_at == at("2021-08-16 09:00")
    assert account.lines[0].problem[1] == "computed again it is another date"


def test_an_event_that_names_another_date_before_is_found_out() -> None:
    """A date can't have been changed between two events without a third."""
    account = explained(
        accepted("2021-08-09 09:00"),
        PAUSED,
        resumed("2021-08-11 10:00", "2021-08-11 11:00", "2021-08-17 09:00", "2021-08-16 10:00"),
    )

    assert account.agreement is Agreement.DIFFERS
    assert account.lines[-1].problem[1] == "it names another date before"


def test_a_calendar_that_is_not_at_hand_is_said() -> None:
    """Nothing is computed by another calendar than the one named."""
    account = explained(accepted("2021-08-09 09:00", version="vn-1900"))

    assert account.agreement is Agreement.UNKNOWN
    assert "vn-1900" in account.lines[0].problem[1]
    assert account.lines[0].computed_at is None


def test_what_can_t_be_read_is_a_difference_and_no_failure() -> None:
    """A limit that is none is told as it is."""
    account = explained(accepted("2021-08-09 09:00", due=at("2021-08-16 09:00"), limit="5xx"))

    assert account.agreement is Agreement.DIFFERS


@pytest.mark.parametrize(
    ("when", "agreement"),
    [("2021-08-13 09:00", Agreement.SAME), ("2021-08-13 09:01", Agreement.DIFFERS)],
)
def test_an_extension_is_held_to_its_rule(when: str, agreement: Agreement) -> None:
    """The date was chosen, so nothing is computed; that it came in time is."""
    payload = DeadlineExtended(
        previous_due_at=stamp("2021-08-16 09:00"),
        due_at=stamp("2021-08-20 10:00"),
        signer="sep",
        calendar_version=VERSION,
    )
    account = explained(accepted("2021-08-09 09:00"), (payload, at(when)))

    line = account.lines[-1]
    assert line.agreement is agreement
    assert line.computed_at is None
    assert line.text[1].endswith(
        "; in time: yes" if agreement is Agreement.SAME else "; in time: NO"
    )
    assert account.due_at == at("2021-08-20 10:00")
    assert account.first_due_at == at("2021-08-16 09:00")


def test_same_day_procedures_have_their_cut_off() -> None:
    """The closing of the day, or of the next one after 15:00."""
    for when in ("2021-08-09 14:59", "2021-08-09 15:01"):
        due = same_day_due(state_office(), at(when))
        account = explained(accepted(when, "1wd", due, same_day=True))
        assert account.agreement is Agreement.SAME
        counted_on = {s.stretch.day for s in account.lines[0].spans if s.stretch.counted}
        assert counted_on == {local_day(state_office(), due)}
        first = account.lines[0].spans[0]
        late = ("received after the cut-off, 15:00", "Decree 23/2015 art. 21")
        assert ((first.reason_en, first.source) == late) is (when == "2021-08-09 15:01")


def test_another_system_s_promise_is_taken_as_it_was() -> None:
    """There is nothing to compute, and nothing differs."""
    account = explained(accepted("2010-10-11 10:00", "none", at("2010-11-11 10:00"), "imported"))

    assert account.agreement is Agreement.NONE
    assert account.due_at == at("2010-11-11 10:00")


def test_steps_are_explained_by_what_their_events_carry() -> None:
    """Each step's limit, start and calendar stand in the event that made it current."""
    current = CurrentStep(
        step="appraise",
        time_limit="2wd",
        started_at=stamp("2021-08-09 09:00"),
        due_at=stamp("2021-08-11 09:00"),
        calendar_version=VERSION,
    )
    opened = CaseOpened(current=current)
    account = explained(accepted("2021-08-09 09:00"), (opened, at("2021-08-09 09:00")))

    assert [line.step for line in account.lines] == ["", "appraise"]
    assert account.agreement is Agreement.SAME


def test_the_time_until_the_citizen_comes_is_not_the_agency_s() -> None:
    """Resolved before the date is before the date, whenever the result was fetched."""
    account = explained(
        accepted("2021-08-09 09:00"),
        (CaseResolved(), at("2021-08-13 09:00")),
        (ResultReturned(), at("2021-09-13 09:00")),
    )

    assert account.lines[1].text[1] == "Resolved: before the due date"
    assert "does not count" in account.lines[2].text[1]


def test_an_explanation_is_one_document() -> None:
    """Everything in it can be written as JSON, with local times."""
    answer = explanation("D1", HANOI, explained(accepted("2021-08-09 16:35", "3wd"), PAUSED))
    found = document(answer)

    assert json.loads(json.dumps(found)) == found
    assert found["agreement"] == "same"
    assert found["due_at"] == "2021-08-12T16:35:00+07:00"
    assert found["lines"][0]["spans"][0]["from"] == "2021-08-09T16:35:00+07:00"


def recalculated(previous: str, due: str, **more: Any) -> DeadlineRecalculated:
    return DeadlineRecalculated(
        scope=DEADLINE_SCOPE_DOSSIER,
        previous_due_at=stamp(previous),
        due_at=stamp(due),
        reason="Bão số 5",
        calendar_version="storm",
        previous_calendar_version=VERSION,
        **more,
    )


@pytest.mark.parametrize(
    ("due", "agreement"),
    [("2021-08-17 09:00", Agreement.SAME), ("2021-08-18 09:00", Agreement.DIFFERS)],
)
def test_a_changed_calendar_gives_the_same_basis_another_date(
    due: str, agreement: Agreement
) -> None:
    """Counted from the start again by the calendar that the event names, the storm left out."""
    account = explained(
        accepted("2021-08-09 09:00"),
        (recalculated("2021-08-16 09:00", due), at("2021-08-11 09:00")),
        calendar_of=storm,
    )

    assert account.lines[-1].agreement is agreement
    assert account.lines[-1].text[1] == "The calendar changed, the promised date: Bão số 5"
    assert account.first_due_at == at("2021-08-16 09:00")
    assert account.due_at == at(due)
    assert any(span.reason_vi == "Bão" for span in account.lines[-1].spans)


def test_what_a_changed_calendar_moved_is_named() -> None:
    """The dossier's line and its step's are told apart."""
    current = CurrentStep(
        step="appraise",
        time_limit="5wd",
        started_at=stamp("2021-08-09 09:00"),
        due_at=stamp("2021-08-16 09:00"),
        calendar_version=VERSION,
    )
    of_step = recalculated("2021-08-16 09:00", "2021-08-17 09:00", step="appraise")
    of_step.scope = DEADLINE_SCOPE_STEP
    account = explained(
        accepted("2021-08-09 09:00"),
        (CaseOpened(current=current), at("2021-08-09 09:00")),
        (recalculated("2021-08-16 09:00", "2021-08-17 09:00"), at("2021-08-11 09:00")),
        (of_step, at("2021-08-11 09:00")),
        calendar_of=storm,
    )

    assert account.agreement is Agreement.SAME
    assert [line.text for line in account.lines[-2:]] == [
        (
            "Tính lại vì lịch thay đổi, ngày hẹn trả: Bão số 5",
            "The calendar changed, the promised date: Bão số 5",
        ),
        (
            "Tính lại vì lịch thay đổi, bước appraise: Bão số 5",
            "The calendar changed, step appraise: Bão số 5",
        ),
    ]


def test_a_pause_after_a_changed_calendar_is_counted_by_it() -> None:
    """The basis keeps its start and its pauses, whichever calendar counts them."""
    account = explained(
        accepted("2021-08-09 09:00"),
        (recalculated("2021-08-16 09:00", "2021-08-17 09:00"), at("2021-08-10 09:00")),
        (STOP, at("2021-08-11 09:00")),
        (
            CaseResumed(
                suspended_at=stamp("2021-08-11 09:00"),
                resumed_at=stamp("2021-08-13 09:00"),
                previous_due_at=stamp("2021-08-17 09:00"),
                due_at=stamp("2021-08-18 09:00"),
                calendar_version="storm",
            ),
            at("2021-08-13 09:00"),
        ),
        calendar_of=storm,
    )

    assert account.agreement is Agreement.SAME


def test_a_calendar_that_changed_during_a_pause_is_told_with_its_closure() -> None:
    """The way from the old date to the new one has both the time waited and the storm, with the
    document that ordered the closure; the step's date is explained like the dossier's.
    """
    closed = DayRule(DayKind.CLOSURE, reason_en="Storm", source="CV 12/2021")
    days = {**state_office().days, date(2021, 8, 12): closed}
    calendar = replace(STORM, days=days)
    current = CurrentStep(
        step="handle",
        time_limit="5wd",
        started_at=stamp("2021-08-09 09:00"),
        due_at=stamp("2021-08-16 09:00"),
        calendar_version=VERSION,
    )
    goes_on = resumed(
        "2021-08-11 10:00", "2021-08-11 10:01", "2021-08-16 09:00", "2021-08-17 09:01"
    )
    goes_on[0].calendar_version = "storm"
    goes_on[0].current.step = "handle"
    goes_on[0].current.due_at.CopyFrom(stamp("2021-08-17 09:01"))
    account = explained(
        accepted("2021-08-09 09:00"),
        (CaseOpened(current=current), at("2021-08-09 09:00")),
        PAUSED,
        goes_on,
        calendar_of=lambda version: calendar if version == "storm" else find_calendar(version),
    )

    assert account.agreement is Agreement.SAME
    *_, dossier, step = account.lines
    assert dossier.text[1] == (
        "The clock goes on: 0:01 working hours waited;"
        f" the calendar has changed (it was {VERSION}), all is counted again"
    )
    assert "the calendar has changed" in step.text[1]
    for line in (dossier, step):
        parts = parts_of(line)
        assert {name: counted(stretches) for name, stretches in parts.items()} == {
            LIMIT: 40 * HOUR,
            WAITED: HOUR // 60,
            ADDED: HOUR // 60,
        }
        assert parts[LIMIT][0].from_at == at("2021-08-09 09:00")
        assert parts[LIMIT][-1].to_at == parts[ADDED][0].from_at == at("2021-08-17 09:00")
        assert parts[ADDED][-1].to_at == line.due_at
        assert ("Storm", "CV 12/2021") in {(span.reason_en, span.source) for span in line.spans}


def test_seconds_waited_are_explained_over_the_days_off() -> None:
    """A date at closing time has no working time left that day: three seconds more are the first
    three of the next working day, after a day off that the explanation shows.
    """
    seconds = "2021-08-12 10:00:03"
    account = explained(
        accepted("2021-08-09 17:00", "4wd"),
        (STOP, at("2021-08-12 10:00")),
        resumed("2021-08-12 10:00", seconds, "2021-08-13 17:00", "2021-08-16 07:00:03"),
    )
    line = account.lines[-1]

    assert account.agreement is Agreement.SAME
    assert line.text[1] == "The clock goes on: 3 s of working time waited"
    added = parts_of(line)[ADDED]
    assert (added[0].from_at, added[-1].to_at) == (at("2021-08-13 17:00"), line.due_at)
    assert [s.day.day for s in added] == [13, 14, 15, 16, 16]
    assert [s.counted for s in added] == [False] * 4 + [True]
    reasons = [span.reason_en for span in line.spans if span.part[1] == ADDED]
    assert reasons[1:3] == ["Saturday is free", "Sunday is free"]


def test_a_pause_without_working_time_moves_nothing() -> None:
    """Papers asked for and handed in after closing time cost nobody a second."""
    account = explained(
        accepted("2021-08-09 17:00", "4wd"),
        (STOP, at("2021-08-12 18:00")),
        resumed("2021-08-12 18:00", "2021-08-13 06:00", "2021-08-13 17:00", "2021-08-13 17:00"),
    )

    assert account.agreement is Agreement.SAME
    assert account.lines[-1].text[1] == "The clock goes on: 0:00 working hours waited"
    assert list(parts_of(account.lines[-1])) == [WAITED]


def test_a_pause_of_a_date_that_a_leader_chose_is_explained_too() -> None:
    """Nothing tells how the date came about, but what a pause adds to it."""
    extended = DeadlineExtended(
        previous_due_at=stamp("2021-08-16 09:00"),
        due_at=stamp("2021-08-20 10:00"),
        signer="sep",
        calendar_version=VERSION,
    )
    account = explained(
        accepted("2021-08-09 09:00"),
        (extended, at("2021-08-10 09:00")),
        PAUSED,
        resumed("2021-08-11 10:00", "2021-08-11 11:00", "2021-08-20 10:00", "2021-08-20 11:00"),
    )

    assert account.agreement is Agreement.SAME
    (stretch,) = parts_of(account.lines[-1])[ADDED]
    assert (stretch.from_at, stretch.to_at) == (at("2021-08-20 10:00"), at("2021-08-20 11:00"))


pauses = st.lists(st.tuples(st.integers(1, 3000), st.integers(1, 3000)), max_size=5)


@settings(max_examples=100, deadline=None)
@given(pauses, st.sampled_from(["5wd", "12wh", "10cd", "0.5wd", "5cd+3wd"]), st.integers(0, 3))
def test_what_routing_computes_is_computed_again(
    gaps: list[tuple[int, int]], limit: str, lie: int
) -> None:
    """Any number of pauses: the same date; one that is moved by a microsecond is found out."""
    calendar, now = state_office(), at("2021-08-09 09:00")
    due = limit_due_at(calendar, now, TimeLimit.parse(limit))
    assert due is not None
    history: list[tuple[Message, int]] = [accepted("2021-08-09 09:00", limit)]
    for number, (before, wait) in enumerate(gaps):
        since = from_datetime(to_datetime(now) + timedelta(minutes=before))
        now = from_datetime(to_datetime(since) + timedelta(minutes=wait))
        after = resume_due(
            calendar,
            ResumePolicy.KEEP,
            due=due,
            suspended_at=since,
            resumed_at=now,
            limit=TimeLimit.parse(limit),
        )
        assert after is not None
        written = after + (1 if number == lie else 0)
        payload = CaseResumed(
            suspended_at=to_timestamp(since),
            resumed_at=to_timestamp(now),
            previous_due_at=to_timestamp(due),
            due_at=to_timestamp(written),
            calendar_version=VERSION,
        )
        history += [(STOP, since), (payload, now)]
        due = written
    account = explained(*history)

    expected = Agreement.DIFFERS if lie < len(gaps) else Agreement.SAME
    assert account.agreement is expected
