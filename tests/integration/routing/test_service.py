"""Routing from outside: what officers, importers and the log see."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import protovalidate
import pytest
from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1 import routing_pb2 as pb

from infra.local.kafka import KafkaBroker
from kernel.base.clock import FixedClock
from kernel.consumer.applying import positions
from kernel.consumer.applying.batch import Batch
from kernel.consumer.applying.batch_applier import Applier
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.rpc.client import explain
from tests.support import feed
from tests.support import routing_service as who
from tests.support.departments import Desk
from tests.support.events import name_of
from tests.support.identity import metadata
from tests.support.routing_cases import (
    GRANTED,
    REJECTED,
    assign,
    at,
    clock,
    complete,
    resolve,
    send_back,
    supplement,
)
from tests.support.routing_service import Routing, open_routing, wait_until

REFUSED = grpc.StatusCode.FAILED_PRECONDITION
WRONG = grpc.StatusCode.INVALID_ARGUMENT
DENIED = grpc.StatusCode.PERMISSION_DENIED
NOT_FOUND = grpc.StatusCode.NOT_FOUND


@pytest.fixture(scope="module")
def routing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routing]:
    """The service on SQLite, shared by a module's tests; each uses dossiers of its own."""
    folder: Path = tmp_path_factory.mktemp("routing")
    with open_routing(f"sqlite:///{folder}/routing.sqlite") as running:
        running.writer.exclusive(lambda uow: positions.begin(uow, [0])).result()
        yield running


@pytest.fixture(autouse=True)
def morning(request: pytest.FixtureRequest) -> None:
    """Every test of the shared service begins on Monday, 09/08/2021, 10:00."""
    if "routing" in request.fixturenames:
        request.getfixturevalue("routing").clock.set("2021-08-09 10:00")


@pytest.fixture
def code(routing: Routing) -> str:
    """A dossier with a case at its first step."""
    return filed(routing)


def filed(routing: Routing, **more: Any) -> str:
    """Let a dossier be submitted and accepted at the desk."""
    number = uuid.uuid4().int % 10**7
    code = f"H22.12-210809-{number:07d}"
    hear(routing, Desk().files(code, **more))
    return code


def hear(routing: Routing, events: list[Event]) -> None:
    """Take events as if they were read from the log."""

    def apply(uow: UnitOfWork) -> None:
        here = positions.load(uow.connection, uow.model.tables)[0]
        records = [
            Record(0, here + i, e.stream_id.encode(), e.SerializeToString(), ())
            for i, e in enumerate(events)
        ]
        batch = Batch(records, {0: here}, {0: here + len(records)})
        Applier("t", FixedClock(routing.clock.now())).apply(uow, batch, {})

    routing.writer.exclusive(apply).result()


def shown(routing: Routing, code: str) -> pb.GetCaseResponse:
    answer: pb.GetCaseResponse = routing.call("GetCase", pb.GetCaseRequest(), code=code)
    return answer


def test_a_case_goes_from_its_first_step_to_its_result(routing: Routing, code: str) -> None:
    """Officers take, complete, send back and resolve, each answer showing the case afterwards."""
    answer = routing.call("AssignStep", assign("appraise", "binh"), code=code)
    assert answer.case.assignee == "binh"
    answer = routing.call("CompleteStep", complete("appraise"), who.BINH, code)
    assert answer.case.current.step == "review"
    answer = routing.call("SendBack", send_back("review"), code=code)
    assert answer.case.current.step == "appraise"
    for step in ("appraise", "review", "approve"):
        routing.call("CompleteStep", complete(step), code=code)
    assert shown(routing, code).resolvable
    answer = routing.call("ResolveCase", resolve("seal"), code=code)
    assert answer.case.state == pb.CaseState.CASE_STATE_RESOLVED
    assert answer.case.result_number == "12/GP"
    assert shown(routing, code).case == answer.case


def test_the_clock_stops_for_papers_and_goes_on(routing: Routing) -> None:
    """RequestSupplement suspends; the papers' arrival moves the promised date."""
    desk = Desk()
    code = f"H22.12-210809-{uuid.uuid4().int % 10**7:07d}"
    hear(routing, desk.files(code))
    routing.clock.set("2021-08-11 10:00")
    answer = routing.call("RequestSupplement", supplement("appraise"), code=code)
    assert answer.case.state == pb.CaseState.CASE_STATE_SUSPENDED
    assert clock(answer.case.answer_due_at.ToMicroseconds()) == "2021-09-10 10:00"
    hear(routing, [desk.papers(code, "2021-08-17 15:00")])
    case = shown(routing, code).case
    assert case.state == pb.CaseState.CASE_STATE_RUNNING
    assert clock(case.due_at.ToMicroseconds()) == "2021-08-20 14:00"


def test_refusals_have_a_code_and_speak_the_caller_s_language(routing: Routing, code: str) -> None:
    """FAILED_PRECONDITION with the reason, in Vietnamese unless English is asked for."""
    problem = routing.problem("ResolveCase", resolve("appraise"), code=code)
    assert (problem.code, problem.reason) == (REFUSED, "STEP_CANNOT_RESOLVE")
    assert problem.text == "Không thể ghi kết quả giải quyết ở bước “Thẩm định”."
    problem = routing.problem("ResolveCase", resolve("appraise"), who.ENGLISH, code)
    assert problem.text == "The result can't be given at the step “Appraise”."


@pytest.mark.parametrize(
    ("method", "request_", "fields"),
    [
        ("AssignStep", pb.AssignStepRequest(), {"dossier_code", "step", "assignee"}),
        ("CompleteStep", pb.CompleteStepRequest(), {"dossier_code", "step"}),
        ("SendBack", pb.SendBackRequest(), {"dossier_code", "step"}),
        (
            "RequestSupplement",
            pb.RequestSupplementRequest(),
            {"dossier_code", "step", "parts", "reason"},
        ),
        ("ResolveCase", pb.ResolveCaseRequest(), {"dossier_code", "result"}),
    ],
)
def test_every_wrong_field_is_named(
    routing: Routing, method: str, request_: Message, fields: set[str]
) -> None:
    """An empty request is INVALID_ARGUMENT with all its faults at once."""
    problem = routing.problem(method, request_)
    assert problem.code == WRONG
    assert set(problem.fields) == fields


def test_the_contract_s_rules_can_all_be_checked() -> None:
    """Every request's validation rules compile."""
    for name, message in vars(pb).items():
        if name.endswith("Request"):
            protovalidate.collect_violations(message())


@pytest.mark.parametrize(
    ("method", "request_", "caller"),
    [
        ("ListWork", pb.ListWorkRequest(), who.CITIZEN),
        ("GetCase", pb.GetCaseRequest(dossier_code="x"), who.CITIZEN),
        ("CompleteStep", complete("a"), who.IMPORTER),
        ("RecordStep", pb.RecordStepRequest(), who.AN),
        ("CompleteImport", pb.CompleteImportRequest(), who.AN),
    ],
)
def test_methods_are_for_those_they_are_meant_for(
    routing: Routing, method: str, request_: Message, caller: who.Metadata
) -> None:
    """Citizens do not see the departments, officers do not write history, importers do not work."""
    assert routing.problem(method, request_, caller, "x").code == DENIED


def test_another_unit_does_not_see_a_case(routing: Routing, code: str) -> None:
    """Alone, in lists and among questions: what is not one's own is not shown."""
    other = metadata("officer", "quy", unit="H22.02", roles=["leader"])
    problem = routing.problem("GetCase", pb.GetCaseRequest(), other, code)
    assert (problem.code, problem.reason) == (DENIED, "NOT_YOUR_UNIT")
    assert not routing.call("ListWork", pb.ListWorkRequest(page_size=500), other).items
    asked = pb.ListWorkRequest(unit="H22.12")
    assert routing.problem("ListWork", asked, other).reason == "NOT_YOUR_UNIT"
    above = metadata("officer", "sep", unit="H22", roles=["leader"])
    for caller in (above, metadata("operator", "root")):
        assert routing.call("GetCase", pb.GetCaseRequest(), caller, code).case.dossier_code == code
        items = routing.call("ListWork", pb.ListWorkRequest(page_size=500), caller).items
        assert code in {item.dossier_code for item in items}


def test_an_unknown_dossier_is_not_found(routing: Routing) -> None:
    """For reading and for writing."""
    assert routing.problem("GetCase", pb.GetCaseRequest(), code="x").code == NOT_FOUND
    assert routing.problem("CompleteStep", complete("a"), code="x").code == NOT_FOUND


def test_the_same_request_acts_once(routing: Routing, code: str) -> None:
    """A double click with one request id gives the first answer again."""
    request = complete("appraise")
    first = routing.call("CompleteStep", request, code=code)
    assert routing.call("CompleteStep", request, code=code) == first
    kinds = [entry.type for entry in shown(routing, code).entries]
    assert kinds.count("StepCompleted") == 1


def test_of_two_officers_at_once_one_wins_and_the_other_is_told(
    routing: Routing, code: str
) -> None:
    """Different requests for the same step have one effect."""

    def try_(_number: int) -> str:
        try:
            routing.call("CompleteStep", complete("appraise"), code=code)
        except grpc.RpcError as error:
            return explain(error).reason
        return "done"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(try_, range(8)))
    assert outcomes == ["NOT_CURRENT_STEP"] * 7 + ["done"]


def test_after_a_rebuild_a_repeated_request_is_answered_from_its_events(
    routing: Routing, code: str
) -> None:
    """The first answers are gone with the old database; the request still acts once."""
    request = complete("appraise")
    first = routing.call("CompleteStep", request, code=code)

    def forget(uow: UnitOfWork) -> None:
        uow.connection.execute(uow.model.tables.requests.delete())

    routing.writer.exclusive(forget).result()
    assert routing.call("CompleteStep", request, code=code) == first
    assert shown(routing, code).case.current.step == "review"


def test_a_late_result_needs_an_explanation_which_is_kept(routing: Routing) -> None:
    """EXPLANATION_REQUIRED, then the explanation in the case's record."""
    code = filed(routing, process="same-day", limit="8wh")
    routing.call("AssignStep", assign("handle", "an"), code=code)
    routing.clock.set("2021-08-10 10:00")
    problem = routing.problem("ResolveCase", resolve("handle"), code=code)
    assert problem.reason == "EXPLANATION_REQUIRED"
    answer = routing.call("ResolveCase", resolve("handle", REJECTED, "mất điện"), code=code)
    assert answer.case.explanation == "mất điện"
    kinds = [entry.type for entry in shown(routing, code).entries]
    assert kinds == ["CaseOpened", "StepAssigned", "DeadlineMissed", "CaseResolved"]
    assert answer.case.first_due_at == answer.case.due_at


def test_history_from_another_system_is_brought_in(routing: Routing) -> None:
    """RecordStep, ResolveCase and CompleteImport with the original times."""
    code = filed(routing, imported_from="receipt", process="imported", when="2010-10-11 10:00")
    for number, when in enumerate(("2010-11-02 10:00", "2010-10-12 10:00"), start=1):
        step = pb.RecordStepRequest(activity=f"T{number}", unit="G1", source_row=str(number))
        step.occurred_at.FromMicroseconds(at(when))
        assert routing.call("RecordStep", step, who.IMPORTER, code).steps == number
    ended = pb.ResolveCaseRequest(result=GRANTED)
    ended.occurred_at.FromMicroseconds(at("2010-10-20 10:00"))
    answer = routing.call("ResolveCase", ended, who.IMPORTER, code)
    assert clock(answer.case.ended_at.ToMicroseconds()) == "2010-10-20 10:00"
    done = routing.call("CompleteImport", pb.CompleteImportRequest(), who.IMPORTER, code)
    assert done.steps == 2
    entries = shown(routing, code).entries
    assert [e.step for e in entries if e.type == "StepRecorded"] == ["T1", "T2"]


def test_processes_are_listed_in_the_caller_s_language(routing: Routing) -> None:
    """Titles in Vietnamese or English; limits as they are written."""
    vi = routing.call("ListProcesses", pb.ListProcessesRequest())
    en = routing.call("ListProcesses", pb.ListProcessesRequest(), who.ENGLISH)
    of_vi, of_en = ({p.name: p for p in answer.processes} for answer in (vi, en))
    assert of_vi["standard"].title == "Quy trình chuẩn"
    assert of_en["standard"].title == "Standard process"
    assert of_en["standard"].steps[0].time_limit == "2wd"
    assert of_en["same-day"].warning == "1wh"


def test_work_is_listed_by_due_date(routing: Routing, code: str) -> None:
    """The first page of a unit's work has what is due first, and a token for more."""
    other = filed(routing, when="2021-08-09 08:00")
    answer = routing.call("ListWork", pb.ListWorkRequest(unit="H22.12", page_size=500))
    codes = [item.dossier_code for item in answer.items]
    assert codes.index(other) < codes.index(code)
    page = routing.call("ListWork", pb.ListWorkRequest(unit="H22.12", page_size=1))
    assert page.next_page_token


def test_the_log_s_events_become_cases_work_and_alarms(
    kafka: KafkaBroker, topic: str, database_url: str
) -> None:
    """Through a real broker: a case opens, officers work, the watch speaks, all is published."""
    code = "H22.12-210809-0001"
    with open_routing(database_url, kafka.bootstrap, topic) as routing:
        feed.put(kafka.bootstrap, topic, Desk().files(code))

        def open_case() -> bool:
            answer = routing.call("ListWork", pb.ListWorkRequest())
            return [item.dossier_code for item in answer.items] == [code]

        wait_until(open_case, "the case is open")
        routing.call("CompleteStep", complete("appraise"), code=code)
        routing.call("AssignStep", assign("review", "an"), code=code)
        routing.clock.set("2021-08-17 10:00")

        def published() -> list[str]:
            events = feed.log_of(kafka.bootstrap, topic)
            return [name_of(e) for e in events if e.source == "routing"]

        wait_until(lambda: len(published()) >= 8, "the watch has spoken")
        assert published() == [
            "CaseOpened",
            "StepCompleted",
            "StepAssigned",
            "DeadlineMissed",
            "DeadlineEscalated",
            "DeadlineEscalated",
            "DeadlineMissed",
            "DeadlineEscalated",
        ]
    events = [e for e in feed.log_of(kafka.bootstrap, topic) if e.source == "routing"]
    assert [e.sequence for e in events] == list(range(1, 9))


def test_the_token_s_roles_are_held_to_the_step(routing: Routing, code: str) -> None:
    """An officer of the right unit without the step's role is told which role it takes."""
    clerk = metadata("officer", "an", unit="H22.12", roles=["clerk"], language="en")
    problem = routing.problem("CompleteStep", complete("appraise"), clerk, code)
    assert (problem.code, problem.reason) == (REFUSED, "NOT_YOUR_ROLE")
    assert problem.text == "This is for somebody with the role “specialist” to do."

    bare = metadata("officer", "an", unit="H22.12")
    assert routing.problem("CompleteStep", complete("appraise"), bare, code).reason == (
        "NOT_YOUR_ROLE"
    )
    routing.call("CompleteStep", complete("appraise"), who.AN, code)
