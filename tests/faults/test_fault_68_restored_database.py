"""Fault 68: the desk's database is put back from an older copy, while the broker is away.

It has forgotten dossiers that citizens have codes for; the log has them.
"""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from functools import partial
from pathlib import Path

import grpc
import pytest
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub

from infra.local.kafka import KafkaBroker
from kernel.kafka.topics import ensure_topics, events_topic
from tests.support.feed import log_of, wait_until
from tests.support.identity import metadata
from tests.support.service import ServiceProcess
from tests.support.walk import submission

pytestmark = pytest.mark.faults
TOPIC = "dossier.events"
CITIZEN = metadata("citizen", "mai")


class Clients:
    """Citizens who send their requests again and again until they are answered."""

    def __init__(self, desk: ServiceProcess) -> None:
        self.desk = desk
        self.ledger: dict[str, str] = {}
        """The code that each request was answered with."""
        self.refusals = Counter[grpc.StatusCode]()

    def send(self, requests: list[pb.SubmitDossierRequest]) -> None:
        """Send requests until each has its answer, which is the same as one before."""
        with self.desk.channel() as channel:
            stub = IntakeServiceStub(channel)
            for request in requests:
                wait_until(partial(self._answered, stub, request), 90, "an answer")

    def _answered(self, stub: IntakeServiceStub, request: pb.SubmitDossierRequest) -> bool:
        try:
            answer = stub.SubmitDossier(request, timeout=5, metadata=CITIZEN)
        except grpc.RpcError as error:
            self.refusals[error.code()] += 1
            return False
        before = self.ledger.setdefault(request.request_id, answer.dossier_code)
        assert answer.dossier_code == before
        return True


def copy_database(source: Path, target: Path) -> None:
    """Copy a database that no process has open."""
    target.mkdir(exist_ok=True)
    for name in ("", "-wal", "-shm"):
        (target / f"intake.sqlite3{name}").unlink(missing_ok=True)
        if (source / f"intake.sqlite3{name}").exists():
            shutil.copy(source / f"intake.sqlite3{name}", target)


def test_fault_68_no_code_is_given_twice(own_kafka: KafkaBroker, tmp_path: Path) -> None:
    """While the broker is away nothing is answered, since the desk can't know what it has
    forgotten. Then requests of before get their codes of before, and new ones get new codes.
    """
    ensure_topics(own_kafka.bootstrap, topics=[events_topic(TOPIC)])
    desk = ServiceProcess("intake", tmp_path / "desk", own_kafka.bootstrap, TOPIC)
    clients = Clients(desk)
    early, forgotten, later = ([submission() for _ in range(4)] for _ in range(3))
    with desk:
        desk.wait_ready()
        clients.send(early)
        desk.wait_published()
    copy_database(desk.folder, tmp_path / "older")
    with desk:
        desk.wait_ready()
        clients.send(forgotten)
        desk.wait_published()
    own_kafka.stop()
    copy_database(tmp_path / "older", desk.folder)
    clients.refusals.clear()
    with desk:
        retrying = threading.Thread(target=clients.send, args=([*later, *forgotten, *early],))
        retrying.start()
        wait_until(lambda: clients.refusals[grpc.StatusCode.UNAVAILABLE] >= 5, 60, "refusals")
        known = len(clients.ledger)
        own_kafka.start()
        retrying.join()
        assert known == 8
        desk.wait_published()
    assert len(set(clients.ledger.values())) == len(clients.ledger) == 12
    stored = Counter(event.stream_id for event in log_of(own_kafka.bootstrap, TOPIC))
    assert stored == Counter(clients.ledger.values())
