"""What routing's queries return, read in tests."""

from __future__ import annotations

from motcua.routing.v1 import routing_pb2 as pb

from kernel.crypto.keyring import Keyring
from services.routing.queries import case as queries
from services.routing.queries import work_lists
from tests.support.departments import Departments
from tests.support.office_files import standard_processes
from tests.support.routing_cases import at

CODE = "H22.12-210809-0001"


def work(
    departments: Departments, now: str = "2021-08-09 10:00", **more: object
) -> pb.ListWorkResponse:
    request = pb.ListWorkRequest(**more)  # type: ignore[arg-type]
    with departments.engine.connect() as connection:
        return work_lists.list_work(connection, request, at(now))


def case(
    departments: Departments,
    code: str = CODE,
    now: str = "2021-08-09 10:00",
    keyring: Keyring | None = None,
) -> pb.GetCaseResponse:
    with departments.engine.connect() as connection:
        request = pb.GetCaseRequest(dossier_code=code)
        return queries.get_case(connection, request, standard_processes(), at(now), keyring=keyring)
