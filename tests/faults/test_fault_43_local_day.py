"""Fault 43: handed in at 23:59, while UTC has another day: the local day (Asia/Ho_Chi_Minh)
counts.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from motcua.routing.v1.case_events_pb2 import SupplementRequested

from kernel.base.instants import SECOND, to_us
from tests.support.databases import NewDatabase
from tests.support.departments import Departments
from tests.support.departments import Desk as Files
from tests.support.desk import Desk
from tests.support.events import payload_of
from tests.support.intake_samples import at
from tests.support.routing_cases import clock, supplement

pytestmark = pytest.mark.faults
CODE = "H22.12-210809-0001"
MIDNIGHT_UTC = at("2021-08-13 07:00")


@pytest.fixture
def departments(new_database: NewDatabase) -> Iterator[Departments]:
    """Routing on an empty database, with one case at its first step."""
    made = Departments(new_database("routing"))
    made.reads(Files().files(CODE))
    yield made
    made.close()


def test_fault_43_the_code_and_the_answer_go_by_the_local_day(any_desk: Desk) -> None:
    """A minute before midnight it is the 12th, when UTC has the 12th until 07:00 of the 13th; the
    numbers begin anew at the local midnight and at no other.
    """
    any_desk.clock.at = at("2021-08-12 23:59")
    late = any_desk.submit()
    any_desk.clock.at = at("2021-08-13 00:00")
    first = any_desk.submit()
    any_desk.clock.at = MIDNIGHT_UTC - SECOND
    second = any_desk.submit()
    any_desk.clock.at = MIDNIGHT_UTC
    third = any_desk.submit()

    assert late.dossier_code.endswith("-210812-0001")
    assert [each.dossier_code[-11:] for each in (first, second, third)] == [
        "210813-0001",
        "210813-0002",
        "210813-0003",
    ]
    # Eight working hours from the next local morning, for those of the night alike.
    due = {clock(to_us(each.answer_due_at)) for each in (late, first, second)}
    assert due == {"2021-08-13 17:00"}


def test_fault_43_a_promise_made_at_night_counts_local_days(any_desk: Desk) -> None:
    """Accepted at 23:59 on Thursday the 12th: five working days are those from Friday the 13th."""
    any_desk.clock.at = at("2021-08-12 23:59")
    code = any_desk.submit().dossier_code
    accepted = any_desk.accept(code)
    assert clock(to_us(accepted.due_at)) == "2021-08-17 17:00"


def test_fault_43_papers_are_awaited_until_the_end_of_a_local_day(
    departments: Departments,
) -> None:
    """Asked at 23:59: thirty days later by the office's own days, at the end of its work."""
    departments.does(supplement("appraise"), CODE, "2021-08-09 23:59")
    asked = payload_of(departments.own_events(CODE)[-1], SupplementRequested)
    assert clock(asked.answer_due_at.ToMicroseconds()) == "2021-09-08 17:00"
    assert departments.looks("2021-09-08 17:00", 0) <= 1
    assert departments.looks("2021-09-08 17:00", 1) == 1
    assert departments.kinds(CODE)[-1] == "SupplementExpired"
