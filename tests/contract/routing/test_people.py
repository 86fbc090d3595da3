"""Work is given to people whom the directory has, and passes on when units are dissolved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from motcua.events.v1.common_pb2 import Actor
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.collaboration_events_pb2 import ConsultationAnswered

from kernel.base.errors import Forbidden, Refused
from office.people.access_scope import AccessScope
from office.people.directory import Absence, Directory, DirectoryUnit, Officer
from services.routing.application.decision_context import CaseContextLoader
from services.routing.queries import consultations
from services.routing.queries.work_lists import list_work
from services.routing.tables import CASES, CONSULTATIONS, WORK
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk
from tests.support.events import payload_of
from tests.support.office_files import office_calendars, standard_processes
from tests.support.routing_cases import AN, BINH, PLANNER, answer, ask, assign, at, complete

MON = "2021-08-09 10:00"
CODE = "H22.12-210809-0001"
AWAY = Absence(date(2021, 8, 9), date(2021, 8, 13), "an")


def officer(name: str, unit: str = "H22.12", role: str = "specialist", *away: Absence) -> Officer:
    """Return an officer of one role."""
    return Officer(name, name, unit, frozenset({role}), absences=away)


PEOPLE = [
    officer("an"),
    officer("binh", "H22.12", "specialist", AWAY),
    officer("cuc", "H22.13"),
    officer("dung", "H22.12", "clerk"),
]


def office(*units: DirectoryUnit) -> CaseContextLoader:
    """Return the departments with a directory."""
    people = Directory({u.code: u for u in units}, {o.id: o for o in PEOPLE})
    return CaseContextLoader(standard_processes(), office_calendars, people=lambda: people)


@pytest.fixture
def departments(new_database: NewDatabase) -> Iterator[Departments]:
    """Routing on an empty database, with a case."""
    made = Departments(new_database("routing"))
    made.reads(Desk().files(CODE))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("assignee", "code", "words"),
    [
        ("nobody", "NO_SUCH_OFFICER", "There is no officer nobody in service."),
        (
            "cuc",
            "OFFICER_OF_ANOTHER_UNIT",
            "Officer cuc is of another unit (Ủy ban nhân dân huyện Vị Xuyên).",
        ),
        ("dung", "OFFICER_LACKS_ROLE", "Officer dung does not have the role “specialist”."),
        ("binh", "OFFICER_AWAY", "Officer binh is away until 13/08/2021; who stands in: an."),
    ],
)
def test_work_is_given_to_somebody_who_can_do_it(
    departments: Departments, assignee: str, code: str, words: str
) -> None:
    """Who is not in service there, lacks the role or is away is not given a step."""
    with pytest.raises(Refused) as caught:
        departments.does(assign("appraise", assignee), CODE, MON, office=office())
    assert (caught.value.code, caught.value.en) == (code, words)
    assert departments.rows(WORK)[0]["assignee"] in (None, "")

    departments.does(assign("appraise", "an"), CODE, MON, office=office())
    assert departments.rows(WORK)[0]["assignee"] == "an"


def test_who_is_back_can_be_given_work(departments: Departments) -> None:
    """The day after the absence, the officer is there."""
    departments.does(assign("appraise", "binh"), CODE, "2021-08-16 08:00", office=office())
    assert departments.rows(WORK)[0]["assignee"] == "binh"


MERGED = (
    DirectoryUnit("H22.12", "Huyện", valid_to=date(2021, 8, 9), successor="H22.70"),
    DirectoryUnit("H22.70", "Xã mới", valid_from=date(2021, 8, 10)),
)
SUCCESSOR = Actor(kind=AN.kind, id="moi", unit="H22.70")


def worked(departments: Departments, day: int) -> list[str]:
    """List the work of the successor's unit, asked for by its code on a day of August 2021."""
    units = {each.code: each for each in MERGED}
    mine = AccessScope("H22.70", "moi", units, date(2021, 8, day))
    with departments.engine.connect() as connection:
        request = pb.ListWorkRequest(unit="H22.70")
        page = list_work(connection, request, at(MON), mine)
    return [item.dossier_code for item in page.items]


def test_the_successor_works_on_from_the_day_after(departments: Departments) -> None:
    """On its last day a unit does its own work; then the successor does, and the next step is the
    successor's, while what was written keeps the old code.
    """
    merged = office(*MERGED)
    with pytest.raises(Forbidden) as early:
        departments.does(complete("appraise"), CODE, MON, SUCCESSOR, office=merged)
    assert early.value.code == "NOT_YOUR_UNIT"

    assert [worked(departments, day) for day in (9, 10)] == [[], [CODE]]
    departments.does(complete("appraise"), CODE, "2021-08-10 08:00", SUCCESSOR, office=merged)

    (row,) = departments.rows(CASES)
    assert (row["step"], row["step_unit"]) == ("review", "H22.70")
    with pytest.raises(Forbidden) as late:
        departments.does(complete("review"), CODE, "2021-08-10 09:00", BINH, office=merged)
    assert late.value.code == "NOT_YOUR_UNIT"


ASKED = (
    DirectoryUnit("H22.02", "Sở Kế hoạch", valid_to=date(2021, 8, 9), successor="H22.05"),
    DirectoryUnit("H22.05", "Sở Tài chính", valid_to=date(2021, 8, 10), successor="H22.71"),
    DirectoryUnit("H22.71", "Sở mới", valid_from=date(2021, 8, 11)),
)


def listed(departments: Departments, unit: str, wanted: str = "") -> list[str]:
    """Return the units that were asked, of the open questions that a unit's officer sees."""
    mine = AccessScope(unit, "nd", {each.code: each for each in ASKED}, date(2021, 8, 11))
    with departments.engine.connect() as connection:
        request = pb.ListConsultationsRequest(unit=wanted)
        page = consultations.list_all(connection, request, at("2021-08-11 08:00"), mine)
    return [each.unit for each in page.consultations]


def test_the_successor_answers_what_a_dissolved_unit_was_asked(departments: Departments) -> None:
    """From the day after, and its successor after it; the event names both, the list the first."""
    merged = office(*ASKED)
    departments.does(ask("appraise", True), CODE, MON, office=merged)
    first, second = (Actor(kind=AN.kind, id="nd", unit=unit) for unit in ("H22.05", "H22.71"))
    for when, actor in (
        ("2021-08-09 16:00", first),
        ("2021-08-10 08:00", PLANNER),
        ("2021-08-10 08:00", second),
        ("2021-08-11 08:00", first),
    ):
        with pytest.raises(Forbidden) as refused:
            departments.does(answer(), CODE, when, actor, office=merged)
        assert refused.value.code == "NOT_YOUR_UNIT"

    assert [listed(departments, unit) for unit in ("H22.05", "H22.71")] == [[], ["H22.02"]]
    assert listed(departments, "H22.71", "H22.71") == ["H22.02"]
    departments.does(answer(), CODE, "2021-08-11 08:00", second, office=merged)

    payload = payload_of(departments.own_events(CODE)[-1], ConsultationAnswered)
    assert (payload.unit, payload.successor_unit) == ("H22.02", "H22.71")
    assert [row["open"] for row in departments.rows(CONSULTATIONS)] == [0]
    with pytest.raises(Refused) as again:
        departments.does(answer(), CODE, "2021-08-11 09:00", second, office=merged)
    assert again.value.code == "ALREADY_ANSWERED"
    departments.does(complete("appraise"), CODE, "2021-08-11 09:00", office=merged)


def test_what_a_dissolved_unit_was_asked_is_not_asked_of_its_successor_too(
    departments: Departments,
) -> None:
    """The open question is the successor's already."""
    merged = office(*ASKED)
    departments.does(ask("appraise"), CODE, MON, office=merged)
    again = ask("appraise")
    again.unit = "H22.05"
    with pytest.raises(Refused) as asked:
        departments.does(again, CODE, "2021-08-10 08:00", office=merged)
    assert asked.value.code == "ALREADY_ASKED"
