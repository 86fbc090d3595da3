"""The log of the demonstration's week, recorded, and many such weeks made from it.

`python -m benchmarks.week LOG_FOLDER` records it anew, from the folder that `make demo` leaves. A
recorded event is its bytes as they lie on the log, after a four-byte length.
"""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from kafka import KafkaProducer
from motcua.events.v1.event_pb2 import Event

from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from kernel.base.instants import to_us
from kernel.eventsourcing.envelope import headers, payload_of, stream_of, type_name
from office.streams import DOSSIER
from tests.support.feed import log_of

FILE = Path(__file__).with_name("data") / "demo_week.binpb.gz"
TOPIC = "dossier.events"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
MOST_WEEKS = 4_096
_FIRST_DAY = date(2000, 1, 1)
_DAYS = 8
"""Days that each week takes for its codes: at least as many as dossiers are filed on."""
_CODE = re.compile(rb"(?<=-)\d{6}(?=-\d{4})")
"""The day in a dossier's code."""
_UUID = re.compile(rb"(?<=[0-9a-f]{8}-[0-9a-f]{4}-[57][0-9a-f]{3}-)[0-9a-f]{4}(?=-[0-9a-f]{12})")
_ITEM = re.compile(rb"(?<=[A-Z]{2})\d{4}(?=\d{5}VN)")
_OFFERS = ("offer_number", "next_offer_number")
_OFFERS_OF_A_WEEK = 1_000


def recorded() -> list[bytes]:
    """Return the week's events in the log's order, partition by partition."""
    packed, events, place = gzip.decompress(FILE.read_bytes()), [], 0
    while place < len(packed):
        size = int.from_bytes(packed[place : place + 4], "big")
        events.append(packed[place + 4 : place + 4 + size])
        place += 4 + size
    return events


def weeks(count: int) -> Iterator[Event]:
    """Return at least so many events: the week again and again, each time with dossiers of its own.

    Codes, identities and item numbers are replaced by others of the same length, so that what
    refers to an event, a job or another dossier still does. Offers to partners are numbered on.
    """
    events = recorded()
    filed = sorted({day for event in events for day in _CODE.findall(event)})
    for week in range(-(-count // len(events))):
        if week == MOST_WEEKS:
            raise ValueError(f"there are no more than {MOST_WEEKS * len(events):,} events")
        first = _FIRST_DAY + timedelta(days=week * _DAYS)
        days = {day: f"{first + timedelta(i):%y%m%d}".encode() for i, day in enumerate(filed)}
        variant, item = b"%04x" % (0x8000 + week), b"%04d" % week
        for event in events:
            dossier = _CODE.sub(lambda found, days=days: days[found[0]], event)  # type: ignore[misc]
            made = Event.FromString(_ITEM.sub(item, _UUID.sub(variant, dossier)))
            if made.source == "postal":
                _number_on(made, week * _OFFERS_OF_A_WEEK)
            yield made


def _number_on(event: Event, by: int) -> None:
    payload = payload_of(event)
    assert payload is not None
    for name in _OFFERS:
        if number := getattr(payload, name, 0):
            setattr(payload, name, number + by)
    event.payload.Pack(payload)


def publish(bootstrap: str, topic: str, count: int) -> int:
    """Put at least so many events on the log as services do, and return how many."""
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, acks=1, enable_idempotence=False, linger_ms=20
    )
    published = 0
    for event in weeks(count):
        attributes = headers(
            event.event_id,
            type_name(event),
            event.source,
            stream_of(event),
            to_us(event.occurred_at),
            TRACE,
        )
        producer.send(
            topic,
            event.SerializeToString(),
            key=event.stream_id.encode(),
            headers=list(attributes),
        )
        published += 1
    producer.flush(60)
    producer.close()
    return published


def record(folder: Path) -> None:
    """Keep the log that lies in a stack's folder; no stack may run on it.

    Streams that are not of a dossier are left out, for every week would write the same ones.
    """
    with KafkaBroker(folder / "kafka", free_port()) as broker:
        events = [e for e in log_of(broker.bootstrap, TOPIC) if e.stream_kind == DOSSIER]
    packed = [event.SerializeToString() for event in events]
    framed = b"".join(len(one).to_bytes(4, "big") + one for one in packed)
    FILE.write_bytes(gzip.compress(framed, mtime=0))
    print(f"{len(events):,} events, {FILE.stat().st_size:,} bytes in {FILE.name}")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
