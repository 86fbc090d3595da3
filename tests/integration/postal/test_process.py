"""The postal service as a process of its own on a real broker: killed, it loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import grpc
import psutil
import pytest
from motcua.events.v1.common_pb2 import Actor, ActorKind, ResultChannel
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.postal.v1 import postal_pb2
from motcua.postal.v1.postal_pb2_grpc import PostalServiceStub
from motcua.routing.v1.case_events_pb2 import CaseResolved

from infra.local.child import spawn
from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from kernel.base.clock import parse_clock
from kernel.config.settings import sqlite_url
from kernel.crypto.keyring import Keyring
from kernel.rebuild.check import check
from kernel.storage.engines import open_engine
from services.postal.config.partners import DEVELOPMENT_TOKENS
from tests.support.events import make_event, name_of
from tests.support.feed import log_of, put, wait_until
from tests.support.identity import metadata
from tests.support.models import POSTAL as MODEL
from tests.support.postal_office import PERSON, UNIT
from tests.support.simulator import finish

JOBS = 60
KEY = "ab" * 32
FINAL = (postal_pb2.JOB_STATE_DELIVERED, postal_pb2.JOB_STATE_RETURNED)


@dataclass
class Process:
    """The service's process and what it is told."""

    folder: Path
    bootstrap: str
    topic: str
    clock: str
    port: int = field(default_factory=free_port)
    child: subprocess.Popen[bytes] | None = None

    def env(self) -> dict[str, str]:
        """Return the environment of the service and of the partners."""
        return dict(os.environ) | {
            "MOTCUA_DATA_DIR": str(self.folder),
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "MOTCUA_TOPIC": self.topic,
            "MOTCUA_CLOCK": self.clock,
            "MOTCUA_MASTER_KEY": KEY,
            "POSTAL_PORT": str(self.port),
        }

    def start(self) -> None:
        """Start it; it dies with this test."""
        command = [sys.executable, "-m", "services.postal.main"]
        log = self.folder / "postal.log"
        self.child = spawn(command, log=log, death_signal=signal.SIGKILL, env=self.env())

    def kill(self) -> None:
        """End it without a word."""
        assert self.child is not None
        self.child.kill()
        self.child.wait(10)

    def states(self) -> Counter[int]:
        """Count its jobs by state; nothing while it does not answer."""
        request = postal_pb2.ListJobsRequest(page_size=500)
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            try:
                answer = PostalServiceStub(channel).ListJobs(
                    request, timeout=5, metadata=metadata("operator", "op")
                )
            except grpc.RpcError:
                return Counter()
        return Counter(job.state for job in answer.jobs)


@pytest.fixture
def process(kafka: KafkaBroker, topic: str, tmp_path: Path) -> Iterator[Process]:
    """A running postal service with a fast clock."""
    clock = f"2021-08-09T08:00:00+07:00@4000@{time.time()}"
    running = Process(tmp_path, kafka.bootstrap, topic, clock)
    running.start()
    yield running
    if running.child is not None and running.child.poll() is None:
        running.child.terminate()
        running.child.wait(20)


@pytest.fixture
def partner(process: Process) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts partner simulators."""
    made: list[subprocess.Popen[str]] = []

    def start(name: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "partner_sim", "--pace", "0.3", *arguments]
        env = process.env() | {"PARTNER_TOKEN": DEVELOPMENT_TOKENS[name]}
        made.append(
            subprocess.Popen(
                [*command, "--address", f"127.0.0.1:{process.port}"],
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return made[-1]

    yield start
    for each in made:
        if each.poll() is None:
            each.kill()
        each.communicate()


def resolved_dossiers(process: Process) -> list[Event]:
    """Return the events of intake and routing that make the jobs."""
    engine = open_engine(sqlite_url(process.folder, "keyring"), "keyring")
    keyring = Keyring(engine, bytes.fromhex(KEY))
    now = parse_clock(process.clock).now()
    events = []
    for number in range(JOBS):
        code = f"{UNIT}-210809-{number:04d}"
        key = keyring.new_key(code)
        keyring.save([key])
        payloads = {
            "intake": DossierSubmitted(unit=UNIT, applicant=key.seal("applicant", PERSON)),
            "routing": CaseResolved(result_channel=ResultChannel.RESULT_CHANNEL_POST),
        }
        events += [
            make_event(
                code,
                source,
                1,
                payload,
                actor=Actor(kind=ActorKind.ACTOR_KIND_SYSTEM, id=source),
                occurred_at=now,
                recorded_at=now,
                causation_id="",
                correlation_id=code,
            )
            for source, payload in payloads.items()
        ]
    engine.dispose()
    return events


def _delivered(process: Process, least: int) -> bool:
    return process.states()[FINAL[0]] >= least


@pytest.mark.faults
def test_killed_in_the_middle_it_loses_and_doubles_nothing(
    process: Process, partner: Callable[..., subprocess.Popen[str]]
) -> None:
    """Two faulty partners work while the service is killed twice; log, views and partners agree."""
    partners = [
        partner("buudien", "--seed", "1", "--refuse", "0.1", "--silent", "0"),
        partner("chuyenphat", "--seed", "2", "--refuse", "0.1", "--silent", "0"),
    ]
    put(process.bootstrap, process.topic, resolved_dossiers(process))
    for least in (1, JOBS // 3):
        wait_until(partial(_delivered, process, least), 60, "some deliveries")
        process.kill()
        process.start()
    unserved = postal_pb2.JOB_STATE_UNSERVED
    wait_until(
        lambda: sum(process.states()[s] for s in (*FINAL, unserved)) == JOBS, 60, "every job's end"
    )
    summaries = [finish(each) for each in partners]
    shown = process.states()
    engine = open_engine(sqlite_url(process.folder, "postal"), "postal", read_only=True)
    checked = check(MODEL, engine, process.bootstrap, process.topic)
    engine.dispose()
    log = [e for e in log_of(process.bootstrap, process.topic) if e.source == "postal"]

    assert [each["errors"] for each in summaries] == [{}, {}]
    assert sum(each["delivered"] for each in summaries) == shown[FINAL[0]]
    assert sum(each["returned"] for each in summaries) == shown[FINAL[1]]
    assert checked.equal, checked.as_json()
    streams: dict[str, dict[int, bytes]] = defaultdict(dict)
    for event in log:
        body = streams[event.stream_id].setdefault(event.sequence, event.SerializeToString())
        assert body == event.SerializeToString()
    assert len(streams) == JOBS
    for stream in streams.values():
        assert sorted(stream) == list(range(1, len(stream) + 1))
        names = Counter(name_of(Event.FromString(b)) for b in stream.values())
        assert names["PostalJobCreated"] == 1
        assert names["ItemDelivered"] + names["ItemReturned"] <= 1


def test_it_starts_small_and_stops_at_once_when_told(process: Process) -> None:
    """Idle, it needs less than 150 MB; on SIGTERM it ends with status 0."""
    assert process.child is not None
    wait_until(lambda: process.states() == Counter() and _listens(process), 30, "its port")
    size = psutil.Process(process.child.pid).memory_info().rss
    process.child.terminate()

    assert process.child.wait(20) == 0
    assert size < 150e6


def _listens(process: Process) -> bool:
    with grpc.insecure_channel(f"127.0.0.1:{process.port}") as channel:
        try:
            grpc.channel_ready_future(channel).result(1)
        except grpc.FutureTimeoutError:
            return False
    return True


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("POSTAL_LEASE_HOURS", "soon", "POSTAL_LEASE_HOURS"),
        ("POSTAL_PARTNERS", "/nowhere/partners.toml", "POSTAL_PARTNERS"),
        ("MOTCUA_MODE", "production", "public development token"),
    ],
)
def test_settings_that_cannot_be_used_stop_the_start(name: str, value: str, expected: str) -> None:
    """Status 2, and a sentence that names the variable."""
    rest = {
        "MOTCUA_MASTER_KEY": "ab" * 32,
        "MOTCUA_RECORD_KEYS": "cd" * 32,
        "IDENTITY_JWKS": os.devnull,
        "IDENTITY_ISSUER": "urn:office:one",
    }  # what production asks of every service
    env = dict(os.environ) | rest | {name: value}
    command = [sys.executable, "-m", "services.postal.main"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert expected in done.stderr
