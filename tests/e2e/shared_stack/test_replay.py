"""`motcua replay` to a file, a topic and a webhook, on the whole system."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from motcua.events.v1.event_pb2 import Event

from kernel.kafka.topics import Topic, ensure_topics
from tests.support.feed import log_of, wait_until
from tests.support.paths import ROOT
from tests.support.stack import Stack
from tests.support.walk import walking
from tests.support.webhook_receiver import WebhookReceiver

pytestmark = pytest.mark.e2e
SECRET = base64.b64encode(bytes(range(32))).decode()
DOSSIERS = 8


@pytest.fixture(scope="module")
def codes(stack: Stack) -> list[str]:
    """Dossiers that were handed in, and whose events audit has."""
    with walking(stack) as walk:
        codes = [walk.submit().dossier_code for _ in range(DOSSIERS)]
    stack.wait_settled()
    return codes


@pytest.fixture
def topic(stack: Stack) -> str:
    """A topic for training."""
    name = f"training.{uuid.uuid4().hex[:8]}"
    ensure_topics(stack.bootstrap, topics=[Topic(name)])
    return name


def written(path: Path) -> list[Event]:
    """Return the events of a file that a replay wrote."""
    lines = path.read_text().splitlines()
    return [Event.FromString(base64.b64decode(json.loads(line)["body"])) for line in lines]


def test_the_log_goes_to_a_file_and_from_there_to_a_topic(
    stack: Stack, codes: list[str], topic: str, tmp_path: Path
) -> None:
    """To the last byte; a dry run says how many beforehand, and sends nothing."""
    target = tmp_path / "log.jsonl"
    chosen = ("--filter", "type == 'DossierSubmitted' && source == 'intake'")
    plan = stack.motcua("replay", *chosen, "--to-file", str(target), "--dry-run", "--json")
    assert plan["dry_run"]
    assert not target.exists()
    assert stack.motcua("replay", *chosen, "--to-file", str(target), "--json") == {
        "to": str(target), "sent": plan["events"], "lacking": 0,
    }  # fmt: skip
    in_file = written(target)
    in_log = [e for e in log_of(stack.bootstrap, stack.topic) if "DossierSubmitted" in str(e)]
    assert {e.SerializeToString() for e in in_file} == {e.SerializeToString() for e in in_log}
    assert set(codes) <= {event.stream_id for event in in_file}
    back = ("replay", "--from-file", str(target), "--to-topic", topic)
    assert stack.motcua(*back, "--json")["sent"] == len(in_file)
    there = sorted(event.SerializeToString() for event in log_of(stack.bootstrap, topic))
    assert there == sorted(event.SerializeToString() for event in in_file)


def test_a_replay_that_is_killed_goes_on(stack: Stack, codes: list[str], topic: str) -> None:
    """Nothing is left out; what was sent last may come twice, as the same event."""
    command = ("replay", "--filter", f"dossier in {json.dumps(codes)}", "--to-topic", topic)
    env = {**os.environ, **stack.env, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"}
    slow = [sys.executable, "-m", "cli.main", *command, "--rate", "5"]
    process = subprocess.Popen(slow, env=env, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: len(log_of(stack.bootstrap, topic)) >= 3, 60, "some are there")
        twin = stack.run(*command)
        assert (twin.returncode, "the same replay is running" in twin.stderr) == (1, True)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    before = len(log_of(stack.bootstrap, topic))
    done = stack.run(*command)
    assert done.returncode == 0, done
    assert "goes on after" in done.stderr
    found = [event.event_id for event in log_of(stack.bootstrap, topic)]
    whole = {e.event_id for e in log_of(stack.bootstrap, stack.topic) if e.stream_id in codes}
    assert before < len(whole)
    assert set(found) == whole
    assert len(found) - len(whole) <= 1
    again = stack.run(*command, "--dry-run")
    assert f"{len(whole)} events of {DOSSIERS} dossiers" in again.stdout


def test_the_log_is_no_target(stack: Stack) -> None:
    """Services would take what is replayed for new."""
    done = stack.run("replay", "--to-topic", stack.topic)
    assert (done.returncode, "is the log itself" in done.stderr) == (2, True)
    done = stack.run("replay", "--to-topic", "nowhere.at.all")
    assert (done.returncode, "there is no topic nowhere.at.all" in done.stderr) == (1, True)


def test_a_webhook_gets_each_event_of_a_dossier_in_order(stack: Stack, codes: list[str]) -> None:
    """Interrupted by a refusal, it goes on with the event that was refused."""
    refusals: Iterator[int] = iter([204, 404])
    secret = {"REPLAY_WEBHOOK_SECRET": SECRET}
    with WebhookReceiver(lambda _: (next(refusals, 204), {})) as receiver:
        command = ("replay", "--dossier", codes[0], "--to-webhook", receiver.url)
        assert stack.run(*command).returncode == 2  # without a secret
        stack.env.update(secret)
        try:
            refused = stack.run(*command)
            assert refused.returncode == 1
            assert "answered 404" in refused.stderr
            assert "stopped after 1 event; the same command goes on" in refused.stderr
            assert stack.run(*command).returncode == 0
        finally:
            del stack.env["REPLAY_WEBHOOK_SECRET"]
        bodies = [json.loads(each.body) for each in receiver.received]
    assert bodies[1] == bodies[2]
    ids = [body["id"] for body in bodies[:1] + bodies[2:]]
    log = [e for e in log_of(stack.bootstrap, stack.topic) if e.stream_id == codes[0]]
    assert ids == [event.event_id for event in log]
