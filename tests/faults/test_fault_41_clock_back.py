"""Fault 41: the clock jumps back an hour. The order of a stream is that of its sequence, not of its
times; due dates are those that were stored; time-outs run by a clock that does not jump.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1 import intake_pb2 as intake
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub
from motcua.routing.v1.case_events_pb2 import CaseOpened, CaseResumed

from infra.local.kafka import KafkaBroker
from kernel.base.instants import HOUR, to_us
from kernel.rpc.client import explain, metadata
from services.routing.tables import CASES
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk
from tests.support.desk import CITIZEN
from tests.support.events import name_of, payload_of
from tests.support.feed import log_of
from tests.support.identity import local_issuer
from tests.support.routing_cases import clock, complete, go_on, stop
from tests.support.service import ServiceProcess
from tests.support.walk import EVERY_ROLE, UNIT, new_id, submission

pytestmark = pytest.mark.faults
CODE = "H22.12-210809-0001"


@pytest.fixture
def departments(new_database: NewDatabase) -> Iterator[Departments]:
    """Routing on an empty database, with one case at its first step."""
    made = Departments(new_database("routing"))
    made.reads(Desk().files(CODE))
    yield made
    made.close()


def kept(event: Event) -> tuple[str, int]:
    """Return an event and its place in its stream."""
    return name_of(event), event.sequence


def test_fault_41_the_sequence_rules_not_the_time(
    kafka: KafkaBroker, topic: str, tmp_path: Path
) -> None:
    """A dossier accepted "before" it was handed in is accepted after it, on the log too; nobody is
    turned away, and both are answered before their calls' time, which is real, is up.
    """
    process = ServiceProcess("intake", tmp_path / "n", kafka.bootstrap, topic, shifted=True)
    with process, process.channel() as channel:
        process.wait_ready()
        stub = IntakeServiceStub(channel)
        code = stub.SubmitDossier(submission(), timeout=15, metadata=CITIZEN).dossier_code
        # Of the morning: to a clock that is behind, a token of this minute is not valid yet.
        early = {"nbf": int(time.time()) - 7_200}
        officer = local_issuer().sign("officer", "mc", unit=UNIT, roles=EVERY_ROLE, claims=early)
        desk = metadata(token=officer)
        process.shift.write_text("-3600")
        accept = intake.AcceptDossierRequest(request_id=new_id(), dossier_code=code)
        stub.AcceptDossier(accept, timeout=15, metadata=desk)
        twice = intake.AcceptDossierRequest(request_id=new_id(), dossier_code=code)
        with pytest.raises(grpc.RpcError) as caught:
            stub.AcceptDossier(twice, timeout=15, metadata=desk)
        assert explain(caught.value).reason == "ALREADY_ACCEPTED"
        process.wait_published()
    submitted, accepted = (e for e in log_of(kafka.bootstrap, topic) if e.stream_id == code)
    assert [kept(submitted), kept(accepted)] == [("DossierSubmitted", 1), ("DossierAccepted", 2)]
    back = to_us(submitted.occurred_at) - to_us(accepted.occurred_at)
    assert HOUR * 0.9 < back <= HOUR


def test_fault_41_stored_due_dates_stand_and_nothing_is_said_again(
    departments: Departments,
) -> None:
    """What was said stands; what was suspended after the jump waited no time before it."""
    departments.takes(CODE)
    assert departments.looks("2021-08-11 09:30") == 2
    kinds = departments.kinds(CODE)
    assert departments.looks("2021-08-11 08:30") == 0
    assert departments.looks("2021-08-11 09:31") == 0
    assert departments.kinds(CODE) == kinds
    departments.does(stop("appraise"), CODE, "2021-08-12 10:00")
    departments.does(go_on("appraise"), CODE, "2021-08-12 09:00")
    resumed = payload_of(departments.own_events(CODE)[-1], CaseResumed)
    assert resumed.waited_working_minutes == 0
    assert resumed.due_at == resumed.previous_due_at


def test_fault_41_steps_follow_the_sequence(departments: Departments) -> None:
    """A step completed an hour "before" the last event ends that step and begins the next; its own
    limit runs from then, the dossier's due date is the one that was promised.
    """
    opened = payload_of(departments.own_events(CODE)[0], CaseOpened)
    departments.takes(CODE, when="2021-08-09 16:00")
    departments.does(complete("appraise"), CODE, "2021-08-09 15:00")
    events = departments.own_events(CODE)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert to_us(events[-1].occurred_at) < to_us(events[-2].occurred_at)
    (shown,) = departments.rows(CASES)
    assert shown["step"] != "appraise"
    assert clock(shown["due_at"]) == clock(to_us(opened.due_at))
