"""Reading the log in bulk into each service's views, against a bare read of the same topic.

The log holds the demonstration's week many times over, and each service has its real model. The
bare side polls with kafka-python, set up as the log reader is, and decodes each event. A round is a
process in which both sides run one after the other for each service, so that other work on the
machine meets both; connection and start are included. The ratio is the median of the rounds'
ratios.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import func, select

from benchmarks import week
from benchmarks.harness import Figures, Servers, Size, TargetMissed
from kernel.config.process_tuning import tune_garbage_collection
from kernel.consumer.reading.kafka_reader import BATCH
from tests.support.feed import wait_until
from tests.support.models import MODELS
from tests.support.tally import Node

NAME = "bulk read of the log into each service's views, against a bare poll and decode"
TARGET = 0.2
COUNTS = {Size.SMALL: 1, Size.USUAL: 100_000, Size.FULL: 400_000}
"""At least so many events; the smallest is one week."""
ROUNDS = {Size.SMALL: 1, Size.USUAL: 3, Size.FULL: 5}


def run(size: Size, servers: Servers) -> Figures:
    """Print both sides and their ratio for each service."""
    bootstrap, topic = servers.topic("bulk")
    count = week.publish(bootstrap, topic, COUNTS[size])
    rounds: dict[str, list[tuple[float, float]]] = {service: [] for service in MODELS}
    for _ in range(ROUNDS[size]):
        for service, pair in _round(bootstrap, topic, servers.folder(), count).items():
            rounds[service].append(pair)
    print(f"{count:,} events, the demonstration's mix; best of {ROUNDS[size]} rounds, median ratio")
    print(f"{'service':10} {'bare':>12} {'into views':>12} {'ratio':>7}")
    figures: dict[str, float] = {}
    for service, seconds in rounds.items():
        bare, views = (count / min(side) for side in zip(*seconds, strict=True))
        ratio = statistics.median(bare_s / views_s for bare_s, views_s in seconds)
        print(f"{service:10} {bare:10,.0f}/s {views:10,.0f}/s {ratio:7.2f}")
        figures |= {f"{service}, bare": bare, f"{service}, views": views, service: ratio}
    slowest = min(figures[service] for service in rounds)
    print(f"slowest ratio {slowest:.2f} (target {TARGET})")
    if size is not Size.SMALL and slowest < TARGET:
        raise TargetMissed(f"{slowest:.2f} of the bare rate")
    return figures


def _round(bootstrap: str, topic: str, folder: Path, count: int) -> dict[str, tuple[float, float]]:
    """Return for each service the seconds of the bare side and of the service."""
    command = [sys.executable, "-m", "benchmarks.bulk_read"]
    command += [bootstrap, topic, str(folder), str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, tuple[float, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def bare_read(bootstrap: str, topic: str, count: int) -> float:
    """Poll and decode alone, and return the seconds."""
    begun = time.perf_counter()
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=4 * 1024 * 1024,
        metrics_enabled=False,
    )
    consumer.assign([TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)])
    left = count
    while left:
        for records in consumer.poll(timeout_ms=500, max_records=BATCH).values():
            for record in records:
                Event.FromString(record.value)
            left -= len(records)
    seconds = time.perf_counter() - begun
    consumer.close()
    return seconds


def _read_into_views(service: str, bootstrap: str, topic: str, url: str, count: int) -> float:
    """Let a service read the log to its end, and return the seconds."""
    node = Node(bootstrap, topic, url, model=MODELS[service], faust=False)
    node.writer.start()
    begun = time.perf_counter()
    node.consumer.start()
    try:
        wait_until(lambda: node.consumer.status().ready, seconds=300)
        seconds = time.perf_counter() - begun
        _check(node, count)
    finally:
        node.stop()
    return seconds


def _check(node: Node, count: int) -> None:
    """Raise ``AssertionError`` unless everything was read and nothing quarantined."""
    with node.reads.connect() as connection:
        positions = node.model.tables.positions.c.position
        read = connection.execute(select(func.sum(positions))).scalar_one()
    status, quarantined = node.consumer.status(), node.consumer.quarantine.count()
    if read != count or quarantined or status.repeats:
        raise AssertionError(f"{node.model.source}: {read=} {quarantined=} {status}")


def main() -> None:
    """Measure one round, for another process that prints it."""
    parser = argparse.ArgumentParser()
    for name in ("bootstrap", "topic", "folder", "count"):
        parser.add_argument(name)
    given = parser.parse_args()
    count = int(given.count)
    tune_garbage_collection()
    seconds = {}
    for service in MODELS:
        url = f"sqlite:///{Path(given.folder) / service}.sqlite3"
        bare = bare_read(given.bootstrap, given.topic, count)
        seconds[service] = (
            bare,
            _read_into_views(service, given.bootstrap, given.topic, url, count),
        )
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
