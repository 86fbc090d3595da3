"""Somebody stands in for an absent officer: on what is there, and on what comes while it lasts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial

import pytest
from motcua.events.v1.common_pb2 import Actor
from motcua.routing.v1 import routing_pb2 as pb

from kernel.base.errors import Refused
from kernel.base.instants import to_timestamp
from office.people.directory import Absence, Directory, DirectoryUnit, Officer
from services.routing.application.decision_context import CaseContextLoader
from services.routing.tables import ABSENCES
from tests.support.absences import (
    CODE,
    FRI,
    MON,
    OTHER,
    THU,
    TUE,
    WED,
    absence,
    give_to_an,
    says,
    shown,
    someone,
    try_,
    with_people,
)
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk, merged
from tests.support.office_files import office_calendars, standard_processes
from tests.support.routing_cases import AN, BINH, LEADER, SPECIALIST, assign, at, complete, pull

MIDNIGHT = "2021-08-11 00:00"


@pytest.fixture
def departments(new_database: NewDatabase) -> Iterator[Departments]:
    """Routing on an empty database, with a case of each of two units."""
    made = Departments(new_database("routing"))
    desk = Desk()
    made.reads([*desk.files(CODE), *desk.files(OTHER, unit="H22.60")])
    yield made
    made.close()


def test_a_step_that_reaches_the_absent_officer_is_the_substitute_s_too(
    departments: Departments,
) -> None:
    """With nothing on the desk when it is said: what comes later is covered, and shown so."""
    assert departments.delegates(absence(), MON) == []
    departments.does(assign("appraise", "an"), CODE, TUE, LEADER)
    (one,) = shown(departments, TUE).substitutions
    assert (one.officer, one.substitute, one.active) == ("an", "binh", True)
    assert [e.note for e in shown(departments, TUE).entries][-1] == "an → binh"
    assert try_(departments, TUE, BINH) == ""


def test_the_work_returns_by_itself(departments: Departments) -> None:
    """From the end on it is the officer's alone, and what is given then is not covered."""
    departments.delegates(absence(), MON)
    departments.does(assign("appraise", "an"), CODE, TUE, LEADER)
    assert not shown(departments, WED).substitutions[0].active
    assert try_(departments, WED, BINH) == "NOT_ASSIGNED_TO_YOU"
    departments.does(assign("appraise", "an"), OTHER, WED, LEADER)
    assert not shown(departments, WED, OTHER).substitutions
    assert try_(departments, WED, AN) == ""


def test_an_absence_that_begins_later_covers_from_then_on(departments: Departments) -> None:
    """A step given before it begins is the officer's alone until it does."""
    departments.delegates(absence(FRI, begins=WED), MON)
    departments.does(assign("appraise", "an"), CODE, TUE, LEADER)
    assert not shown(departments, TUE).substitutions[0].active
    assert try_(departments, TUE, BINH) == "NOT_ASSIGNED_TO_YOU"
    assert try_(departments, WED, BINH) == ""


def test_what_the_substitute_has_taken_over_stays(departments: Departments) -> None:
    """Taken in the absence, the step is the substitute's after it, too."""
    departments.delegates(absence(), MON)
    departments.does(assign("appraise", "an"), CODE, TUE, LEADER)
    departments.does(assign("appraise", "binh"), CODE, TUE, BINH)
    assert try_(departments, FRI, AN) == "NOT_ASSIGNED_TO_YOU"
    assert try_(departments, FRI, BINH) == ""


def test_a_case_pulled_back_is_covered(departments: Departments) -> None:
    """It reaches the officer again without anybody giving it."""
    departments.does(assign("appraise", "an"), CODE, MON)
    departments.does(complete("appraise"), CODE, MON)
    departments.delegates(absence(), MON)
    assert not shown(departments, MON).substitutions
    departments.does(pull("review"), CODE, MON)
    assert [one.substitute for one in shown(departments, MON).substitutions] == ["binh"]
    assert try_(departments, MON, BINH) == ""


def test_a_leader_speaks_for_the_own_units_only(departments: Departments) -> None:
    """Of a district's leader the delegation holds for the district's steps; the officer's own word
    holds everywhere; who leads nothing says nothing for others.
    """
    of_district = Actor(kind=AN.kind, id="sep.huyen", unit="H22.60")
    assert departments.delegates(absence(), MON, of_district) == []
    departments.does(assign("appraise", "an"), CODE, TUE, LEADER)
    departments.does(assign("appraise", "an"), OTHER, TUE, LEADER)
    assert not shown(departments, TUE).substitutions
    assert shown(departments, TUE, OTHER).substitutions

    with pytest.raises(Refused) as other:
        departments.delegates(absence(), MON, SPECIALIST)
    assert other.value.code == "NOT_YOURS_TO_DELEGATE"
    nowhere = Actor(kind=AN.kind, id="sep.khac", unit="H22.02")
    with pytest.raises(Refused) as elsewhere:
        departments.delegates(absence(), MON, nowhere)
    assert elsewhere.value.code == "NOT_YOURS_TO_DELEGATE"


def test_it_is_written_once_and_only_for_a_time_and_person(departments: Departments) -> None:
    """A second click writes nothing, nor does a wrong request; who may not hears no."""
    departments.delegates(absence(), MON)
    departments.delegates(absence(), MON)
    assert departments.kinds("an") == ["AbsenceDelegated"]
    departments.delegates(absence(FRI), MON)
    assert departments.kinds("an") == ["AbsenceDelegated"] * 2
    for request, code in (
        (absence("2021-08-09 09:00"), "PERIOD_EMPTY"),
        (absence(TUE, begins=WED), "PERIOD_EMPTY"),
        (pb.DelegateWorkRequest(officer="an", substitute="an"), "OWN_SUBSTITUTE"),
    ):
        if code == "OWN_SUBSTITUTE":
            request.ends_at.CopyFrom(to_timestamp(at(FRI)))
        with pytest.raises(Refused) as refused:
            departments.delegates(request, MON)
        assert refused.value.code == code
    assert len(departments.rows(ABSENCES)) == 2


@pytest.mark.parametrize("turn", range(3))
def test_a_rebuild_knows_the_absences(new_database: NewDatabase, turn: int) -> None:
    """Officers' records may come before or after the dossiers' in the log: the views are equal, and
    the substitute may act.
    """
    first = Departments(new_database("live"))
    again = Departments(new_database("rebuilt"), reacting=False)
    try:
        heard = Desk().files(CODE)
        first.reads(heard)
        first.delegates(absence(), MON)
        first.does(assign("appraise", "an"), CODE, TUE, LEADER)
        record = first.own_events("an")
        log = merged([record, [*heard, *first.own_events(CODE)]], [turn] * 20)
        for start in range(0, len(log), 2):
            again.reads(log[start : start + 2])
        assert again.views() == first.views()
        assert len(again.rows(ABSENCES)) == 1
        again.does(complete("appraise"), CODE, TUE, BINH)
    finally:
        first.close()
        again.close()


def test_every_case_is_covered_however_many_there_are(departments: Departments) -> None:
    """The substitute may act on each of more than a thousand cases, those of other units between
    them or not; a head's word reaches all of the own unit and none of another.
    """
    desk, codes = Desk(), [f"H22.12-210809-{number:04d}" for number in range(2, 1005)]
    others = [f"H22.05-210809-{number:04d}" for number in range(1, 301)]
    for unit, dossiers in (("H22.12", codes), ("H22.05", others)):
        departments.reads([event for code in dossiers for event in desk.files(code, unit=unit)])
    give_to_an(departments, [*codes, *others])

    head = Actor(kind=AN.kind, id="h", unit="H22.12")
    assert departments.delegates(absence(), MON, head) == codes
    assert try_(departments, MON, BINH, codes[-1]) == ""
    assert departments.kinds(others[0])[-1] == "StepAssigned"
    assert departments.delegates(absence(), MON) == sorted([*others, *codes[:-1]])
    assert departments.kinds(others[-1])[-1] == "WorkDelegated"


# -- with a directory of people -------------------------------------------------------------------


HOLIDAY = Absence(date(2021, 8, 9), date(2021, 8, 13), "binh")


def test_who_is_away_is_given_work_while_somebody_stands_in(departments: Departments) -> None:
    """The directory alone refuses; with a delegation the step is the substitute's to do."""
    known = with_people(someone("an", "H22.12", HOLIDAY), someone("binh"))
    with pytest.raises(Refused) as away:
        departments.does(assign("appraise", "an"), CODE, TUE, LEADER, office=known)
    assert away.value.code == "OFFICER_AWAY"
    assert says(departments, known, absence()) == ""
    departments.does(assign("appraise", "an"), CODE, TUE, LEADER, office=known)
    departments.does(complete("appraise"), CODE, TUE, BINH, office=known)
    with pytest.raises(Refused) as over:
        departments.does(assign("appraise", "an"), OTHER, "2021-08-12 10:00", LEADER, office=known)
    assert over.value.code in ("OFFICER_AWAY", "OFFICER_OF_ANOTHER_UNIT")


@pytest.mark.parametrize(
    ("substitute", "code"),
    [
        (None, "NO_SUCH_OFFICER"),
        (someone("binh", "H22.60"), "OFFICER_OF_ANOTHER_UNIT"),
        (someone("binh", "H22.12", HOLIDAY), "OFFICER_AWAY"),
        (someone("binh", "H22"), ""),
    ],
)
def test_a_substitute_can_act_there_and_then(
    departments: Departments, substitute: Officer | None, code: str
) -> None:
    """In service, not away, and in a unit that may act for the officer's."""
    people = [someone("an"), *([substitute] if substitute else [])]
    assert says(departments, with_people(*people), absence()) == code
    assert says(departments, with_people(someone("binh")), absence()) == "NO_SUCH_OFFICER"


@pytest.mark.parametrize(
    ("substitute", "until", "code"),
    [
        (someone("binh", "H22.12", Absence(date(2021, 8, 11), date(2021, 8, 20))), FRI, "away"),
        (someone("binh", "H22.12", Absence(date(2021, 8, 13), date(2021, 8, 13))), FRI, "away"),
        (someone("binh", "H22.12", Absence(date(2021, 8, 14), date(2021, 8, 20))), FRI, ""),
        (someone("binh", "H22.12", Absence(date(2021, 8, 2), date(2021, 8, 8))), FRI, ""),
        (someone("binh", "H22.12", Absence(date(2021, 8, 11), date(2021, 8, 20))), MIDNIGHT, ""),
        (replace(someone("binh"), valid_to=date(2021, 8, 12)), FRI, "gone"),
        (replace(someone("binh"), valid_to=date(2021, 8, 13)), FRI, ""),
        (replace(someone("binh"), valid_from=date(2021, 8, 10)), FRI, "gone"),
    ],
)
def test_a_substitute_is_there_on_every_day(
    departments: Departments, substitute: Officer, until: str, code: str
) -> None:
    """From the first day of the absence to its last one, in service and not away."""
    codes = {"away": "OFFICER_AWAY", "gone": "NO_SUCH_OFFICER", "": ""}
    known = with_people(someone("an"), substitute)
    assert says(departments, known, absence(until)) == codes[code]


SUCCESSORS = {
    unit.code: unit
    for unit in (
        DirectoryUnit("H22", "Tỉnh"),
        DirectoryUnit("H22.12", "Xã", valid_to=date(2021, 8, 10), successor="H22.60.05"),
        DirectoryUnit("H22.60", "Huyện"),
        DirectoryUnit("H22.60.05", "Xã gộp", valid_to=date(2021, 8, 12), successor="H22.70.01"),
        DirectoryUnit("H22.70", "Huyện mới"),
        DirectoryUnit("H22.70.01", "Xã mới"),
    )
}


@pytest.mark.parametrize(
    ("officer", "substitute", "until", "code"),
    [
        ("H22.12", "H22.60", THU, ""),
        ("H22.12", "H22.60", FRI, "OFFICER_OF_ANOTHER_UNIT"),
        ("H22.12", "H22.70", FRI, "OFFICER_OF_ANOTHER_UNIT"),
        ("H22.12", "H22", FRI, ""),
        ("H22.60.05", "H22.60", THU, ""),
        ("H22.60.05", "H22.60", FRI, "OFFICER_OF_ANOTHER_UNIT"),
    ],
)
def test_a_substitute_s_unit_may_act_until_the_end(
    departments: Departments, officer: str, substitute: str, until: str, code: str
) -> None:
    """In the absence the officer's work passes to a successor, and from that to the next:
    whoever is above the first alone could act at the beginning, and could not at the end.
    """
    people = {one.id: one for one in (someone("an", officer), someone("binh", substitute))}
    known = CaseContextLoader(
        standard_processes(), office_calendars, people=partial(Directory, SUCCESSORS, people)
    )
    assert says(departments, known, absence(until, begins=WED)) == code
