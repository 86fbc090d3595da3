"""A dossier promised for the day of its receipt, whose clock begins again."""

from __future__ import annotations

import pytest
from motcua.routing.v1.case_events_pb2 import CaseResumed

from office.worktime.working_time import ResumePolicy
from tests.support.events import payload_of
from tests.support.routing_calendars import agreed, closed, due, recalculated
from tests.support.routing_cases import SYSTEM, Case, papers, supplement


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        ("2021-08-09 10:00", "2021-08-09 17:00"),
        ("2021-08-09 15:00", "2021-08-09 17:00"),
        ("2021-08-09 15:01", "2021-08-10 17:00"),
        ("2021-08-09 18:30", "2021-08-10 17:00"),
        ("2021-08-13 15:01", "2021-08-16 17:00"),
    ],
)
def test_papers_promise_their_own_day(came: str, expected: str) -> None:
    """What begins again with the papers is promised by the rule of the cut-off, not by hours."""
    case = _asked()
    case.does(papers(), came, SYSTEM)

    payload = payload_of(case.events[-1], CaseResumed)
    assert (payload.restarted, payload.same_day) == (True, True)
    assert due(case) == expected
    assert agreed(case)


def test_a_calendar_change_keeps_the_rule() -> None:
    """The day after turns out to be a day off: the promise moves to the next one's closing."""
    case = _asked()
    case.does(papers(), "2021-08-09 16:00", SYSTEM)
    storm = closed("2021-08-10")

    recalculated(case, storm, "2021-08-09 16:30")

    assert due(case) == "2021-08-11 17:00"
    assert agreed(case, storm)


def _asked() -> Case:
    """A same-day dossier of Monday 09:00 for which papers were asked half an hour later."""
    case = Case("same-day", "1wd", ResumePolicy.RESTART, same_day=True).opened().taken()
    case.does(supplement(case.state.step), "2021-08-09 09:30")
    return case
