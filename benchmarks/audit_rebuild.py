"""Audit's whole database made again from the log, against a bare read of the same topic.

The rebuild runs in a process of its own, so that its peak memory is its own; the bare reads stand
before and after it, so that other work on the machine meets both.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
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

from benchmarks.harness import Figures, Servers, Size, TargetMissed
from kernel.base.instants import DAY, HOUR, MINUTE, to_timestamp, to_us
from kernel.eventsourcing.envelope import headers, make_event, stream_of, type_name
from office.streams import DOSSIER

NAME = "audit: its database made again from the log, against a bare read of the log"
COUNTS = {Size.SMALL: 2_000, Size.USUAL: 200_000, Size.FULL: 1_000_000}
START = 1_628_474_400_000_000
TARGET_RATIO = 0.4
TARGET_MB = 500
_OFFICER = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="an.nv", unit="H22.12.01")


def events(count: int) -> Iterator[Event]:
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


def _fill(bootstrap: str, topic: str, count: int) -> None:
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, acks=1, enable_idempotence=False, linger_ms=20
    )
    for event in events(count):
        attributes = headers(
            event.event_id,
            type_name(event),
            event.source,
            stream_of(event),
            to_us(event.occurred_at),
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
        key = event.stream_id.encode()
        producer.send(topic, event.SerializeToString(), key=key, headers=list(attributes))
    producer.flush(60)
    producer.close()


def _bare(bootstrap: str, topic: str, count: int) -> float:
    """Return the rate of polling and decoding alone."""
    began = time.perf_counter()
    reader = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False)
    places = [TopicPartition(topic, p) for p in sorted(reader.partitions_for_topic(topic) or ())]
    reader.assign(places)
    reader.seek_to_beginning(*places)
    decoded = 0
    while decoded < count:
        for records in reader.poll(timeout_ms=1_000, max_records=5_000).values():
            for record in records:
                Event.FromString(record.value)
            decoded += len(records)
    reader.close()
    return count / (time.perf_counter() - began)


def _rebuild(bootstrap: str, topic: str, folder: Path, count: int) -> tuple[float, float]:
    """Return the rate of the rebuild and its peak memory in MB."""
    command = [sys.executable, "-m", "benchmarks.audit_rebuild"]
    command += [bootstrap, topic, str(folder), str(count)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    report = json.loads(done.stdout.splitlines()[-1])
    return count / report["seconds"], report["peak_mb"]


def _child(bootstrap: str, topic: str, folder: Path, count: int) -> None:
    """Rebuild in this process, and print what it took."""
    from kernel.rebuild.rebuild import rebuild
    from tests.support.models import AUDIT as MODEL

    done = rebuild(MODEL, bootstrap, topic, f"sqlite:///{folder / 'audit.sqlite3'}")
    if done.events != count:
        raise AssertionError(f"{done.events} events handled of {count}")
    print(json.dumps({"seconds": done.seconds, "peak_mb": _peak_mb()}))


def _peak_mb() -> float:
    """Return this program's peak memory; ``ru_maxrss`` would hold the parent's up to the exec."""
    status = Path("/proc/self/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def run(size: Size, servers: Servers) -> Figures:
    """Print both rates, their ratio and the peak memory."""
    count = COUNTS[size]
    bootstrap, topic = servers.topic("audit")
    _fill(bootstrap, topic, count)
    before = _bare(bootstrap, topic, count)
    rate, peak = _rebuild(bootstrap, topic, servers.folder(), count)
    bare = (before + _bare(bootstrap, topic, count)) / 2
    print(f"  events                  {count:12,}")
    print(f"  bare poll + decode      {bare:12,.0f} events/s")
    print(f"  rebuild, committed      {rate:12,.0f} events/s")
    print(f"  rebuild / bare          {rate / bare:12.2f}     (target: {TARGET_RATIO})")
    print(f"  peak memory of rebuild  {peak:12,.0f} MB  (target: below {TARGET_MB})")
    if size is not Size.SMALL and (rate / bare < TARGET_RATIO or peak > TARGET_MB):
        raise TargetMissed(f"{rate / bare:.2f} of the bare rate, {peak:,.0f} MB")
    return {"bare": bare, "rebuild": rate, "peak memory": peak}


def main() -> None:
    """Rebuild in this process, for another one that measures."""
    parser = argparse.ArgumentParser()
    for name in ("bootstrap", "topic", "folder", "count"):
        parser.add_argument(name)
    given = parser.parse_args()
    _child(given.bootstrap, given.topic, Path(given.folder), int(given.count))


if __name__ == "__main__":
    main()
