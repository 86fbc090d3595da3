"""Fault 5: a consumer sleeps for longer than its session while its twin takes over, and wakes
up.
"""

import signal
import time
from pathlib import Path

import pytest

from infra.local.kafka import KafkaBroker
from infra.local.postgres import PostgresServer
from tests.support.feed import Feed, wait_until
from tests.support.runner import TallyProcess, answered, check_once, progress, reader

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def test_fault_05_woken_zombie_is_fenced(
    kafka: KafkaBroker, topic: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    """Two workers on one database: one is stopped for 14 s and goes on; nothing is lost or
    doubled.
    """
    url = postgres.create_database(f"zombie_{time.time_ns()}")
    with (
        TallyProcess(kafka.bootstrap, topic, url, tmp_path / "a") as first,
        TallyProcess(kafka.bootstrap, topic, url, tmp_path / "b") as second,
        Feed(kafka.bootstrap, topic, rate=150, dossiers=60) as feed,
    ):
        first.start()
        second.start()
        wait_until(
            lambda: min(each.status()["live"] for each in (first, second)) > 0, 120, "both work"
        )
        first.signal(signal.SIGSTOP)
        time.sleep(14)  # longer than Faust's session of 10 s
        first.signal(signal.SIGCONT)
        before = first.status()["handled"]
        wait_until(lambda: first.status()["handled"] > before, 120, "the woken one works again")
        sent = feed.stop()
        engine = reader(url)
        try:
            wait_until(lambda: answered(engine, len(sent)), seconds=120)
        except AssertionError as late:
            found = progress(engine)
            raise AssertionError(
                f"{len(sent)} sent, {found}, {first.status()}, {second.status()}"
            ) from late
        check_once(engine, sent, kafka.bootstrap, topic)
        engine.dispose()
        assert [first.stop(), second.stop()] == [0, 0]
    postgres.drop_database(url.rpartition("/")[2])
