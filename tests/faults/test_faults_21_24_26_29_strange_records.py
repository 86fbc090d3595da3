"""Faults 21, 24, 25, 26, 29: records that are no events, or not quite those that this build
knows.
"""

from typing import cast

import pytest
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import ActorKind
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import SupplementSubmitted
from sqlalchemy import Column, LargeBinary, MetaData, String, Table

from kernel.consumer.applying import decode, record_handler
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.kernel_tables import kernel_tables
from tests.support.feed import code_of, supplement, wait_until
from tests.support.logs_of_both_kinds import TallyOn
from tests.support.tally import DISCARD, HEARD, SEEN, SILENT

pytestmark = pytest.mark.faults
A, B = code_of(1), code_of(2)


def from_the_future(code: str, sequence: int, *, must_understand: bool = False) -> Event:
    """Return an event whose payload this build does not know."""
    event = supplement(code, sequence)
    event.payload.type_url = "type.googleapis.com/motcua.intake.v1.SupplementForeseen"
    event.must_understand = must_understand
    return event


def _field(number: int, content: bytes) -> bytes:
    tag = number << 3 | 2
    return bytes([tag & 0x7F | 0x80, tag >> 7, len(content)]) + content


def test_fault_21_what_is_no_event_is_quarantined(tally_on: TallyOn) -> None:
    """Random bytes, nothing, null and JSON go into quarantine with their place; the offset moves
    on.
    """
    strange = [b"\xff\x00\x12garbage", b"", None, b'{"dossier_code": "x", "sequence": 1}']
    tally_on.log.put([supplement(A, 1)])
    places = tally_on.log.put_raw([(A.encode(), value) for value in strange])
    tally_on.log.put_raw([(None, b"no key"), (b"\xff\xfe", b"no text")])
    tally_on.log.put([supplement("a\x00b", 1), supplement("x" * 5_000, 1)])
    tally_on.log.put([supplement(A, 2)])
    with tally_on(faust=False) as node:
        wait_until(lambda: node.consumer.status().ready)
        assert node.consumer.quarantine.count() == 8
        for (partition, offset), value in zip(places, strange, strict=True):
            found = node.consumer.quarantine.get(partition, offset)
            assert found is not None
            assert (found.topic, found.reason, found.value) == (
                tally_on.log.topic,
                "undecodable",
                value,
            )
            assert found.stream_id == A
        assert [row["supplements"] for row in node.rows(SEEN)] == [2]
        first = places[0]
        again = node.consumer.quarantine.redrive(partition=first[0], offset=first[1])
        assert (again.handled, again.quarantined) == (0, 1)
        kept = node.consumer.quarantine.get(*first)
        assert kept is not None
        assert kept.attempts == 2
        node.consumer.quarantine.redrive(partition=first[0], offset=first[1], discard=DISCARD)
        assert node.consumer.quarantine.count() == 7
        wait_until(lambda: node.consumer.status().lag == 0, what="nothing is left to read")


def test_faults_24_25_unknown_values_and_fields_are_kept(tally_on: TallyOn) -> None:
    """A number that no enum has and a field from a newer writer do no harm and stay as they
    were.
    """
    metadata = MetaData()
    kept = Table(
        "kept",
        metadata,
        Column("event_id", String, primary_key=True),
        Column("body", LargeBinary, nullable=False),
    )

    def keep(uow: UnitOfWork, record: Record, event: Event) -> None:
        uow.add(kept, {"event_id": event.event_id, "body": record.value})

    model = Model(source="audit", stream_kind="dossier", tables=kernel_tables(metadata), every=keep)
    event = supplement(A, 1)
    event.actor.kind = cast(ActorKind, 99)
    newer = Event.FromString(event.SerializeToString() + _field(1999, b"more"))
    tally_on.log.put([newer, from_the_future(A, 2)])
    with tally_on(model=model, faust=False) as node:
        wait_until(lambda: node.consumer.status().ready)
        assert node.consumer.quarantine.count() == 0
        assert node.consumer.status().unknown == 1
        bodies = [row["body"] for row in node.rows(kept)]
        assert newer.SerializeToString() in bodies
        assert len(bodies) == 2


def test_fault_26_unknown_type_is_skipped_and_counted(tally_on: TallyOn) -> None:
    """Its place in the stream is taken, so the next event of the dossier is no gap."""
    tally_on.log.put([supplement(A, 1), from_the_future(A, 2), supplement(A, 3)])
    with tally_on(model=SILENT, faust=False) as node:
        wait_until(lambda: node.consumer.status().ready)
        status = node.consumer.status()
        assert (status.handled, status.unknown) == (3, 1)
        assert [row["supplements"] for row in node.rows(SEEN)] == [2]
        assert node.consumer.quarantine.count() == 0


def test_fault_26_must_understand_waits_for_the_upgrade(
    tally_on: TallyOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dossier is quarantined, the others go on; after the upgrade the quarantine is
    replayed in order by itself.
    """
    waiting = [from_the_future(A, 2, must_understand=True), supplement(A, 3, 9)]
    tally_on.log.put([supplement(A, 1), *waiting, supplement(B, 1)])
    with tally_on(model=SILENT, faust=False) as node:
        wait_until(lambda: node.consumer.status().ready)
        reasons = [p.reason for p in node.consumer.quarantine.list(A)]
        assert reasons == ["needs_upgrade", "behind"]
        assert {r["dossier_code"]: r["supplements"] for r in node.rows(SEEN)} == {A: 1, B: 1}
    with tally_on(model=SILENT, faust=False) as node:
        wait_until(lambda: node.consumer.status().ready)
        assert node.consumer.quarantine.list(A)[0].attempts > 1

    def newer_build(record: Record) -> Event | None:
        event = decode.read(record)
        if event is not None and event.must_understand:
            payload: Message = SupplementSubmitted(round=2)
            event.payload.Pack(payload)
        return event

    monkeypatch.setattr(record_handler, "read", newer_build)
    with tally_on(model=SILENT, faust=False) as node:
        wait_until(lambda: node.consumer.quarantine.count() == 0)
        seen = {r["dossier_code"]: (r["supplements"], r["last_round"]) for r in node.rows(SEEN)}
        assert seen == {A: (3, 9), B: (1, 1)}


def test_fault_29_key_and_body_disagree(tally_on: TallyOn) -> None:
    """Such a record is quarantined and counted as a matter of security; neither dossier is held."""
    forged = supplement(B, 1)
    tally_on.log.put_raw([(A.encode(), forged.SerializeToString())])
    tally_on.log.put([supplement(A, 1), supplement(B, 1)])
    with tally_on(faust=False) as node:
        wait_until(lambda: node.consumer.status().ready)
        (quarantined,) = node.consumer.quarantine.list()
        assert (quarantined.reason, quarantined.stream_id) == ("key_mismatch", A)
        assert node.consumer.status().key_mismatches == 1
        assert len(node.rows(HEARD)) == 2
