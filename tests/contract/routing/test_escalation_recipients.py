"""Whom a level of the escalation policy reaches: named by the event, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from motcua.events.v1.common_pb2 import Actor
from motcua.intake.v1.dossier_events_pb2 import DeskCheckMissed
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.deadline_events_pb2 import DeadlineEscalated
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.base.instants import to_timestamp
from office.people.directory import Absence, Directory, DirectoryUnit, Officer
from office.permissions import shipped
from services.routing.application.decision_context import CaseContextLoader
from services.routing.config.escalation_files import SHIPPED, load_policies
from services.routing.queries import case
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk
from tests.support.events import name_of, payload_of
from tests.support.office_files import office_calendars, standard_processes
from tests.support.routing_cases import AN as OFFICER
from tests.support.routing_cases import at

CODE = "H22.12-210809-0001"
DUE, LOOK = "2021-08-11 09:00", "2021-08-11 09:01"
"""The first step's limit of two working days ends on Wednesday."""
HERE = date(2021, 8, 11)
CHECK = DeadlineScope.DEADLINE_SCOPE_DESK_CHECK
TU = Actor(kind=OFFICER.kind, id="tu", unit="H22.12")


def head(name: str, *away: Absence, unit: str = "H22.12", until: date | None = None) -> Officer:
    """Return a head of a unit."""
    return Officer(name, name, unit, frozenset({"head"}), valid_to=until, absences=away)


def away(substitute: str = "") -> Absence:
    """Return the day of the due date, away."""
    return Absence(HERE, HERE, substitute)


def office(*officers: Officer, units: tuple[DirectoryUnit, ...] = ()) -> CaseContextLoader:
    """Return the departments with the escalation policies that ship, and a directory."""
    people = Directory({u.code: u for u in units}, {o.id: o for o in officers})
    policies = load_policies(SHIPPED, shipped().roles, ())
    return CaseContextLoader(
        standard_processes(), office_calendars, policies, people=lambda: people
    )


@pytest.fixture
def departments(new_database: NewDatabase) -> Iterator[Departments]:
    """Routing on an empty database, with a case whose first step somebody has taken."""
    made = Departments(new_database("routing"))
    made.reads(Desk().files(CODE))
    made.takes(CODE)
    yield made
    made.close()


def escalations(departments: Departments) -> list[DeadlineEscalated]:
    """Return what was said to those above."""
    found = [e for e in departments.own_events(CODE) if name_of(e) == "DeadlineEscalated"]
    return [payload_of(event, DeadlineEscalated) for event in found]


SPECIALIST = Officer("an", "An", "H22.12", frozenset({"specialist"}))
MERGED = (
    DirectoryUnit("H22.12", "Huyện", valid_to=date(2021, 8, 10), successor="H22.70"),
    DirectoryUnit("H22.70", "Xã mới"),
)
RECIPIENTS = [
    ((head("tu"), head("binh"), SPECIALIST), ["binh", "tu"]),
    ((head("tu", unit="H22"), head("binh", unit="H22.12.03")), []),
    ((head("tu", until=date(2021, 8, 10)), head("binh")), ["binh"]),
    ((head("tu", away("an")), SPECIALIST), ["an"]),
    ((head("tu", away("binh")), head("binh")), ["binh"]),
    ((head("tu", away()), head("binh")), ["binh"]),
    ((head("tu", away("gone")),), []),
    ((head("tu", away("an")), head("binh", away("an")), SPECIALIST), ["an"]),
]


@pytest.mark.parametrize(("officers", "expected"), RECIPIENTS)
def test_the_event_names_who_is_told(
    departments: Departments, officers: tuple[Officer, ...], expected: list[str]
) -> None:
    """Who holds the role in the unit then, or stands in, by id and once; nobody else."""
    departments.looks(LOOK, office=office(*officers))
    (level,) = escalations(departments)
    assert list(level.officers) == expected
    assert (level.escalation_level, level.unit, level.work_unit) == ("head", "H22.12", "H22.12")
    assert (level.step, level.step_title) == ("appraise", "Thẩm định")
    assert level.due_at == to_timestamp(at(DUE))


def test_the_heads_of_the_successor_are_notified(departments: Departments) -> None:
    """A unit that was dissolved has no heads of its own any more."""
    moi = head("moi", unit="H22.70")
    departments.looks(LOOK, office=office(moi, units=MERGED))
    assert list(escalations(departments)[0].officers) == ["moi"]


def test_without_a_directory_nobody_is_named(departments: Departments) -> None:
    """The level is said all the same."""
    departments.looks(LOOK)
    (level,) = escalations(departments)
    assert list(level.officers) == []


@pytest.mark.parametrize(("until", "expected"), [("2021-08-11 10:00", "an"), (DUE, "tu")])
def test_who_was_delegated_to_is_told(departments: Departments, until: str, expected: str) -> None:
    """A delegation counts as the directory's absences do, while it lasts."""
    request = pb.DelegateWorkRequest(officer="tu", substitute="an")
    request.begins_at.CopyFrom(to_timestamp(at("2021-08-10 10:00")))
    request.ends_at.CopyFrom(to_timestamp(at(until)))
    departments.delegates(request, "2021-08-10 09:00", TU)
    departments.looks(LOOK, office=office(head("tu"), SPECIALIST))
    (level,) = escalations(departments)
    assert list(level.officers) == [expected]


def test_a_rebuild_asks_nobody(departments: Departments, new_database: NewDatabase) -> None:
    """Whoever is in the directory later: what was said stays, and its rows are the same."""
    departments.looks(LOOK, office=office(head("tu")))
    again = Departments(new_database("routing"), reacting=False)
    again.reads(Desk().files(CODE))
    again.reads(departments.own_events(CODE))
    assert list(escalations(again)[0].officers) == ["tu"]
    again.close()


def test_the_head_of_the_desk_is_told_of_a_missed_check(new_database: NewDatabase) -> None:
    """Once for each time it is said, before there is a case; the case then opens as any other."""
    made = Departments(new_database("routing"), office=office(head("tu"), head("binh", away("tu"))))
    desk = Desk()
    submitted, accepted = desk.files(CODE)
    missed = desk.says(
        CODE, DeskCheckMissed(answer_due_at=to_timestamp(at(DUE)), unit="H22.12"), LOOK
    )
    accepted.sequence, missed.sequence = 3, 2
    made.reads([submitted, missed])
    made.reads([accepted])
    event, opened = made.own_events(CODE)
    level = payload_of(event, DeadlineEscalated)
    assert (level.scope, level.escalation_level, level.unit) == (CHECK, "desk-head", "H22.12")
    assert (level.work_unit, list(level.officers)) == ("H22.12", ["tu"])
    assert level.due_at == to_timestamp(at(DUE))
    assert event.causation_id == missed.event_id
    assert name_of(opened) == "CaseOpened"
    again = Departments(new_database("routing"), reacting=False)
    again.reads([submitted, missed, accepted, *made.own_events(CODE)])
    assert again.views() == made.views()
    made.close()
    again.close()


def test_a_case_shows_who_was_told(departments: Departments) -> None:
    """In its history, with level and unit."""
    asked = office(head("tu"), head("binh"))
    departments.looks(LOOK, office=asked)
    with departments.engine.connect() as connection:
        shown = case.get_case(
            connection, pb.GetCaseRequest(dossier_code=CODE), asked.processes, at(LOOK)
        )
    notes = [entry.note for entry in shown.entries if entry.type == "DeadlineEscalated"]
    assert notes == ["head H22.12 binh, tu"]
