"""Cases that nobody begins on, on SQLite and PostgreSQL: near and passed once each, from the index.

Accepted on Monday 09/08/2021 at 09:00, a case of one step is to be begun on by Tuesday 09:00; its
process warns a working hour before.
"""

from __future__ import annotations

from contextlib import closing

import pytest
from sqlalchemy import update

from kernel.eventsourcing import envelope
from services.routing.domain.alarms import FIRST_ACTION
from services.routing.schedulers import deadlines
from services.routing.tables import DEADLINES
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk
from tests.support.events import name_of
from tests.support.routing_cases import at, look

CODE = "H22.12-210809-0001"
NEAR, GONE = "DeadlineApproaching", "DeadlineMissed"


def alarms(departments: Departments, code: str = CODE) -> list[str]:
    """List what was said of beginning on the step."""
    found = []
    for event in departments.own_events(code):
        name = name_of(event)
        if getattr(envelope.payload_of(event), "scope", 0) == FIRST_ACTION:
            found.append(name)
    return found


def next_alarm(departments: Departments) -> int | None:
    """Return the instant at which the watch looks at the case again."""
    (row,) = departments.rows(DEADLINES)
    assert row["scope"] == FIRST_ACTION
    found: int | None = row["next_alarm_at"]
    return found


def test_a_stuck_case_is_warned_of_and_missed_once(departments: Departments) -> None:
    """The index holds the warning, then the due date, then nothing."""
    departments.reads(Desk().files(CODE, process="same-day", limit="none"))
    assert next_alarm(departments) == at("2021-08-10 08:00")
    assert departments.looks("2021-08-10 08:00", 0) == 0
    assert departments.looks("2021-08-10 08:00") == 1
    assert departments.looks("2021-08-10 08:30") == 0
    assert next_alarm(departments) == at("2021-08-10 09:00")
    assert departments.looks("2021-08-10 09:00") == 1
    assert departments.looks("2031-08-10 09:00") == 0
    assert next_alarm(departments) is None
    assert alarms(departments) == [NEAR, GONE]
    opened, near, _ = departments.own_events(CODE)
    assert near.causation_id == opened.event_id


def test_what_was_opened_is_warned_of_no_more(departments: Departments) -> None:
    """The row goes with the first look."""
    departments.reads(Desk().files(CODE, process="same-day", limit="none"))
    departments.does(look("handle"), CODE, "2021-08-10 08:00")
    assert departments.rows(DEADLINES) == []
    assert departments.looks("2021-08-30 09:00") == 0


def test_after_an_outage_only_what_has_passed_is_said(departments: Departments) -> None:
    """More cases than one portion holds, each once, without the warning."""
    desk = Desk()
    codes = [f"H22.12-210809-{n:04d}" for n in range(deadlines.DOSSIERS_AT_ONCE + 20)]
    filed = [desk.files(code, process="same-day", limit="none") for code in codes]
    departments.reads([event for events in filed for event in events])
    assert departments.looks("2021-08-13 09:00") == len(codes)
    assert departments.looks("2021-08-13 09:01") == 0
    assert alarms(departments, "") == [GONE] * len(codes)


def test_a_row_that_lags_behind_says_nothing_twice(departments: Departments) -> None:
    """The events decide, and the row is mended."""
    departments.reads(Desk().files(CODE, process="same-day", limit="none"))
    departments.looks("2021-08-10 08:00")
    right = departments.rows(DEADLINES)
    with departments.engine.begin() as connection:
        connection.execute(update(DEADLINES).values(next_alarm_at=0, warned=0))
    assert departments.looks("2021-08-10 08:30") == 0
    assert departments.rows(DEADLINES) == right


@pytest.mark.parametrize("when", ["2021-08-09 10:00", "2021-08-10 08:30", "2021-08-10 09:30"])
def test_a_rebuild_has_the_same_rows(new_database: NewDatabase, when: str) -> None:
    """Before the warning, between the two, and after both."""
    filed = Desk().files(CODE, process="same-day", limit="none")
    with (
        closing(Departments(new_database("live"))) as live,
        closing(Departments(new_database("again"), reacting=False)) as again,
    ):
        live.reads(filed)
        live.looks(when)
        again.reads([*filed, *live.own_events()])
        assert again.views() == live.views()
