"""Faults 107 and 108: whoever reaches broker and database writes history anew, or the ledger's key
is exchanged: what was signed before still counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from motcua.audit.v1 import audit_pb2 as pb
from motcua.audit.v1 import types_pb2 as types
from motcua.audit.v1.audit_pb2_grpc import AuditServiceStub
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import SupplementSubmitted

from cli.commands.record.ledger import proof_document
from infra.local.kafka import KafkaBroker
from kernel.kafka.topics import ensure_topics, events_topic
from kernel.ledger import checkpoint as checkpoints
from kernel.ledger.signed_note import parse
from tests.support.audit_histories import happened
from tests.support.audit_service import publish, until
from tests.support.audit_store import MONDAY
from tests.support.identity import metadata
from tests.support.paths import ROOT
from tests.support.service import ServiceProcess

pytestmark = pytest.mark.faults
CODE = "H22.12.03-210809-0001"
WHO = metadata("operator", "binh.tt", language="en")
OLD, NEW = "0a" * 32, "0b" * 32


def history(*rounds: int) -> list[Event]:
    """Make a dossier's events, which differ by their round."""
    return [
        happened(
            SupplementSubmitted(round=number), MONDAY + at, code=CODE, source="archive", sequence=at
        )
        for at, number in enumerate(rounds, start=1)
    ]


class Audit:
    """The audit service as a process of its own, signing four times a second."""

    def __init__(self, folder: Path, bootstrap: str, topic: str, keys: str = OLD) -> None:
        folder.mkdir(exist_ok=True)
        self._process = ServiceProcess(
            "audit",
            folder,
            bootstrap,
            topic,
            MOTCUA_LEDGER_KEYS=keys,
            MOTCUA_CHECKPOINT_SECONDS="0.25",
        )

    def __enter__(self) -> Audit:
        self._process.__enter__()
        self._process.wait_ready()
        self._channel = grpc.insecure_channel(self._process.address)
        self._stub = AuditServiceStub(self._channel)
        return self

    def __exit__(self, *_error: object) -> None:
        self._channel.close()
        self._process.__exit__(None, None, None)

    def checkpoint(self, size: int) -> str:
        """Return the newest checkpoint once it covers so many records."""
        until(lambda: any(each.size >= size for each in self._newest()))
        return checkpoints.join(parse(each.note) for each in self._newest())

    def _newest(self) -> list[pb.SignedCheckpoint]:
        request = pb.GetCheckpointRequest()
        return list(self._stub.GetCheckpoint(request, timeout=20, metadata=WHO).checkpoints)

    def verify(self, checkpoint: str) -> pb.VerifyResult:
        """Verify the record beside the log and an earlier checkpoint."""
        request = pb.VerifyRequest(checkpoint=checkpoint)
        answers = self._stub.Verify(request, timeout=60, metadata=WHO)
        result: pb.VerifyResult = list(answers)[-1].result
        return result

    def proof(self) -> pb.GetInclusionProofResponse:
        """Prove the dossier's events."""
        request = pb.GetInclusionProofRequest(dossier_code=CODE)
        answer: pb.GetInclusionProofResponse = self._stub.GetInclusionProof(
            request, timeout=20, metadata=WHO
        )
        return answer

    def consistency(self, checkpoint: str) -> pb.GetConsistencyProofResponse:
        """Prove that the newest checkpoints continue earlier ones."""
        request = pb.GetConsistencyProofRequest(checkpoint=checkpoint)
        answer: pb.GetConsistencyProofResponse = self._stub.GetConsistencyProof(
            request, timeout=20, metadata=WHO
        )
        return answer


@pytest.fixture
def other_topic(kafka: KafkaBroker, topic: str) -> str:
    """Another log, as the broker's administrator can make one."""
    name = f"{topic}-other"
    ensure_topics(kafka.bootstrap, topics=[events_topic(name)])
    return name


def test_fault_107_history_that_is_rewritten_as_a_whole_is_found(
    kafka: KafkaBroker, topic: str, other_topic: str, tmp_path: Path
) -> None:
    """Log and record made anew are sound by themselves; yesterday's checkpoint is not theirs."""
    publish(kafka.bootstrap, topic, history(1, 2, 3))
    with Audit(tmp_path / "true", kafka.bootstrap, topic) as audit:
        yesterday = audit.checkpoint(3)
        assert audit.verify(yesterday).ok
    publish(kafka.bootstrap, other_topic, history(1, 7, 3))
    with Audit(tmp_path / "forged", kafka.bootstrap, other_topic) as forged:
        forged.checkpoint(3)
        assert forged.verify("").ok
        result = forged.verify(yesterday)

    assert not result.ok
    [finding] = result.findings
    assert finding.kind == types.FINDING_KIND_CHECKPOINT_DIFFERS
    assert (finding.offset, finding.end_offset, finding.open) == (0, 3, True)


def test_fault_108_what_an_old_key_signed_counts_after_the_exchange(
    kafka: KafkaBroker, topic: str, tmp_path: Path
) -> None:
    """Old and new key sign while both are there; then the old one's checkpoint still verifies, and
    is continued, and a proof is checked elsewhere by it.
    """
    folder = tmp_path / "audit"
    publish(kafka.bootstrap, topic, history(1, 2))
    with Audit(folder, kafka.bootstrap, topic) as audit:
        old = audit.checkpoint(2)
        receipt = proof_document(CODE, audit.proof())
    publish(kafka.bootstrap, topic, history(1, 2, 3)[2:])
    with Audit(folder, kafka.bootstrap, topic, f"{NEW},{OLD}") as audit:
        assert len(checkpoints.split(audit.checkpoint(3))[0].signatures) == 2
    with Audit(folder, kafka.bootstrap, topic, NEW) as audit:
        assert audit.verify(old).ok
        assert [proof.old_size for proof in audit.consistency(old).proofs] == [2]

    (tmp_path / "proof").write_text(json.dumps(receipt), "utf-8")
    (tmp_path / "checkpoint").write_text(old, "utf-8")
    verifier, options = ROOT / "tools" / "verify_proof.py", ["--checkpoint", "checkpoint"]
    command = [sys.executable, "-I", str(verifier), "proof", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
