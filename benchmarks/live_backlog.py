"""A backlog through the running service, against a bare Faust agent without effects.

The service runs and is stopped (SIGSTOP) while the records are published; the clock runs from its
waking until the last effect is committed, so noticing the backlog is included. The bare agent's
clock runs from its first record to its last one; its start is not included.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select

from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from infra.local.topics import ensure_topics, events_topic
from kernel.config.process_tuning import tune_garbage_collection
from kernel.consumer.reading.faust_adapter import bare_app
from kernel.storage.engines import open_engine
from tests.support.feed import put, wait_until, workload
from tests.support.tally import HEARD, KERNEL, SILENT, Node

NAME = "60,000 waiting records through the running service, against a bare Faust agent"
REACH = 1.0
TOPIC = "bench.live"
DOSSIERS, EACH = 300, 200
COUNT = DOSSIERS * EACH


def run() -> None:
    """Print both sides and their ratio."""
    with (
        tempfile.TemporaryDirectory() as folder,
        KafkaBroker(Path(folder) / "kafka", free_port()) as broker,
    ):
        ensure_topics(broker.bootstrap, topics=[events_topic(TOPIC)])
        service = COUNT / _service(broker, f"sqlite:///{folder}/live.sqlite3")
        faust = COUNT / _bare(broker.bootstrap)
    print(f"bare Faust agent, no effects          {faust:10,.0f} /s")
    print(f"service, effects committed (SQLite)   {service:10,.0f} /s")
    print(f"ratio {service / faust:.2f} (reach {REACH})")


def _service(broker: KafkaBroker, url: str) -> float:
    command = [sys.executable, "-m", "benchmarks.live_backlog", "service", broker.bootstrap, url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        while process.stdout.readline().strip() != b"listening":
            assert process.poll() is None
        process.send_signal(signal.SIGSTOP)
        put(broker.bootstrap, TOPIC, workload(DOSSIERS, EACH))
        engine = open_engine(url, "tally", read_only=True)
        begun = time.perf_counter()
        process.send_signal(signal.SIGCONT)
        wait_until(lambda: _read(engine) == COUNT, seconds=300)
        seconds = time.perf_counter() - begun
        with engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(HEARD)).scalar() == COUNT
        engine.dispose()
        return seconds
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(30)


def _read(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.sum(KERNEL.positions.c.position))).scalar() or 0


def _bare(bootstrap: str) -> float:
    command = [sys.executable, "-m", "benchmarks.live_backlog", "faust", bootstrap]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    return float(done.stdout.split()[-1])


def _run_service(bootstrap: str, url: str) -> None:
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with Node(bootstrap, TOPIC, url, model=SILENT) as node:
        tune_garbage_collection()
        wait_until(lambda: node.consumer.status().ready, seconds=60)
        wait_until(lambda: len(node.consumer.buffer.assigned) == 6, seconds=60)
        print("listening", flush=True)
        ended.wait()


async def _run_faust(bootstrap: str) -> None:
    app: Any = bare_app(f"bench-{os.getpid()}", bootstrap, offset_reset="earliest")
    topic = app.topic(TOPIC, key_serializer="raw", value_serializer="raw", acks=False)
    times: list[float] = []

    async def count(stream: Any) -> None:
        async for _event in stream.events():
            times.append(time.perf_counter())

    app.agent(topic, name="count")(count)
    app.finalize()
    await app.start()
    while len(times) < COUNT:
        await asyncio.sleep(0.05)
    print(times[-1] - times[0], flush=True)
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1] == "service":
        _run_service(*sys.argv[2:])
    else:
        asyncio.run(_run_faust(*sys.argv[2:]))
