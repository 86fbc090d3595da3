"""A request that names what can't be is its caller's mistake: each wrong field is told, and
nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from motcua.events.v1.common_pb2 import Part
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.case_events_pb2 import SupplementRequested

from kernel.base.errors import Invalid
from kernel.rpc.validation.validator import check
from office.catalogue.known_units import shipped_units
from office.catalogue.loader import shipped_catalogue
from office.normalization.formats import normalizer_of
from office.people.directory import Directory, DirectoryUnit
from services.routing.application.decision_context import CaseContextLoader
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk
from tests.support.events import payload_of
from tests.support.models import OFFICE
from tests.support.office_files import office_calendars, standard_processes
from tests.support.routing_cases import LEADER, ask, complete, extend, payment, stop, supplement

MON = "2021-08-09 10:00"
CODE = "H22.12-210809-0001"


@pytest.fixture
def departments(new_database: NewDatabase) -> Iterator[Departments]:
    """Routing on an empty database, with a case that An has."""
    made = Departments(new_database("routing"))
    made.reads(Desk().files(CODE))
    made.takes(CODE)
    yield made
    made.close()


def wrong(
    departments: Departments, request: Message, known: CaseContextLoader = OFFICE
) -> dict[str, str]:
    """Send a request that is wrong; gives the rule that each field breaks."""
    before = departments.kinds()
    with pytest.raises(Invalid) as found:
        departments.does(request, CODE, MON, office=known)
    assert departments.kinds() == before
    assert all(each.vi and each.en for each in found.value.violations)
    return {each.field: each.rule for each in found.value.violations}


def misformed(request: Message, field: str) -> dict[str, str]:
    """Return the rule that each wrong item of a field breaks, as the server checks it."""
    with pytest.raises(Invalid) as found:
        check(request, normalizer_of=normalizer_of)
    return {
        each.field: each.rule for each in found.value.violations if each.field.startswith(field)
    }


def question(unit: str, role: str = "", waits: bool = True) -> pb.RequestConsultationRequest:
    """Ask a unit."""
    request = ask("appraise", waits)
    request.unit, request.role = unit, role
    return request


# -- units and roles ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "role", "fields"),
    [
        ("không", "", {"unit": "unit.unknown"}),
        ("H99.zz", "", {"unit": "unit.unknown"}),
        ("H22.02 ", "", {"unit": "unit.unknown"}),
        ("H22.02", "vua", {"role": "role.unknown"}),
        ("H99.zz", "Head", {"unit": "unit.unknown", "role": "role.unknown"}),
    ],
)
def test_nobody_is_asked_who_is_not_there(
    departments: Departments, unit: str, role: str, fields: dict[str, str]
) -> None:
    """A question that no unit or role could ever answer is refused, and the step goes on."""
    assert wrong(departments, question(unit, role)) == fields
    departments.does(complete("appraise"), CODE, MON)


@pytest.mark.parametrize("role", ["", "head"])
def test_a_unit_and_role_of_the_office_are_asked(departments: Departments, role: str) -> None:
    """What there is can be asked, with a role and without one."""
    departments.does(question("H22.02", role), CODE, MON)
    assert departments.kinds(CODE)[-1] == "ConsultationRequested"


def test_the_directory_s_units_can_be_asked_while_they_work(departments: Departments) -> None:
    """A unit that only the directory has is known; one that is dissolved is not asked."""
    units = {
        "H22.60": DirectoryUnit("H22.60", "Huyện"),
        "H22.05": DirectoryUnit("H22.05", "Sở", valid_to=date(2021, 8, 8), successor="H22.60"),
    }
    known = CaseContextLoader(
        standard_processes(), office_calendars, people=lambda: Directory(units, {})
    )
    assert wrong(departments, question("H22.05"), known) == {"unit": "unit.not_valid"}
    departments.does(question("H22.60"), CODE, MON, office=known)
    assert wrong(departments, question("H22.60")) == {"unit": "unit.unknown"}


def test_the_units_are_those_of_the_catalogue() -> None:
    """What can be asked is what `motcua process check` lets a process name."""
    assert set(shipped_units()) == set(shipped_catalogue().units)


# -- papers ---------------------------------------------------------------------------------------


def papers(*parts: Part) -> pb.RequestSupplementRequest:
    """Ask for papers."""
    request = supplement("appraise")
    del request.parts[:]
    request.parts.extend(parts)
    return request


def test_papers_that_cant_be_are_not_asked_for() -> None:
    """Each paper without a name, or in a number of copies that nobody hands in, is told."""
    request = papers(
        Part(code="", copies=-5),
        Part(code="đơn", copies=2),
        Part(code="  ", copies=101),
        Part(code="x" * 65, sha256="A" * 63, note="n" * 1001),
    )
    assert misformed(request, "parts") == {
        "parts[0].code": "string.min_len",
        "parts[0].copies": "int32.gte_lte",
        "parts[2].code": "string.min_len",
        "parts[2].copies": "int32.gte_lte",
        "parts[3].code": "string.max_len",
        "parts[3].sha256": "sha256",
        "parts[3].note": "string.max_len",
    }


def test_papers_in_words_and_without_a_number_are_asked_for_once(departments: Departments) -> None:
    """What no procedure lists may be asked for; no number of copies means one, as at the desk."""
    request = papers(Part(code="giay-khac", note="Giấy ủy quyền"), Part(code="don", copies=100))
    departments.does(request, CODE, MON)
    asked = payload_of(departments.own_events(CODE)[-1], SupplementRequested)
    assert [(part.code, part.copies) for part in asked.parts] == [("giay-khac", 1), ("don", 100)]
    assert asked.parts[0].note == "Giấy ủy quyền"


# -- instants -------------------------------------------------------------------------------------


def test_a_fact_is_a_choice_or_a_number() -> None:
    """What is longer than any of them would not fit the log, and is named before it is written."""
    request = complete("appraise")
    request.facts.add(name="area", value="9" * 64)
    request.facts.add(name="n" * 65, value="9" * 65)
    named = {"facts[1].name": "string.max_len", "facts[1].value": "string.max_len"}
    assert misformed(request, "facts") == named


def test_no_instant_lies_where_no_calendar_is_kept(departments: Departments) -> None:
    """A date before 1901 or after 2199 is the caller's mistake in every field that takes one."""
    requests: list[tuple[Any, str]] = [
        (supplement("appraise"), "answer_due_at"),
        (payment("appraise"), "expected_end_at"),
        (stop("appraise"), "expected_end_at"),
    ]
    for text in ("2200-01-01T12:00:00Z", "9999-12-31T23:59:59Z", "1900-12-31T12:00:00Z"):
        for request, field in requests:
            getattr(request, field).CopyFrom(instant(text))
            assert wrong(departments, request) == {field: "instant.range"}


@pytest.mark.parametrize("text", ["2200-01-01T12:00:00Z", "9999-12-31T23:59:59Z"])
def test_no_promise_and_no_absence_ends_there(departments: Departments, text: str) -> None:
    """An extension and an absence are held to the same years."""
    promise = extend("2021-08-16 09:00", "2021-08-20 09:00")
    promise.dossier_code = CODE
    promise.due_at.CopyFrom(instant(text))
    with pytest.raises(Invalid) as extended:
        departments.does(promise, CODE, MON, LEADER)
    assert [each.field for each in extended.value.violations] == ["due_at"]

    absence = pb.DelegateWorkRequest(officer="an", substitute="binh", ends_at=instant(text))
    with pytest.raises(Invalid) as away:
        departments.delegates(absence, MON)
    assert [each.field for each in away.value.violations] == ["ends_at"]


def test_the_last_year_of_the_calendars_can_be_named(departments: Departments) -> None:
    """A stop may be foreseen to end in 2199, however unlikely that is."""
    request = stop("appraise")
    request.expected_end_at.CopyFrom(instant("2199-12-30T23:00:00Z"))
    departments.does(request, CODE, MON)
    assert departments.kinds(CODE)[-1] == "CaseSuspended"


def instant(text: str) -> Timestamp:
    """Read an instant."""
    found = Timestamp()
    found.FromJsonString(text)
    return found
