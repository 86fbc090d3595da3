"""Fault 40: a clock two hours ahead is refused by the service, not at the broker, and the
producer lives.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from kafka.errors import InvalidTimestampError
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.intake.v1 import intake_pb2 as intake
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub
from motcua.routing.v1 import routing_pb2 as routing
from motcua.routing.v1.case_events_pb2 import CaseResumed

from infra.local.kafka import KafkaBroker
from kernel.base.clock_skew import MAX_AHEAD
from kernel.base.instants import HOUR, MINUTE, SECOND, to_timestamp
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.kafka.broker_clock import BrokerClock, broker_time, wall
from kernel.outbox.outbox import Waiting
from kernel.outbox.producer import EventProducer
from kernel.outbox.published import Sent
from kernel.rpc.client import RpcProblem, explain
from tests.support.desk import open_desk
from tests.support.feed import START, code_of, log_of, wait_until
from tests.support.identity import metadata
from tests.support.intake_samples import foreign
from tests.support.postal_service import Serving, a_return, delivery, take_request, tracking
from tests.support.postal_service import as_partner as partner
from tests.support.routing_service import open_routing
from tests.support.service import ServiceProcess
from tests.support.tally import KERNEL, SOURCE, Node
from tests.support.walk import submission

pytestmark = pytest.mark.faults
Code = grpc.StatusCode
CODE = "H22.12.03-210809-0007"
TWO_HOURS = 2 * HOUR
CITIZEN = metadata("citizen", "x", language="en")
IMPORTER = metadata("importer", "receipt", language="en")


# -- our own clock --------------------------------------------------------------------------------


@pytest.fixture
def intake_process(
    kafka: KafkaBroker, topic: str, tmp_path: Path
) -> Iterator[Callable[[], ServiceProcess]]:
    """The real intake service, to be started on a machine whose clock the test sets."""
    with ExitStack() as running:
        process = ServiceProcess("intake", tmp_path / "n", kafka.bootstrap, topic, shifted=True)
        process.folder.mkdir()
        yield lambda: running.enter_context(process)


def submit(process: ServiceProcess) -> str | RpcProblem:
    """Hand in a dossier; gives its code, or why not."""
    with process.channel() as channel:
        stub = IntakeServiceStub(channel)
        try:
            answer = stub.SubmitDossier(
                submission(), timeout=15, metadata=CITIZEN, wait_for_ready=True
            )
        except grpc.RpcError as error:
            return explain(error)
        return str(answer.dossier_code)


def logged(process: ServiceProcess, name: str) -> list[dict[str, Any]]:
    """Return the lines of the service's log that tell of one kind of thing."""
    text = (process.folder / "intake.log").read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == name]


def test_fault_40_a_service_whose_clock_jumps_ahead_takes_nothing_until_it_is_right(
    intake_process: Callable[[], ServiceProcess], kafka: KafkaBroker, topic: str
) -> None:
    """Refused with when to come again, and nothing is written; set right, the same process goes
    on, and all that was answered is on the log.
    """
    process = intake_process()
    process.wait_ready()
    before = submit(process)
    assert isinstance(before, str)

    process.shift.write_text("7200")
    refused = submit(process)
    process.shift.unlink()
    after = submit(process)

    assert isinstance(refused, RpcProblem)
    assert refused.code == Code.UNAVAILABLE
    assert refused.retry_after == 1.0
    assert "clock is more than 5 minutes ahead" in refused.text
    assert isinstance(after, str)
    process.wait_published()
    assert {event.stream_id for event in log_of(kafka.bootstrap, topic)} == {before, after}
    assert len(logged(process, "service.ready")) == 1
    assert not logged(process, "relay.quarantined") + logged(process, "relay.waiting")
    (line,) = logged(process, "clock.ahead")
    assert line["limit"] == 300
    assert 7_190 < line["seconds"] < 7_210


def test_fault_40_a_service_that_starts_with_a_wrong_clock_hears_of_it_from_the_broker(
    intake_process: Callable[[], ServiceProcess], kafka: KafkaBroker, topic: str, tmp_path: Path
) -> None:
    """It asks the broker for the time before anybody has told it."""
    (tmp_path / "n" / "shift").write_text("7200")
    process = intake_process()
    wait_until(lambda: bool(logged(process, "clock.ahead")), what="it knows")
    refused = submit(process)
    assert isinstance(refused, RpcProblem)
    assert refused.code == Code.UNAVAILABLE
    assert log_of(kafka.bootstrap, topic) == []
    process.shift.unlink()
    wait_until(lambda: isinstance(submit(process), str), what="it takes dossiers again")


def test_fault_40_a_time_stamp_that_the_broker_refuses_sets_nothing_aside(
    kafka: KafkaBroker, topic: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the clock's fault, not the record's: all wait, and flow once the clock is right."""
    ahead, refusals, send = [TWO_HOURS], list[Exception](), EventProducer.send

    def watched(sender: EventProducer, rows: Sequence[Waiting]) -> tuple[list[Sent], Any]:
        acked, failure = send(sender, rows)
        if failure is not None:
            refusals.append(failure)
        return acked, failure

    monkeypatch.setattr(EventProducer, "send", watched)
    hooks = {"broker_now": lambda: wall() + ahead[0]}
    with Node(kafka.bootstrap, topic, database_url, faust=False, hooks=hooks) as node:
        wait_until(lambda: node.consumer.status().ready)
        for number in range(4):
            node.writer.submit(resume(number)).result(5)
        # A record beside one that is refused is refused, too, for being beside it.
        wait_until(
            lambda: sum(isinstance(error, InvalidTimestampError) for error in refusals) >= 2,
            what="the broker has refused twice",
        )
        assert [row["quarantine_reason"] for row in node.rows(KERNEL.outbox)] == [None] * 5
        assert log_of(kafka.bootstrap, topic) == []
        ahead[0] = 0
        wait_until(lambda: not node.rows(KERNEL.outbox), what="all are published")
        own = [e.stream_id for e in log_of(kafka.bootstrap, topic) if e.source == SOURCE]
    assert sorted(own) == [code_of(number) for number in range(4)]


def test_fault_40_records_are_stamped_by_the_log_s_time(kafka: KafkaBroker, topic: str) -> None:
    """A machine two hours ahead has its committed events taken all the same: it knows by how much
    it is wrong.
    """
    clock = BrokerClock(lambda: broker_time(kafka.bootstrap), wall=lambda: wall() + TWO_HOURS)
    assert clock.fits()
    assert clock.refresh()
    assert abs(clock.ahead() - TWO_HOURS) < 5 * SECOND
    assert not clock.fits()
    sender = EventProducer(kafka.bootstrap, topic, SOURCE, clock.now)
    row = Waiting(
        1, CODE, "dossier", 1, str(uuid.uuid4()), "motcua.routing.v1.CaseResumed", START, "", b""
    )
    sent, fault = sender.send([row])
    assert ([each.row for each in sent], fault) == ([row], None)
    sender.close()


def resume(number: int) -> Callable[[UnitOfWork], object]:
    """Append an event."""
    return lambda uow: uow.append(
        code_of(number), [CaseResumed()],
            actor=Actor(kind=ActorKind.ACTOR_KIND_OFFICER), occurred_at=START,
        recorded_at=START, causation_id="", correlation_id="",
    )  # fmt: skip


# -- clocks of others -----------------------------------------------------------------------------


def problem(call: Any, request: Any, who: Any) -> RpcProblem:
    """Call, expect a failure, and explain it."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=15, metadata=who)
    return explain(caught.value)


def check(problem: RpcProblem, field: str) -> None:
    """Hold a refusal to what a caller is told: which field, and by which rule."""
    assert problem.code == Code.INVALID_ARGUMENT
    assert problem.fields.keys() == {field}
    assert "clocks may differ by 5 minutes" in problem.fields[field]


@pytest.mark.parametrize("report", [tracking, delivery, a_return], ids=lambda make: make.__name__)
def test_fault_40_a_partner_whose_clock_is_ahead_is_told_so(
    serving: Serving, report: Callable[..., Any]
) -> None:
    """Two hours ahead is refused and kept nowhere; what clocks may differ by is taken."""
    job_id = serving.office.resolve(CODE)
    now = serving.office.now
    serving.partner.TakeJob(take_request(job_id), timeout=5, metadata=partner())
    before = serving.office.events(CODE)
    name = {tracking: "ReportTracking", delivery: "ReportDelivered"}.get(report, "ReportReturned")
    call = getattr(serving.partner, name)

    for at in (now + TWO_HOURS, now + MAX_AHEAD + MINUTE):
        check(problem(call, report(job_id, at), partner()), "happened_at")
    assert serving.office.events(CODE) == before
    call(report(job_id, now + MAX_AHEAD), timeout=5, metadata=partner())
    assert len(serving.office.events(CODE)) == len(before) + 1


def test_fault_40_an_importer_whose_clock_is_ahead_is_told_so(tmp_path: Path) -> None:
    """By the desk and by the departments alike."""
    url = f"sqlite:///{tmp_path}"
    with open_desk(f"{url}/intake.db", f"{url}/keys.db") as desk:
        ahead = foreign(occurred_at=to_timestamp(desk.clock.now() + TWO_HOURS))
        check(problem(desk.stub.SubmitDossier, ahead, IMPORTER), "occurred_at")
        assert desk.events("case-10011") == []
        ahead.occurred_at.CopyFrom(to_timestamp(desk.clock.now() + MAX_AHEAD))
        assert desk.call("SubmitDossier", ahead, IMPORTER).dossier_code == "case-10011"
    with open_routing(f"{url}/routing.db") as departments:
        step = routing.RecordStepRequest(
            request_id=str(uuid.uuid4()),
            dossier_code="case-10011",
            activity="Kiểm tra",
            source_row="1",
            occurred_at=to_timestamp(departments.clock.now() + TWO_HOURS),
        )
        check(problem(departments.stub.RecordStep, step, IMPORTER), "occurred_at")


def test_fault_40_nobody_else_says_when_it_happened(tmp_path: Path) -> None:
    """A citizen's or an officer's own clock is not asked for: an instant from them is refused."""
    url = f"sqlite:///{tmp_path}"
    with open_desk(f"{url}/intake.db", f"{url}/keys.db") as desk:
        at = to_timestamp(desk.clock.now())
        request = intake.SubmitDossierRequest()
        request.CopyFrom(submission(procedure_code="1.000001", occurred_at=at))
        problem = desk.problem("SubmitDossier", request, CITIZEN)
        assert problem.code == Code.INVALID_ARGUMENT
        assert "only for programs" in problem.fields["occurred_at"]
