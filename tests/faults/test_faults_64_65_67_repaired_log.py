"""Faults 64, 65 and 67: a whole stack loses its log, and gets it back by `motcua log repair`.

An outside ledger has every dossier that a citizen was given a code for; in the end each of them is
on the log and with every service, once.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, TopicPartition
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event
from motcua.notify.v1.message_events_pb2 import MessageSuppressed

from infra.local.child import spawn
from kernel.config.master_key import RECORD_KEY, development_key, parse_keys
from kernel.eventsourcing.authentication import Authenticator
from kernel.kafka.topics import ensure_topics, events_topic
from tests.support.events import make_event
from tests.support.feed import START, code_of, log_of, producer, wait_until
from tests.support.log_repairs import PATIENCE, Office
from tests.support.stack import Stack, program, running

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A stack with some dossiers, and a copy of its broker's data from before."""
    folder = tmp_path_factory.mktemp("office")
    with running(folder) as stack:
        made = Office(stack)
        made.submit(4)
        # As a snapshot of the disk has it: nothing is written just now.
        shutil.copytree(stack.folder / "kafka" / "log", _older(stack))
        yield made


def _older(stack: Stack) -> Path:
    """Return where the broker's data is from when the log had fewer records."""
    return stack.folder / "older"


def test_fault_64_a_broker_that_was_put_back_from_an_older_copy(office: Office) -> None:
    """It lacks what came since. The repair is killed in the middle, and run again."""
    stack = office.stack
    office.submit(6)
    assert stack.stop() == 0
    shutil.rmtree(stack.folder / "kafka" / "log")
    shutil.copytree(_older(stack), stack.folder / "kafka" / "log")
    stack.start()
    office.wait_refused()
    words = "everything runs, but nothing is taken"
    wait_until(lambda: words in (stack.folder / "stack.log").read_text("utf-8"), PATIENCE, words)
    found = office.plan()
    assert found["to_write"] > 0
    assert found["positions"] == {}
    assert stack.run("log", "check").returncode == 1
    done = stack.run("rebuild", "intake")
    assert (done.returncode, "`motcua log repair` gives it back" in done.stderr) == (1, True)
    _kill_within(stack, found["plan"])
    office.wait_refused()
    assert office.plan()["plan"] == found["plan"]
    office.repair(plan=found["plan"])
    office.check()


def _kill_within(stack: Stack, plan: str) -> None:
    """Begin a repair, and kill it as soon as it has said so."""
    record = stack.folder / "log" / "repairs.log"
    before = record.read_text() if record.exists() else ""
    process = spawn(
        [*program("cli.main", "log", "repair", "--plan", plan, "--approved-by", "Lan")],
        log=stack.folder / "repair.log",
        death_signal=signal.SIGKILL,
        env=stack.env,
    )
    wait_until(lambda: record.exists() and record.read_text() != before, PATIENCE, "it has begun")
    process.kill()
    assert process.wait() == -signal.SIGKILL


def test_fault_65_a_topic_that_was_made_again_and_has_taken_records(office: Office) -> None:
    """They are kept, after those that were there before, in a further topic."""
    stack = office.stack
    office.submit(2)
    admin = KafkaAdminClient(bootstrap_servers=stack.bootstrap)
    admin.delete_topics([stack.topic])
    admin.close()
    wait_until(lambda: _made_again(stack), PATIENCE, "the topic is there again")
    others = [_unheard_of(number) for number in range(12)]
    _put_proven(stack, others)
    office.wait_refused()
    office.plan(refused="give a new topic with --to NAME")
    name = f"{stack.topic}.again"
    found = office.plan("--to", name)
    assert office.repair("--to", name, plan=found["plan"])["written"] == found["to_write"]
    office.wait_refused()
    office.restart_on(name)
    office.check()
    log = [event.event_id for event in log_of(stack.bootstrap, name)]
    assert {event.event_id for event in others} <= set(log)


def _put_proven(stack: Stack, events: list[Event]) -> None:
    keys = Authenticator(parse_keys(development_key(stack.folder, RECORD_KEY)))
    out = producer(stack.bootstrap)
    for event in events:
        body = event.SerializeToString()
        proof = keys.header(event.source, body)
        out.send(stack.topic, body, key=event.stream_id.encode(), headers=[proof])
    out.flush(60)
    out.close()


def _unheard_of(number: int) -> Event:
    """Return an event that no service has written, and that none minds."""
    return make_event(
        code_of(number), "elsewhere", 1, MessageSuppressed(kind="submitted"),
        actor=Actor(kind=ActorKind.ACTOR_KIND_SYSTEM), occurred_at=START, recorded_at=START,
        causation_id="", correlation_id="",
    )  # fmt: skip


def _made_again(stack: Stack) -> bool:
    try:
        ensure_topics(stack.bootstrap, topics=[events_topic(stack.topic)])
    except Exception:
        return False
    return True


def test_fault_67_a_log_whose_beginning_was_cut(office: Office) -> None:
    """No record can be put before others, so a further topic gets them all, each at its offset."""
    stack = office.stack
    office.submit(2)
    before = log_of(stack.bootstrap, stack.topic)
    admin = KafkaAdminClient(bootstrap_servers=stack.bootstrap)
    admin.delete_records({TopicPartition(stack.topic, number): -1 for number in range(6)})
    admin.close()
    office.wait_refused()
    office.plan(refused="give a new topic with --to NAME")
    done = stack.run("rebuild", "postal")
    assert (done.returncode, "lost its beginning" in done.stderr) == (1, True)
    name = f"{stack.topic}.whole"
    office.repair("--to", name, plan=office.plan("--to", name)["plan"])
    assert log_of(stack.bootstrap, name) == before
    office.restart_on(name)
    office.check()
