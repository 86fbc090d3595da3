"""Fault 91: an event of a stream is missing from the log while later ones are there, comes late, or
is forged: the record is not proven before it is there, or before two persons answer for it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from motcua.audit.v1 import audit_pb2 as pb
from motcua.audit.v1 import types_pb2 as types
from motcua.audit.v1.audit_pb2_grpc import AuditServiceStub
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import SupplementSubmitted

from infra.local.kafka import KafkaBroker
from kernel.rebuild.check import check
from kernel.rpc.client import explain
from kernel.storage.engines import open_engine
from tests.support.audit_histories import happened
from tests.support.audit_service import publish, until
from tests.support.audit_store import MONDAY
from tests.support.identity import metadata
from tests.support.models import AUDIT
from tests.support.service import ServiceProcess

pytestmark = pytest.mark.faults
CODE = "H22.12.03-210809-0001"
ONE, OTHER = (metadata("operator", name, language="en") for name in ("binh.tt", "hoa.pt"))


def _event(sequence: int, number: int = 1) -> Event:
    payload = SupplementSubmitted(round=number)
    return happened(payload, MONDAY + sequence, code=CODE, source="archive", sequence=sequence)


class Audit:
    """The audit service as a process of its own, and its log."""

    def __init__(self, process: ServiceProcess, bootstrap: str, topic: str) -> None:
        self.bootstrap, self.topic, self.sent = bootstrap, topic, 0
        self.process = process
        self.channel = grpc.insecure_channel(process.address)
        self.stub = AuditServiceStub(self.channel)

    def put(self, *events: Event) -> None:
        """Put events on the log, and wait until the service has read them."""
        publish(self.bootstrap, self.topic, events)
        self.sent += len(events)
        self.wait_read()

    def wait_read(self) -> None:
        """Wait until the service has read all records, its own too."""
        until(lambda: self._read() == self.sent)

    def _read(self) -> int:
        found = self.verify()
        return int(found.events + found.quarantined + found.repeats) if not found.unread else -1

    def verify(self) -> pb.VerifyResult:
        """Verify the record beside the log."""
        answers = self.stub.Verify(
            pb.VerifyRequest(), timeout=60, metadata=ONE, wait_for_ready=True
        )
        result: pb.VerifyResult = list(answers)[-1].result
        return result

    def acknowledge(self, finding: pb.Finding, who: object) -> None:
        """Have a person answer for a finding."""
        request = pb.AcknowledgeFindingRequest(
            request_id=str(uuid.uuid4()), finding_id=finding.finding_id, reason="đã tra cứu"
        )
        self.stub.AcknowledgeFinding(request, timeout=20, metadata=who)


@pytest.fixture
def audit(kafka: KafkaBroker, topic: str, tmp_path: Path) -> Iterator[Audit]:
    """The service, ready, with an empty log."""
    with ServiceProcess("audit", tmp_path, kafka.bootstrap, topic) as process:
        process.wait_ready()
        made = Audit(process, kafka.bootstrap, topic)
        yield made
        made.channel.close()


def test_fault_91_a_lost_event_is_told_until_it_comes(audit: Audit) -> None:
    """3 is there and 2 is not: a gap. Then 2 comes: it came late, and nothing is missing."""
    audit.put(_event(1), _event(3))
    lost = audit.verify()
    (found,) = lost.findings
    assert (lost.ok, lost.gaps, lost.quarantined) == (False, 1, 1)
    assert (found.kind, found.stream_id, found.source) == (types.FINDING_KIND_GAP, CODE, "archive")
    assert (found.sequence, found.last_sequence, found.open) == (2, 2, True)

    audit.put(_event(2))
    found_late = audit.verify()
    assert (found_late.ok, found_late.gaps, found_late.late) == (True, 0, 1)
    assert (found_late.events, found_late.quarantined) == (3, 0)


def test_fault_91_two_persons_answer_for_a_forged_event(audit: Audit) -> None:
    """It is found until then, listed for ever, and a rebuild knows who answered."""
    audit.put(_event(1), _event(1, number=7))
    (forged,) = audit.verify().findings
    assert (forged.kind, forged.open) == (types.FINDING_KIND_CONFLICTING, True)

    audit.acknowledge(forged, ONE)
    with pytest.raises(grpc.RpcError) as refused:
        audit.acknowledge(forged, ONE)
    assert explain(refused.value).reason == "SECOND_PERSON_NEEDED"
    assert not audit.verify().ok
    audit.acknowledge(forged, OTHER)
    audit.sent += 2
    audit.wait_read()

    closed = audit.verify()
    assert (closed.ok, closed.acknowledged, closed.events) == (True, 1, 3)
    assert [a.actor.id for a in closed.findings[0].acknowledgements] == ["binh.tt", "hoa.pt"]
    engine = open_engine(audit.process.url, "audit", read_only=True)
    try:
        assert check(AUDIT, engine, audit.bootstrap, audit.topic).equal
    finally:
        engine.dispose()
