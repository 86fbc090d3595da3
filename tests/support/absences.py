"""An officer who delegates work, and what is seen of it."""

from __future__ import annotations

from motcua.events.v1.common_pb2 import Actor
from motcua.routing.v1 import routing_pb2 as pb

from kernel.base.errors import Refused
from kernel.base.instants import to_timestamp
from kernel.eventsourcing.unit_of_work import UnitOfWork
from office.people.directory import Absence, Directory, DirectoryUnit, Officer
from services.routing.application.decision_context import CaseContextLoader
from services.routing.queries import case
from tests.support.departments import Departments, call_of, handle
from tests.support.office_files import office_calendars, standard_processes
from tests.support.routing_cases import AN, LEADER, assign, at, complete

MON, TUE, WED, THU, FRI = (f"2021-08-{day:02d} 10:00" for day in range(9, 14))


CODE = "H22.12-210809-0001"


OTHER = "H22.60-210809-0001"


def absence(until: str = WED, begins: str = "") -> pb.DelegateWorkRequest:
    """Ask that Bình stands in for An."""
    request = pb.DelegateWorkRequest(officer="an", substitute="binh")
    request.ends_at.CopyFrom(to_timestamp(at(until)))
    if begins:
        request.begins_at.CopyFrom(to_timestamp(at(begins)))
    return request


def try_(departments: Departments, when: str, actor: Actor, code: str = CODE) -> str:
    """Try to complete the first step; gives the rule that stands against it."""
    try:
        departments.does(complete("appraise"), code, when, actor)
    except Refused as refused:
        return refused.code
    return ""


def shown(departments: Departments, when: str, code: str = CODE) -> pb.GetCaseResponse:
    """Look at a case."""
    with departments.engine.connect() as connection:
        request = pb.GetCaseRequest(dossier_code=code)
        return case.get_case(connection, request, standard_processes(), at(when))


def give_to_an(departments: Departments, codes: list[str]) -> None:
    """Assign the first steps of many cases to An, in one transaction."""

    def give(uow: UnitOfWork) -> None:
        for code in codes:
            request = assign("appraise", "an")
            request.dossier_code = code
            handle(uow, request, call_of(LEADER, request, MON, code))

    departments.writer.exclusive(give).result()


def with_people(*people: Officer) -> CaseContextLoader:
    """Return the departments with a directory."""
    units = {code: DirectoryUnit(code, code) for code in ("H22", "H22.12", "H22.60")}
    directory = Directory(units, {one.id: one for one in people})
    return CaseContextLoader(standard_processes(), office_calendars, people=lambda: directory)


def someone(name: str, unit: str = "H22.12", *away: Absence) -> Officer:
    """Return a specialist."""
    return Officer(name, name, unit, frozenset({"specialist"}), absences=away)


def says(
    departments: Departments, known: CaseContextLoader, request: pb.DelegateWorkRequest
) -> str:
    """Delegate with a directory; gives the rule that stands against it."""
    request.request_id = "017b2953-0f80-4000-8000-000000000001"
    call = call_of(AN, request, MON)
    try:
        departments.writer.submit(lambda uow: handle(uow, request, call, known)).result()
    except Refused as refused:
        return refused.code
    return ""
