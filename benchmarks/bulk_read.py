"""Reading the log in bulk into a service's views, against a bare read of the same topic.

Each side runs in processes of its own, in turns, so that other work on the machine meets both. A
side's figure is its best of the rounds; connection and start of the reading are included.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition
from motcua.events.v1.event_pb2 import Event

from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from infra.local.topics import ensure_topics, events_topic
from kernel.config.process_tuning import tune
from tests.support.feed import put, wait_until, workload
from tests.support.tally import SILENT, Node

NAME = "bulk read of the log into a service's views, against a bare poll and decode"
REACH = 0.4
TOPIC = "bench.bulk"
DOSSIERS, EACH = 600, 400 if os.environ.get("BENCH_FULL") else 200
ROUNDS = 3
PARTITIONS = 6


def run() -> None:
    """Print both sides and their ratio."""
    count = DOSSIERS * EACH
    seconds: dict[str, list[float]] = {"bare": [], "service": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        KafkaBroker(Path(folder) / "kafka", free_port()) as broker,
    ):
        ensure_topics(broker.bootstrap, topics=[events_topic(TOPIC)])
        put(broker.bootstrap, TOPIC, workload(DOSSIERS, EACH))
        for round_ in range(ROUNDS):
            for side, times in seconds.items():
                url = f"sqlite:///{folder}/{round_}.sqlite3"
                times.append(_in_process(side, broker.bootstrap, url, count))
    bare, service = (count / min(times) for times in seconds.values())
    print(f"{count} events of {DOSSIERS} dossiers; best of {ROUNDS}")
    print(f"bare kafka-python poll + decode  {bare:10,.0f} /s")
    print(f"into views, committed (SQLite)   {service:10,.0f} /s")
    print(f"ratio {service / bare:.2f} (reach {REACH})")


def _in_process(side: str, bootstrap: str, url: str, count: int) -> float:
    command = [sys.executable, "-m", "benchmarks.bulk_read", side, bootstrap, url, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def _bare(bootstrap: str, _url: str, count: int) -> float:
    begun = time.perf_counter()
    partitions = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
    reader = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None)
    reader.assign(partitions)
    reader.seek_to_beginning()
    left = count
    while left:
        for run_ in reader.poll(500, max_records=5_000).values():
            for record in run_:
                Event.FromString(record.value)
            left -= len(run_)
    seconds = time.perf_counter() - begun
    reader.close()
    return seconds


def _service(bootstrap: str, url: str, count: int) -> float:
    node = Node(bootstrap, TOPIC, url, model=SILENT, faust=False)
    tune()
    node.writer.start()
    begun = time.perf_counter()
    node.consumer.start()
    wait_until(lambda: node.consumer.status().ready, seconds=300)
    seconds = time.perf_counter() - begun
    assert node.consumer.status().handled == count
    node.consumer.stop()
    node.writer.stop()
    return seconds


if __name__ == "__main__":
    _sides = {"bare": _bare, "service": _service}
    print(_sides[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4])))
