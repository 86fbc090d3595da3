"""Proofs of sound stores, and of stores and logs that somebody has touched."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from motcua.audit.v1 import types_pb2 as types
from motcua.audit.v1.audit_pb2 import VerifyResult
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import and_, delete, update
from sqlalchemy.sql.elements import ColumnElement

from kernel.eventsourcing.authentication import Authenticator
from kernel.eventsourcing.record import Record
from services.audit.tables import CHAINS, DOSSIERS, KERNEL, LOG
from tests.support.audit_store import Log, Store, log_with_repeats, week
from tests.support.databases import NewDatabase

PLACE = (1, 20)


@pytest.fixture
def log() -> Log:
    return log_with_repeats()


@pytest.fixture
def store(database_url: str, log: Log) -> Iterator[Store]:
    made = Store(database_url)
    made.take_all(log.records(), 64)
    yield made
    made.close()


def _here(place: tuple[int, int] = PLACE) -> ColumnElement[bool]:
    return and_(LOG.c.partition == place[0], LOG.c.offset == place[1])


def _stored(store: Store, place: tuple[int, int] = PLACE) -> dict[str, Any]:
    """Return the row at the place, or the next one: a repeat may stand there."""
    return next(r for r in store.rows(LOG) if (r["partition"], r["offset"]) >= place)


def _first(result: VerifyResult) -> tuple[int, int, int]:
    finding = result.findings[0]
    return finding.kind, finding.partition, finding.offset


def test_a_sound_store_is_proven(store: Store, log: Log) -> None:
    """Nothing is wrong; repeats in the log are counted and are no fault."""
    result = store.verify(log)

    rows = store.rows(LOG)
    assert result.ok
    assert (result.gaps, result.duplicates, result.broken_hashes) == (0, 0, 0)
    assert result.events == len(rows)
    assert result.dossiers == len(store.rows(DOSSIERS))
    assert result.repeats == len(log.records()) - len(rows) > 0
    assert not result.findings
    assert result.log_read
    assert [h.hash for h in result.heads] == [r["hash"] for r in store.rows(CHAINS)]


def test_a_sound_store_is_proven_without_the_log(store: Store) -> None:
    """The store alone can be proven, and the result says that the log was not read."""
    result = store.verify(None)

    assert result.ok
    assert not result.log_read


@pytest.mark.parametrize("beside_log", [True, False])
def test_one_byte_changed_in_the_store_is_named(store: Store, log: Log, beside_log: bool) -> None:
    """The first bad position is the event whose byte was changed."""
    row = _stored(store)
    place = row["partition"], row["offset"]
    body = bytearray(row["body"])
    body[len(body) // 2] ^= 1
    store.execute(update(LOG).where(_here(place)).values(body=bytes(body)))
    result = store.verify(log if beside_log else None)

    assert not result.ok
    assert result.broken_hashes == 1
    assert _first(result) == (types.FINDING_KIND_BROKEN_HASH, *place)
    assert result.findings[0].stream_id == row["stream_id"]


def test_one_event_deleted_from_the_store_is_named(store: Store, log: Log) -> None:
    """The log names the event that the store lost; it is one gap."""
    row = _stored(store)
    place = row["partition"], row["offset"]
    store.execute(delete(LOG).where(_here(place)))
    result = store.verify(log)

    assert not result.ok
    assert result.gaps == 1
    assert _first(result) == (types.FINDING_KIND_MISSING_IN_STORE, *place)
    assert result.findings[0].event_id == row["event_id"]


def test_one_event_deleted_is_seen_without_the_log(store: Store) -> None:
    """Without the log the chain breaks at the event after the one that was deleted."""
    row = _stored(store)
    place = row["partition"], row["offset"]
    after = next(
        r for r in store.rows(LOG) if r["partition"] == place[0] and r["offset"] > place[1]
    )
    store.execute(delete(LOG).where(_here(place)))
    result = store.verify(None)

    assert not result.ok
    assert _first(result) == (types.FINDING_KIND_BROKEN_HASH, after["partition"], after["offset"])


def test_two_events_swapped_in_the_store_are_named(store: Store, log: Log) -> None:
    """The first of two rows that changed places is the first bad position."""
    one, two = [r for r in store.rows(LOG) if r["partition"] == 1][10:12]
    for row, other in ((one, two), (two, one)):
        place = row["partition"], row["offset"]
        values = {k: v for k, v in other.items() if k not in ("partition", "offset")}
        store.execute(update(LOG).where(_here(place)).values(values))
    result = store.verify(log)

    assert not result.ok
    assert _first(result)[1:] == (1, one["offset"])
    assert result.broken_hashes >= 2


def test_the_last_events_cut_off_are_seen(store: Store, log: Log) -> None:
    """Rows cut off at the end leave a chain that does not reach its head."""
    last = [r for r in store.rows(LOG) if r["partition"] == 1][-1]
    store.execute(delete(LOG).where(_here((1, last["offset"]))))

    alone, beside = store.verify(None), store.verify(log)
    assert _first(alone) == (types.FINDING_KIND_WRONG_HEAD, 1, last["offset"])
    assert _first(beside) == (types.FINDING_KIND_MISSING_IN_STORE, 1, last["offset"])
    assert beside.gaps == 1


def _with(log: Log, number: int, records: list[Record]) -> Log:
    changed = Log()
    changed.partitions = [list(p) for p in log.partitions]
    changed.partitions[number] = records
    return changed


def test_one_byte_changed_in_the_log_is_named(store: Store, log: Log) -> None:
    """The store's bytes prove that the log's were changed, and where."""
    row = _stored(store)
    records = list(log.partitions[1])
    record = records[row["offset"]]
    records[row["offset"]] = record._replace(value=(record.value or b"")[:-1] + b"\0")
    result = store.verify(_with(log, 1, records))

    assert _first(result) == (types.FINDING_KIND_DIFFERENT_BYTES, 1, row["offset"])
    assert result.broken_hashes == 1
    assert not result.ok


def test_one_event_deleted_from_the_log_is_named(store: Store, log: Log) -> None:
    """An event that only the store has is named and is one gap."""
    row = _stored(store)
    records = [r for r in log.partitions[1] if r.offset != row["offset"]]
    result = store.verify(_with(log, 1, records))

    assert _first(result) == (types.FINDING_KIND_MISSING_IN_LOG, 1, row["offset"])
    assert (result.gaps, result.ok) == (1, False)


def test_two_events_swapped_in_the_log_are_named(store: Store, log: Log) -> None:
    """Records that changed places differ from the store's at the first of them."""
    row = _stored(store)
    records = list(log.partitions[1])
    a, b = records[row["offset"]], records[row["offset"] + 1]
    records[a.offset] = b._replace(offset=a.offset)
    records[b.offset] = a._replace(offset=b.offset)
    result = store.verify(_with(log, 1, records))

    assert _first(result) == (types.FINDING_KIND_DIFFERENT_BYTES, 1, row["offset"])
    assert not result.ok


def test_an_event_counted_twice_is_named(store: Store, log: Log) -> None:
    """The same event at two places of the store is a duplicate."""
    row = _stored(store)
    last = store.rows(CHAINS)[row["partition"]]["offset"]
    store.execute(LOG.insert().values({**row, "offset": last + 1}))
    store.execute(update(KERNEL.positions).values(position=last + 1_000))
    result = store.verify(None)

    assert result.duplicates == 1
    assert not result.ok
    kinds = {f.kind for f in result.findings if f.offset == last + 1}
    assert kinds >= {types.FINDING_KIND_DUPLICATE, types.FINDING_KIND_BROKEN_HASH}


def test_a_column_that_belies_its_event_is_named(store: Store, log: Log) -> None:
    """A sequence number, an instant or a dossier altered beside untouched bytes is found."""
    row = _stored(store)
    store.execute(
        update(LOG)
        .where(_here((row["partition"], row["offset"])))
        .values(occurred_at=row["occurred_at"] + 1)
    )
    result = store.verify(log)

    assert _first(result) == (types.FINDING_KIND_WRONG_COLUMN, row["partition"], row["offset"])


def test_a_store_forged_as_a_whole_is_found_by_a_noted_head(
    store: Store, log: Log, new_database: NewDatabase
) -> None:
    """A chain made anew over other events agrees with itself, but not with a head noted before."""
    noted = store.verify(None).heads
    forged = Store(new_database("forged"))
    forged.take_all(Log(week(random.Random(22), 50)).records())

    assert forged.verify(None).ok
    result = forged.verify(None, noted)
    assert not result.ok
    assert {f.kind for f in result.findings} == {types.FINDING_KIND_ANCHOR_LOST}
    assert store.verify(None, noted).ok
    forged.close()


def test_records_quarantined_are_no_fault(store: Store, log: Log) -> None:
    """What waits in the quarantine is counted apart."""
    end = len(log.partitions[0])
    record = Record(0, end, b"nobody", b"\xff\xff", [])
    log.partitions[0].append(record)
    store.take([record])
    result = store.verify(log)

    assert result.ok
    assert result.quarantined == 1


def test_a_record_that_nobody_has_proven_is_named(store: Store, log: Log) -> None:
    """Such as one that was taken before records were proven, or that a service without keys took:
    each with its place, and nothing else is wrong.
    """
    keys = Authenticator([b"k" * 32])
    for partition in log.partitions:
        for place, record in enumerate(partition):
            source = Event.FromString(record.value or b"").source
            proof = keys.header(source, record.value or b"")
            partition[place] = record._replace(headers=[*record.headers, proof])
    assert store.verify(log, authenticator=keys).ok

    forged = _stored(store)["offset"]
    record = log.partitions[PLACE[0]][forged]
    log.partitions[PLACE[0]][forged] = record._replace(headers=record.headers[:-1])
    result = store.verify(log, authenticator=keys)
    assert not result.ok
    assert len(result.findings) == 1
    assert _first(result) == (types.FINDING_KIND_UNAUTHENTICATED, PLACE[0], forged)
    assert (result.gaps, result.broken_hashes) == (0, 0)
    assert store.verify(log).ok, "without a key nobody can tell"
