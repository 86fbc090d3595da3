"""An officer comes back sooner: nobody stands in from then on, on what is there and what comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from motcua.events.v1.common_pb2 import Actor
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.officer_events_pb2 import DelegationEnded

from kernel.base.errors import Refused
from office.people.directory import Absence
from services.routing.application.decision_context import CaseContextLoader
from services.routing.tables import ABSENCES, SUBSTITUTIONS
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
from tests.support.departments import Departments, Desk, call_of, handle, merged
from tests.support.events import name_of, payload_of
from tests.support.routing_cases import (
    LEADER,
    SPECIALIST,
    assign,
    at,
    clock,
    complete,
    pull,
    resolve,
    send_back,
)

OFFICER = LEADER.kind
AN, BINH = (Actor(kind=OFFICER, id=name, unit="H22") for name in ("an", "binh"))
"""Of a unit above those of both cases."""
HEAD = Actor(kind=OFFICER, id="truong", unit="H22.12")
ELSEWHERE = Actor(kind=OFFICER, id="sep.khac", unit="H22.02")


@pytest.fixture
def departments(new_database: NewDatabase) -> Iterator[Departments]:
    """Routing on an empty database, with a case of each of two units, both of them An's."""
    made = Departments(new_database("routing"))
    desk = Desk()
    made.reads([*desk.files(CODE), *desk.files(OTHER, unit="H22.60")])
    give_to_an(made, [CODE, OTHER])
    yield made
    made.close()


def refused(departments: Departments, when: str, actor: Actor = AN) -> str:
    """Try to end it; gives the rule that stands against it."""
    with pytest.raises(Refused) as caught:
        departments.ends_absence(when, actor)
    return caught.value.code


def test_from_then_on_the_work_is_the_officer_s_alone(departments: Departments) -> None:
    """Each case that is covered tells it by itself, with the instant, and so does the record."""
    departments.delegates(absence(FRI), MON)
    assert departments.ends_absence(WED) == [CODE, OTHER]
    assert departments.kinds("an") == ["AbsenceDelegated", "AbsenceEnded"]
    for code in (CODE, OTHER):
        assert departments.kinds(code)[-1] == "DelegationEnded"
        assert try_(departments, WED, BINH, code) == "NOT_ASSIGNED_TO_YOU"
        case = shown(departments, WED, code)
        (one,) = case.substitutions
        assert (clock(one.ends_at.ToMicroseconds()), one.active) == (WED, False)
        assert case.entries[-1].note == "binh → an"
        assert try_(departments, WED, AN, code) == ""


def test_until_then_the_substitute_could_act(departments: Departments) -> None:
    """What was done in the absence counts on."""
    departments.delegates(absence(FRI), MON)
    assert try_(departments, TUE, BINH) == ""
    departments.ends_absence(WED)
    assert shown(departments, WED).case.current.step == "review"


def test_what_comes_later_is_not_covered(departments: Departments) -> None:
    """Neither a step that is given to the officer, nor one that comes back to them."""
    desk, new = Desk(), "H22.12-210809-0002"
    departments.reads(desk.files(new))
    departments.delegates(absence(FRI), MON)
    assert try_(departments, TUE, BINH) == ""
    assert departments.ends_absence(WED) == [CODE, OTHER]

    departments.does(assign("appraise", "an"), new, WED, LEADER)
    departments.does(send_back("review"), CODE, WED, LEADER)
    departments.does(assign("appraise", "an"), CODE, WED, LEADER)
    for code in (new, CODE):
        assert try_(departments, THU, BINH, code) == "NOT_ASSIGNED_TO_YOU"
    assert not shown(departments, WED, new).substitutions


def test_a_case_that_is_pulled_back_is_not_covered(departments: Departments) -> None:
    """It was covered, went on in the absence, and is the officer's alone again."""
    departments.delegates(absence(FRI), MON)
    departments.does(complete("appraise"), CODE, TUE)
    departments.ends_absence(WED)
    departments.does(pull("review"), CODE, WED)
    assert try_(departments, WED, BINH) == "NOT_ASSIGNED_TO_YOU"


def test_what_the_substitute_has_taken_over_stays(departments: Departments) -> None:
    """A step that they gave to themselves is theirs, whoever is back."""
    departments.delegates(absence(FRI), MON)
    departments.does(assign("appraise", "binh"), CODE, TUE, BINH)
    departments.ends_absence(WED)
    assert try_(departments, WED, AN) == "NOT_ASSIGNED_TO_YOU"
    assert try_(departments, WED, BINH) == ""


def test_a_case_that_has_ended_hears_nothing(departments: Departments) -> None:
    """Its record is closed."""
    desk, done = Desk(), "H22.12-210809-0003"
    departments.reads(desk.files(done, process="same-day"))
    departments.does(assign("handle", "an"), done, MON)
    departments.delegates(absence(FRI), MON)
    departments.does(resolve("handle"), done, MON)
    assert departments.ends_absence(WED) == [CODE, OTHER]
    assert departments.kinds(done)[-1] == "CaseResolved"


def test_a_head_speaks_for_the_own_unit(departments: Departments) -> None:
    """There nobody stands in any more, elsewhere and in what comes there somebody does; the officer
    ends the rest.
    """
    desk, new = Desk(), {"H22.12": "H22.12-210809-0002", "H22.60": "H22.60-210809-0002"}
    departments.reads([e for unit, code in new.items() for e in desk.files(code, unit=unit)])
    departments.delegates(absence(FRI), MON)
    departments.ends_absence(TUE, HEAD)
    assert try_(departments, TUE, BINH, CODE) == "NOT_ASSIGNED_TO_YOU"
    assert not shown(departments, TUE, CODE).substitutions[0].active
    assert try_(departments, TUE, BINH, OTHER) == ""

    for code in new.values():
        departments.does(assign("appraise", "an"), code, TUE, LEADER)
    assert try_(departments, TUE, BINH, new["H22.12"]) == "NOT_ASSIGNED_TO_YOU"
    assert departments.kinds(new["H22.60"])[-2:] == ["WorkDelegated", "DelegationEnded"]
    assert refused(departments, WED, HEAD) == "NO_ABSENCE"
    departments.ends_absence(WED)
    assert try_(departments, WED, BINH, new["H22.60"]) == "NOT_ASSIGNED_TO_YOU"


def test_who_may_end_it_and_when(departments: Departments) -> None:
    """The officer, or a head or leader of the unit; while it lasts, and once."""
    assert refused(departments, MON) == "NO_ABSENCE"
    departments.delegates(absence(FRI, begins=TUE), MON, HEAD)
    assert refused(departments, MON) == "NO_ABSENCE"
    for other in (SPECIALIST, ELSEWHERE, Actor(kind=OFFICER, id="x")):
        assert refused(departments, WED, other) == "NOT_YOURS_TO_END"
    assert refused(departments, FRI) == "NO_ABSENCE"
    assert departments.ends_absence(WED, LEADER) == [CODE]
    written = len(departments.own_events())
    for actor in (AN, HEAD, LEADER):
        assert refused(departments, WED, actor) == "NO_ABSENCE"
    assert len(departments.own_events()) == written


def test_what_begins_later_stays(departments: Departments) -> None:
    """Back on Tuesday, away again on Thursday as was said before."""
    departments.delegates(absence(WED), MON)
    departments.delegates(absence(FRI, begins=THU), MON)
    departments.ends_absence(TUE)
    assert try_(departments, TUE, BINH) == "NOT_ASSIGNED_TO_YOU"
    assert try_(departments, THU, BINH) == ""


def test_who_is_away_again_is_stood_in_for_again(departments: Departments) -> None:
    """By the same substitute until the same end as at first: it is written anew."""
    departments.delegates(absence(FRI), MON)
    departments.ends_absence(TUE)
    departments.delegates(absence(FRI), WED)
    assert departments.kinds("an")[-1] == "AbsenceDelegated"
    assert try_(departments, WED, BINH) == ""


def test_all_substitutes_stop(departments: Departments) -> None:
    """Each is named in the case, once."""
    departments.delegates(absence(FRI), MON)
    departments.delegates(absence(THU), MON)
    request = pb.DelegateWorkRequest(officer="an", substitute="chi")
    request.ends_at.FromMicroseconds(at(FRI))
    departments.delegates(request, MON)
    departments.ends_absence(TUE)
    ended = [
        payload_of(e, DelegationEnded)
        for e in departments.own_events(CODE)
        if name_of(e) == "DelegationEnded"
    ]
    assert [(each.officer, each.substitute) for each in ended] == [("an", "binh"), ("an", "chi")]
    assert not any(one.active for one in shown(departments, TUE).substitutions)


def test_a_leader_of_the_officer_s_unit_by_the_directory(departments: Departments) -> None:
    """The directory says which unit that is; what it says of days away ends nothing and stays."""
    away = Absence(date(2021, 8, 9), date(2021, 8, 13), "binh")
    known = with_people(someone("an", "H22.60", away), someone("binh", "H22.60"))
    assert says(departments, known, absence(FRI)) == ""
    request = pb.EndAbsenceRequest(request_id="017b2953-0f80-4000-8000-000000000002", officer="an")
    with pytest.raises(Refused) as other:
        _end(departments, known, request, HEAD)
    assert other.value.code == "NOT_YOURS_TO_END"
    head = Actor(kind=OFFICER, id="truong", unit="H22.60")
    assert list(_end(departments, known, request, head).dossier_codes) == [CODE, OTHER]
    with pytest.raises(Refused) as still:
        departments.does(assign("appraise", "an"), OTHER, TUE, LEADER, office=known)
    assert still.value.code == "OFFICER_AWAY"


def _end(
    departments: Departments, known: CaseContextLoader, request: pb.EndAbsenceRequest, actor: Actor
) -> pb.EndAbsenceResponse:
    call = call_of(actor, request, TUE)
    answer: pb.EndAbsenceResponse = departments.writer.submit(
        lambda uow: handle(uow, request, call, known)
    ).result()
    return answer


def test_every_case_is_freed_however_many_there_are(departments: Departments) -> None:
    """More than are looked up at once."""
    desk, codes = Desk(), [f"H22.12-210809-{number:04d}" for number in range(2, 453)]
    departments.reads([event for code in codes for event in desk.files(code)])
    give_to_an(departments, codes)
    departments.delegates(absence(FRI), MON)
    assert departments.ends_absence(TUE) == [CODE, *codes, OTHER]
    assert try_(departments, TUE, BINH, codes[-1]) == "NOT_ASSIGNED_TO_YOU"


@pytest.mark.parametrize("turn", range(3))
def test_a_rebuild_knows_that_it_is_over(new_database: NewDatabase, turn: int) -> None:
    """Whatever the order of the records in the log the views are equal, and who stood in is refused
    on what is there and on what comes.
    """
    first = Departments(new_database("live"))
    again = Departments(new_database("rebuilt"), reacting=False)
    try:
        desk = Desk()
        heard = {code: desk.files(code, unit=code[:6]) for code in (CODE, OTHER)}
        first.reads([event for events in heard.values() for event in events])
        give_to_an(first, [CODE])
        first.delegates(absence(FRI), MON)
        first.ends_absence(TUE, HEAD)
        first.delegates(absence(THU, begins=WED), TUE)
        first.does(assign("appraise", "an"), OTHER, TUE, LEADER)
        first.ends_absence(WED)
        records = [[*heard[code], *first.own_events(code)] for code in (CODE, OTHER)]
        log = merged([first.own_events("an"), *records], [turn] * 30)
        for start in range(0, len(log), 2):
            again.reads(log[start : start + 2])
        assert again.views() == first.views()
        assert len(again.rows(ABSENCES)) == len(again.rows(SUBSTITUTIONS)) == 2
        for code in (CODE, OTHER):
            assert try_(again, WED, BINH, code) == "NOT_ASSIGNED_TO_YOU"
    finally:
        first.close()
        again.close()
