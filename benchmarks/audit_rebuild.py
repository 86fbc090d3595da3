"""Audit's whole database made again from the log, against a bare read of the same topic.

The rebuild runs in a process of its own, so that its peak memory is its own; the bare reads stand
before and after it, so that other work on the machine meets both.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from motcua.events.v1.common_pb2 import CHANNEL_COUNTER, Actor, ActorKind, SealedData
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierSubmitted, ResultReturned
from motcua.notify.v1.message_events_pb2 import MessageQueued
from motcua.postal.v1.job_events_pb2 import ItemDelivered, ItemTracked, PostalJobCreated
from motcua.routing.v1.case_events_pb2 import CaseOpened, CaseResolved, StepAssigned, StepCompleted
from motcua.routing.v1.event_parts_pb2 import CurrentStep
from motcua.routing.v1.types_pb2 import CASE_RESULT_GRANTED

from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from infra.local.topics import ensure_topics, events_topic
from kernel.base.instants import DAY, HOUR, MINUTE, to_timestamp, to_us
from kernel.eventsourcing.envelope import headers, make_event, stream_of, type_name
from office.streams import DOSSIER

NAME = "audit: its database made again from the log, against a bare read of the log"
COUNT = int(
    os.environ.get("BENCH_AUDIT_EVENTS", "1000000" if os.environ.get("BENCH_FULL") else "200000")
)
TOPIC = "bench.audit"
START = 1_628_474_400_000_000
AT_LEAST = 0.4
AT_MOST_MB = 500
_OFFICER = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="an.nv", unit="H22.12.01")


def _events(count: int) -> Iterator[Event]:
    """Return the events of dossiers that overlap in time, 13 for each."""
    step = CurrentStep(step="verify", unit="H22.12.01", role="specialist")
    due = to_timestamp(START + 5 * DAY)
    sealed = SealedData(key_id="k", nonce=b"n" * 12, ciphertext=b"c" * 120)
    uuid = "0" * 36
    submitted = DossierSubmitted(
        procedure_code="1.012766",
        unit="H22.12",
        channel=CHANNEL_COUNTER,
        time_zone="Asia/Ho_Chi_Minh",
        applicant=sealed,
    )
    life = [
        ("intake", submitted),
        ("notify", MessageQueued(message_id=uuid, kind="submitted", channel="email")),
        ("intake", DossierAccepted(time_limit="5wd", due_at=due, calendar_version="vn")),
        ("routing", CaseOpened(process="standard", due_at=due, current=step)),
        ("notify", MessageQueued(message_id=uuid, kind="accepted", channel="email")),
        ("routing", StepAssigned(step="verify", assignee="an.nv")),
        ("routing", StepCompleted(step="verify", next=step)),
        ("routing", StepCompleted(step="sign")),
        ("routing", CaseResolved(result=CASE_RESULT_GRANTED)),
        ("postal", PostalJobCreated(job_id=uuid, partner_id="vnpost", addressee=sealed)),
        ("postal", ItemTracked(job_id=uuid, item_number="EE123456785VN", code="EMH")),
        ("postal", ItemDelivered(job_id=uuid, item_number="EE123456785VN")),
        ("intake", ResultReturned(item_number="EE123456785VN")),
    ]
    made, first, open_at_once = 0, 0, 500
    while made < count:
        numbers: dict[tuple[int, str], int] = {}
        for at, (source, payload) in enumerate(life):
            for dossier in range(first, first + open_at_once):
                number = numbers[dossier, source] = numbers.get((dossier, source), 0) + 1
                when = START + (dossier % 500) * MINUTE + at * 5 * HOUR
                yield make_event(
                    f"H22.12.03-210809-{dossier:06d}",
                    source,
                    number,
                    payload,
                    stream_kind=DOSSIER,
                    actor=_OFFICER,
                    occurred_at=when,
                    recorded_at=when,
                    causation_id="0" * 36,
                    correlation_id="0" * 36,
                )
                made += 1
                if made == count:
                    return
        first += open_at_once


def _fill(bootstrap: str) -> None:
    ensure_topics(bootstrap, topics=[events_topic(TOPIC)])
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, acks=1, enable_idempotence=False, linger_ms=20
    )
    for event in _events(COUNT):
        said = headers(
            event.event_id,
            type_name(event),
            event.source,
            stream_of(event),
            to_us(event.occurred_at),
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
        key = event.stream_id.encode()
        producer.send(TOPIC, event.SerializeToString(), key=key, headers=list(said))
    producer.flush(60)
    producer.close()


def _bare(bootstrap: str) -> float:
    """Return the rate of polling and decoding alone."""
    began = time.perf_counter()
    reader = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False)
    places = [TopicPartition(TOPIC, p) for p in sorted(reader.partitions_for_topic(TOPIC) or ())]
    reader.assign(places)
    reader.seek_to_beginning(*places)
    decoded = 0
    while decoded < COUNT:
        for records in reader.poll(timeout_ms=1_000, max_records=5_000).values():
            for record in records:
                Event.FromString(record.value)
            decoded += len(records)
    reader.close()
    return COUNT / (time.perf_counter() - began)


def _rebuild(bootstrap: str, folder: Path) -> tuple[float, float]:
    """Return the rate of the rebuild and its peak memory in MB."""
    command = [sys.executable, "-m", "benchmarks.audit_rebuild", "--child", bootstrap, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    told = json.loads(done.stdout.splitlines()[-1])
    return COUNT / told["seconds"], told["peak_mb"]


def _child(bootstrap: str, folder: Path) -> None:
    """Rebuild in this process, and print what it took."""
    from kernel.rebuild.rebuild import rebuild
    from tests.support.models import AUDIT as MODEL

    done = rebuild(MODEL, bootstrap, TOPIC, f"sqlite:///{folder / 'audit.sqlite3'}")
    if done.events != COUNT:
        raise AssertionError(f"{done.events} events handled of {COUNT}")
    print(json.dumps({"seconds": done.seconds, "peak_mb": _peak_mb()}))


def _peak_mb() -> float:
    """Return this program's peak memory; ``ru_maxrss`` would hold the parent's up to the exec."""
    status = Path("/proc/self/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def run() -> None:
    """Print both rates, their ratio and the peak memory."""
    with (
        tempfile.TemporaryDirectory(prefix="motcua-bench-") as scratch,
        KafkaBroker(Path(scratch) / "kafka", free_port()) as broker,
    ):
        _fill(broker.bootstrap)
        before = _bare(broker.bootstrap)
        rate, peak = _rebuild(broker.bootstrap, Path(scratch))
        bare = (before + _bare(broker.bootstrap)) / 2
    print(f"  events                  {COUNT:12,}")
    print(f"  bare poll + decode      {bare:12,.0f} events/s")
    print(f"  rebuild, committed      {rate:12,.0f} events/s")
    print(f"  rebuild / bare          {rate / bare:12.2f}     (to reach: {AT_LEAST})")
    print(f"  peak memory of rebuild  {peak:12,.0f} MB  (to stay below: {AT_MOST_MB})")


def main() -> None:
    """Run this benchmark alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--child", nargs=2, metavar=("BOOTSTRAP", "FOLDER"))
    given = parser.parse_args().child
    if given:
        _child(given[0], Path(given[1]))
        return
    print(NAME)
    run()


if __name__ == "__main__":
    main()
