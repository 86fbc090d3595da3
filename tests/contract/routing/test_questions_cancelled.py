"""Questions that were taken back, on both databases: lists, watch, the case, and a rebuild."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from motcua.events.v1.common_pb2 import Actor
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.deadline_events_pb2 import DeadlineMissed

from kernel.base.errors import Forbidden, Refused
from services.routing.domain.alarms import CONSULTATION
from services.routing.queries import case, consultations
from services.routing.tables import CASES, DEADLINES
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk, merged
from tests.support.events import name_of, payload_of
from tests.support.office_files import standard_processes
from tests.support.routing_cases import AN, PLANNER, answer, ask, at, cancel, clock, complete

MON = "2021-08-09 10:00"
LATER = "2021-08-09 11:00"
CODE = "H22.12-210809-0001"


@pytest.fixture
def departments(new_database: NewDatabase) -> Iterator[Departments]:
    """Routing on an empty database, with a case in which the planners are asked and waited for."""
    made = Departments(new_database("routing"))
    made.reads(Desk().files(CODE))
    made.takes(CODE)
    made.does(ask("appraise", True, "1wd"), CODE, MON)
    yield made
    made.close()


def listed(departments: Departments, **more: Any) -> list[pb.Consultation]:
    """List what the planners are asked."""
    request = pb.ListConsultationsRequest(unit="H22.02", **more)
    with departments.engine.connect() as connection:
        return list(consultations.list_all(connection, request, at(LATER)).consultations)


def test_it_leaves_the_list_of_the_unit_asked_and_is_found_with_its_reason(
    departments: Departments,
) -> None:
    """Open before; afterwards only among those that are closed, and not as an answered one."""
    assert [each.number for each in listed(departments)] == [1]
    departments.does(cancel(), CODE, LATER)
    assert listed(departments) == []
    (answered,) = listed(departments, answered=True)
    assert (answered.cancelled_for, answered.overdue) == ("hỏi nhầm đơn vị", False)
    assert clock(answered.cancelled_at.ToMicroseconds()) == LATER
    assert not answered.HasField("answered_at")


def test_its_alarms_end_and_the_step_goes_on(departments: Departments) -> None:
    """The watch finds nothing of it; the case tells why; the late answer is refused."""
    departments.does(cancel(), CODE, LATER)
    assert [row for row in departments.rows(DEADLINES) if row["scope"] == CONSULTATION] == []
    departments.looks("2021-09-30 10:00")
    payloads = [
        payload_of(e, DeadlineMissed)
        for e in departments.own_events(CODE)
        if name_of(e) == "DeadlineMissed"
    ]
    assert payloads
    assert not [each for each in payloads if each.scope == CONSULTATION]

    with departments.engine.connect() as connection:
        request = pb.GetCaseRequest(dossier_code=CODE)
        shown = case.get_case(connection, request, standard_processes(), at(LATER))
    notes = {entry.type: entry.note for entry in shown.entries}
    assert notes["ConsultationCancelled"] == "H22.02: hỏi nhầm đơn vị"

    with pytest.raises(Refused) as late:
        departments.does(answer(), CODE, LATER, PLANNER)
    assert late.value.code == "CONSULTATION_CANCELLED"
    departments.does(complete("appraise"), CODE, LATER)
    assert departments.rows(CASES)[0]["step"] == "review"


def test_nobody_else_takes_it_back(departments: Departments) -> None:
    """Neither another unit nor the one that is asked."""

    def cancel_as(unit: str) -> None:
        departments.does(cancel(), CODE, LATER, Actor(kind=AN.kind, id="la", unit=unit))

    with pytest.raises(Forbidden):
        cancel_as("H22.13")
    with pytest.raises(Refused) as refused:
        cancel_as("H22.02")
    assert refused.value.code == "NOT_YOURS_TO_CANCEL"
    assert [each.number for each in listed(departments)] == [1]


@pytest.mark.parametrize("turn", range(3))
def test_a_rebuild_has_the_same_rows(new_database: NewDatabase, turn: int) -> None:
    """Whatever the order in which the sources' events come in."""
    live, again = (Departments(new_database(name), reacting=name == "a") for name in ("a", "b"))
    try:
        filed = Desk().files(CODE)
        live.reads(filed)
        for number in (1, 2):
            live.does(ask("appraise", True, "1wd"), CODE, MON)
            live.looks("2021-08-10 10:00")
            when = f"2021-08-10 1{number}:00"
            live.does(cancel(number), CODE, when)
        for event in merged([live.own_events(), filed], [turn] * 20):
            again.reads([event])
        assert again.views() == live.views()
        assert "ConsultationCancelled" in live.kinds()
    finally:
        live.close()
        again.close()
