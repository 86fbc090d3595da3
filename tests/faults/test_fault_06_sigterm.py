"""Fault 6: SIGTERM under load. Running calls end, exit 0, a retrying client sees no error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import grpc
import pytest
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub
from sqlalchemy import select

from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from kernel.storage.engines import open_engine
from office.catalogue.loader import shipped_catalogue
from office.catalogue.model import Procedure
from tests.support.feed import wait_until
from tests.support.identity import metadata
from tests.support.intake_samples import AT_COUNTER, ONLINE, submission
from tests.support.models import INTAKE as MODEL
from tests.support.paths import ROOT

pytestmark = pytest.mark.faults
CALLERS = 8
CITIZEN = metadata("citizen")


class DeskProcess:
    """The desk's real process on a database and a port of its own."""

    def __init__(self, kafka: KafkaBroker, topic: str, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._env = {
            **os.environ,
            "MOTCUA_DATA_DIR": str(folder),
            "MOTCUA_TOPIC": topic,
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "INTAKE_PORT": str(self.port),
        }

    def start(self) -> None:
        """Start, and wait until it answers."""
        with (self.folder / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.intake.main"],
                cwd=ROOT,
                env=self._env,
                stdout=log,
                stderr=log,
            )
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=60)

    def terminate(self) -> int:
        """Send SIGTERM; give the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(60)
        self._process = None
        return status

    def stop(self) -> None:
        """End it in any case."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def desk(kafka: KafkaBroker, topic: str, tmp_path: Path) -> Iterator[DeskProcess]:
    """A running desk."""
    process = DeskProcess(kafka, topic, tmp_path)
    process.start()
    yield process
    process.stop()


class Citizens:
    """Citizens who hand in dossiers one after the other and try again while they are told to."""

    def __init__(self, port: int, procedure: Procedure) -> None:
        self.confirmed: list[str] = []
        self.retries = 0
        self.errors: list[str] = []
        self._procedure = procedure
        self._ending = threading.Event()
        options = (
            ("grpc.max_reconnect_backoff_ms", 300),
            ("grpc.initial_reconnect_backoff_ms", 50),
        )
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options)
        self._stub = IntakeServiceStub(self._channel)
        self._threads = [threading.Thread(target=self._run) for _ in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        while not self._ending.is_set():
            request = submission(
                procedure_code=self._procedure.code,
                channel=ONLINE,
                result_channel=AT_COUNTER,
                parts=[
                    pb.SubmittedPart(code=p.code, copies=p.copies)
                    for p in self._procedure.parts
                    if p.required
                ],
            )
            code = self._submit(request)
            if code:
                self.confirmed.append(code)

    def _submit(self, request: pb.SubmitDossierRequest) -> str:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                answer = self._stub.SubmitDossier(request, timeout=10, metadata=CITIZEN)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE:
                    self.errors.append(f"{error.code()}: {error.details()}")
                    return ""
                self.retries += 1
                time.sleep(0.05)
            else:
                return str(answer.dossier_code)
        self.errors.append("no answer for a minute")
        return ""

    def go_home(self) -> None:
        """End after the dossier in hand."""
        self._ending.set()
        for thread in self._threads:
            thread.join(70)
        self._channel.close()


def _procedure() -> Procedure:
    """Return a shipped procedure that a citizen may use online."""
    for versions in shipped_catalogue().procedures.values():
        if ONLINE in versions[-1].channels and versions[-1].valid_to is None:
            return versions[-1]
    raise AssertionError("no procedure can be used online")


def _has_more(citizens: Citizens, least: int) -> bool:
    return len(citizens.confirmed) >= least or bool(citizens.errors)


def test_sigterm_under_load_loses_nothing_and_no_client_notices(desk: DeskProcess) -> None:
    """Three stops under load: exit 0, every dossier told is stored once."""
    citizens = Citizens(desk.port, _procedure())
    stops = []
    for _ in range(3):
        before = len(citizens.confirmed)
        wait_until(
            partial(_has_more, citizens, before + 40),
            60,
            "forty more dossiers are handed in",
        )
        stops.append(desk.terminate())
        desk.start()
    citizens.go_home()

    engine = open_engine(f"sqlite:///{desk.folder / 'intake.sqlite3'}", "intake", read_only=True)
    events = MODEL.tables.events
    with engine.connect() as connection:
        dossiers = select(events.c.stream_id).where(events.c.stream_kind == MODEL.stream_kind)
        stored = list(connection.execute(dossiers).scalars())
    engine.dispose()
    assert citizens.errors == []
    assert stops == [0, 0, 0]
    assert citizens.retries > 0
    assert sorted(stored) == sorted(citizens.confirmed)
    assert len(set(stored)) == len(stored) >= 120
