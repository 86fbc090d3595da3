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
import threading
import time
from typing import Any

from sqlalchemy import Engine, func, select

from benchmarks.harness import Figures, Servers, Size, TargetMissed
from kernel.config.process_tuning import tune_garbage_collection
from kernel.consumer.reading.faust_adapter import bare_app
from kernel.storage.engines import open_engine
from tests.support.feed import put, wait_until, workload
from tests.support.tally import HEARD, KERNEL, SILENT, Node

NAME = "waiting records through the running service, against a bare Faust agent"
TARGET = 1.0
DOSSIERS = 300
EACH = {Size.SMALL: 5, Size.USUAL: 200, Size.FULL: 200}
"""Events of each dossier."""
PARTITIONS = 6


def run(size: Size, servers: Servers) -> Figures:
    """Print both sides and their ratio."""
    count = DOSSIERS * EACH[size]
    bootstrap, topic = servers.topic("live")
    service = count / _service(bootstrap, topic, servers.sqlite("live"), EACH[size])
    faust = count / _bare(bootstrap, topic, count)
    print(f"{count:,} records")
    print(f"bare Faust agent, no effects          {faust:10,.0f} /s")
    print(f"service, effects committed (SQLite)   {service:10,.0f} /s")
    print(f"ratio {service / faust:.2f} (target {TARGET})")
    if size is not Size.SMALL and service / faust < TARGET:
        raise TargetMissed(f"{service / faust:.2f} of the bare agent's rate")
    return {"bare": faust, "service": service}


def _service(bootstrap: str, topic: str, url: str, each: int) -> float:
    """Return the seconds that a waiting backlog takes to be committed."""
    count = DOSSIERS * each
    command = [sys.executable, "-m", "benchmarks.live_backlog", "service"]
    command += [bootstrap, topic, url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        while process.stdout.readline().strip() != b"listening":
            assert process.poll() is None
        process.send_signal(signal.SIGSTOP)
        put(bootstrap, topic, workload(DOSSIERS, each))
        engine = open_engine(url, "tally", read_only=True)
        begun = time.perf_counter()
        process.send_signal(signal.SIGCONT)
        wait_until(lambda: _read(engine) == count, seconds=300)
        seconds = time.perf_counter() - begun
        with engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(HEARD)).scalar() == count
        engine.dispose()
        return seconds
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.communicate(timeout=30)


def _read(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.sum(KERNEL.positions.c.position))).scalar() or 0


def _bare(bootstrap: str, topic: str, count: int) -> float:
    """Return the seconds that a bare Faust agent takes from the first record to the last."""
    command = [sys.executable, "-m", "benchmarks.live_backlog", "faust"]
    command += [bootstrap, topic, str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    return float(done.stdout.split()[-1])


def _run_service(bootstrap: str, topic: str, url: str) -> None:
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with Node(bootstrap, topic, url, model=SILENT) as node:
        tune_garbage_collection()
        wait_until(lambda: node.consumer.status().ready, seconds=60)
        wait_until(lambda: len(node.consumer.buffer.assigned) == PARTITIONS, seconds=60)
        print("listening", flush=True)
        ended.wait()


async def _run_faust(bootstrap: str, topic_name: str, count: int) -> None:
    app: Any = bare_app(f"bench-{os.getpid()}", bootstrap, offset_reset="earliest")
    topic = app.topic(topic_name, key_serializer="raw", value_serializer="raw", acks=False)
    times: list[float] = []

    async def keep_time(stream: Any) -> None:
        async for _event in stream.events():
            times.append(time.perf_counter())

    app.agent(topic, name="count")(keep_time)
    app.finalize()
    await app.start()
    while len(times) < count:
        await asyncio.sleep(0.05)
    print(times[-1] - times[0], flush=True)
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1] == "service":
        _run_service(*sys.argv[2:])
    else:
        asyncio.run(_run_faust(sys.argv[2], sys.argv[3], int(sys.argv[4])))
