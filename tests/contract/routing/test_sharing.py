"""What officers share, on SQLite and PostgreSQL: questions, participants, substitutes, timers."""

from __future__ import annotations

import json

import pytest
from google.protobuf.json_format import ParseDict
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.case_events_pb2 import StepCompleted

from kernel.base.errors import Invalid, Refused
from kernel.base.instants import to_timestamp
from services.routing.queries import case as queries
from services.routing.queries import consultations
from services.routing.tables import CASES, CONSULTATIONS, PARTICIPANTS, TIMERS, WORK
from tests.support.departments import Departments, Desk
from tests.support.events import name_of, payload_of
from tests.support.office_files import standard_processes
from tests.support.pages import shown as shown_on
from tests.support.routing_cases import (
    AN,
    BINH,
    LEADER,
    PLANNER,
    SPECIALIST,
    answer,
    ask,
    assign,
    at,
    clock,
    complete,
    look,
    pull,
    resolve,
    supplement,
    takes_part,
)
from tests.support.routing_queries import case, work

MON = "2021-08-09 10:00"
CODE = "H22.12-210809-0001"


def asked(departments: Departments, now: str = MON, **more: object) -> list[pb.Consultation]:
    """List questions, page by page."""
    found: list[pb.Consultation] = []
    token = ""
    while True:
        request = pb.ListConsultationsRequest(**more, page_size=2, page_token=token)  # type: ignore[arg-type]
        with departments.engine.connect() as connection:
            page = consultations.list_all(connection, request, at(now))
        found += page.consultations
        token = page.next_page_token
        if not token:
            return found


def test_questions_are_listed_by_unit_until_they_are_answered(departments: Departments) -> None:
    """What is due first comes first; pages lose nothing; the end of the case closes the rest."""
    desk = Desk()
    codes = [f"H22.12-210809-{n:04d}" for n in range(1, 6)]
    for number, code in enumerate(codes):
        departments.reads(desk.files(code, process="same-day"))
        limit = "none" if number == 0 else f"{6 - number}wd"
        departments.does(ask("handle", False, limit), code, MON)
    listed = [c.dossier_code[-4:] for c in asked(departments, unit="H22.02")]
    assert listed == ["0005", "0004", "0003", "0002", "0001"]
    assert asked(departments, unit="H22.03") == []
    departments.does(answer(), codes[1], MON, PLANNER)
    departments.does(resolve("handle"), codes[2], MON)
    assert [c.dossier_code[-4:] for c in asked(departments)] == ["0005", "0004", "0001"]
    (answered,) = asked(departments, dossier_code=codes[1], answered=True)
    assert (answered.answer, clock(answered.answered_at.ToMicroseconds())) == ("Phù hợp.", MON)
    late = asked(departments, "2021-08-20 10:00")
    assert [c.overdue for c in late] == [True, True, False]


def test_a_made_up_page_token_of_questions_is_refused(departments: Departments) -> None:
    """The field is named."""
    request = pb.ListConsultationsRequest(page_token="bm90aGluZw==")
    with departments.engine.connect() as connection, pytest.raises(Invalid) as wrong:
        consultations.list_all(connection, request, 0)
    assert [v.field for v in wrong.value.violations] == ["page_token"]


def test_participants_find_their_cases_in_the_list_of_work(departments: Departments) -> None:
    """ListWork with a participant shows what one cooperates in or watches, and nothing else."""
    desk = Desk()
    for number in (1, 2):
        departments.reads(desk.files(f"H22.12-210809-{number:04d}"))
    departments.does(takes_part(2), CODE, MON)
    found = work(departments, participant="la")
    assert [item.dossier_code for item in found.items] == [CODE]
    assert [p.officer for p in case(departments).participants] == ["la"]
    departments.does(takes_part(0), CODE, MON)
    assert not work(departments, participant="la").items
    assert departments.rows(PARTICIPANTS) == []


def absence(until: str = "2021-08-13 17:00") -> pb.DelegateWorkRequest:
    request = pb.DelegateWorkRequest(officer="an", substitute="binh")
    request.ends_at.CopyFrom(to_timestamp(at(until)))
    return request


def test_all_open_cases_of_an_absent_officer_are_delegated_at_once(
    departments: Departments,
) -> None:
    """Running and suspended ones; a second time writes nothing; ended and others' stay."""
    desk = Desk()
    codes = [f"H22.12-210809-{n:04d}" for n in range(1, 5)]
    for code in codes:
        departments.reads(desk.files(code, process="same-day"))
    for code in codes[:3]:
        departments.does(assign("handle", "an"), code, MON)
    departments.does(supplement("handle"), codes[1], MON)
    departments.does(resolve("handle"), codes[2], MON)
    assert departments.delegates(absence(), MON) == codes[:2]
    written = len(departments.own_events())
    assert departments.delegates(absence(), MON) == codes[:2]
    assert len(departments.own_events()) == written
    departments.does(resolve("handle"), codes[0], MON, BINH)


def test_who_may_delegate_an_officer_s_work(departments: Departments) -> None:
    """The officer, or a leader of the unit; nobody else."""
    departments.reads(Desk().files(CODE))
    departments.does(assign("appraise", "an"), CODE, MON)
    with pytest.raises(Refused) as other:
        departments.delegates(absence(), MON, SPECIALIST)
    assert other.value.code == "NOT_YOURS_TO_DELEGATE"
    assert departments.delegates(absence(), MON, LEADER) == [CODE]
    with pytest.raises(Refused) as past:
        departments.delegates(absence("2021-08-09 09:00"), MON)
    assert past.value.code == "PERIOD_EMPTY"


def test_a_timer_takes_its_way_once_from_the_index(departments: Departments) -> None:
    """The row is there while the step is, empty while the clock stands, and gone after."""
    desk = Desk()
    departments.reads(desk.files(CODE, process="consulted", limit="none"))
    departments.does(answer(), CODE, MON, PLANNER)
    small = pb.CompleteStepRequest(step="appraise")
    small.facts.add(name="outcome", value="reject")
    small.facts.add(name="area", value="5")
    departments.does(small, CODE, MON)
    (row,) = departments.rows(TIMERS)
    assert (row["transition"], clock(row["next_at"])) == ("recall", "2021-08-12 10:00")
    departments.does(_stop(), CODE, "2021-08-10 10:00")
    assert departments.rows(TIMERS)[0]["next_at"] is None
    departments.does(_go_on(), CODE, "2021-08-11 10:00")
    assert clock(departments.rows(TIMERS)[0]["next_at"]) == "2021-08-13 10:00"
    departments.looks("2021-08-13 09:59")
    assert departments.rows(CASES)[0]["step"] == "approve"
    departments.looks("2021-08-13 10:00")
    departments.looks("2021-08-13 10:00")
    assert departments.rows(CASES)[0]["step"] == "appraise"
    assert departments.rows(TIMERS) == []
    assert departments.kinds(CODE).count("StepSentBack") == 1


def _stop() -> pb.SuspendCaseRequest:
    return pb.SuspendCaseRequest(step="approve", kind=4, reason="chờ", counterpart="Sở khác")  # type: ignore[arg-type]


def _go_on() -> pb.ResumeCaseRequest:
    return pb.ResumeCaseRequest(step="approve", reason="đã có")


def test_a_pulled_back_case_is_its_sender_s_work_again(departments: Departments) -> None:
    """Work list, officer and due date are those of before; a look of the receiver ends that."""
    departments.reads(Desk().files(CODE))
    departments.does(assign("appraise", "an"), CODE, MON)
    (before,) = departments.rows(WORK)
    departments.does(complete("appraise"), CODE, MON)
    departments.does(pull("review"), CODE, MON)
    assert departments.rows(WORK) == [before]
    departments.does(complete("appraise"), CODE, MON)
    departments.does(look("review"), CODE, MON, BINH)
    with pytest.raises(Refused) as late:
        departments.does(pull("review"), CODE, MON)
    assert late.value.code == "ALREADY_OPENED"


def test_a_case_shows_what_is_open_by_what_is_known(departments: Departments) -> None:
    """GetCase names the ways, what is to be stated yet, and titles in the caller's language."""
    departments.reads(Desk().files(CODE, process="consulted"))
    shown = case(departments)
    assert list(shown.asked_facts) == ["outcome", "area"]
    assert list(shown.next_steps) == ["survey", "approve"]
    departments.does(answer(), CODE, MON, PLANNER)
    request = pb.CompleteStepRequest(step="appraise")
    request.facts.add(name="outcome", value="grant")
    request.facts.add(name="area", value="5000")
    departments.does(request, CODE, MON)
    with departments.engine.connect() as connection:
        asked_for = pb.GetCaseRequest(dossier_code=CODE)
        shown = queries.get_case(connection, asked_for, standard_processes(), at(MON), "en")
    assert [(way.name, way.title) for way in shown.transitions] == [
        ("to-approve", "Submit for approval")
    ]
    assert {fact.name: fact.value for fact in shown.facts} == {"outcome": "grant", "area": "5000"}


def test_the_call_with_facts_that_the_page_shows_is_taken(departments: Departments) -> None:
    """Its facts are stated and its way is gone, in the process that ships."""
    (words,) = [it for it in shown_on("docs/processes.md") if it[:2] == ["call", "CompleteStep"]]
    request = ParseDict(json.loads(words[2]), pb.CompleteStepRequest())
    departments.reads(Desk().files(request.dossier_code, process="consulted"))
    departments.does(answer(), request.dossier_code, MON, PLANNER)
    departments.does(request, request.dossier_code, MON)
    assert departments.rows(CASES)[0]["step"] == "approve"
    (event,) = [e for e in departments.own_events() if name_of(e) == "StepCompleted"]
    stated = {fact.name: fact.value for fact in payload_of(event, StepCompleted).facts}
    assert stated == {"outcome": "grant", "area": "800"}


def test_a_case_moves_only_to_a_version_that_is_there(departments: Departments) -> None:
    """An unknown version and the present one are refused, and nothing is written."""
    departments.reads(Desk().files(CODE))
    for version, code in ((7, "UNKNOWN_PROCESS"), (1, "SAME_VERSION")):
        request = pb.MoveCaseRequest(process_version=version, reason="quy định mới")
        with pytest.raises(Refused) as refused:
            departments.does(request, CODE, MON, LEADER)
        assert refused.value.code == code
    over = pb.MoveCaseRequest(process="simple", process_version=1, reason="quy định mới")
    departments.does(over, CODE, MON, LEADER)
    (row,) = departments.rows(CASES)
    assert (row["process"], row["step"], row["step_role"]) == ("simple", "appraise", "specialist")
    assert [c.number for c in asked(departments)] == []
    assert departments.rows(CONSULTATIONS) == []
    departments.does(complete("appraise"), CODE, MON, AN)
    assert departments.rows(CASES)[0]["step"] == "approve"
