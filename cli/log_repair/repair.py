"""Carries a plan out, so that it can be killed anywhere and begun again.

First the positions go back, so that a service that is started too early sees that the log ends
before them. Then the records are written, each only at the offset that is planned for it. Then what
was waiting to be published is forgotten, since the log has it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, delete, select, tuple_, update

from cli.log_repair.held import Database, open_databases
from cli.log_repair.plan import Plan, Planner
from cli.stack.stopped import require_none_answers
from kernel.consumer.reading.kafka_reader import KafkaReader
from kernel.eventsourcing.leases import is_held
from kernel.eventsourcing.record import Mark
from kernel.kafka.clients import make_admin
from kernel.kafka.cluster import Cluster
from kernel.kafka.exact_writer import write_exactly
from kernel.rebuild.rebuild import place_of
from kernel.storage.engines import open_engine
from kernel.storage.kernel_tables import KernelTables

LEASE_SECONDS: Final = 8.0
"""After this the lease of a relay that was killed has ended."""


class CannotRepair(Exception):
    """Nothing more is done; the text says why, and what to do."""


def require_stopped(databases: Mapping[str, Database]) -> None:
    """Raise ``StillRunning`` naming a service that answers, also one without a database yet, and
    ``CannotRepair`` when a process that does not answer works on one of the databases.
    """
    require_none_answers()
    end = time.monotonic() + LEASE_SECONDS
    for database in databases.values():
        while is_held(database.connection, database.model.tables.leases, "relay"):
            database.connection.rollback()
            if time.monotonic() > end:
                raise CannotRepair(
                    f"a process of {database.service} still runs on its database: stop it first"
                )
            time.sleep(0.2)
        database.connection.rollback()


@contextmanager
def reserved(databases: Mapping[str, Database]) -> Iterator[None]:
    """Keep rebuilds away from all these databases; raise ``RebuildRunning`` when there is one."""
    with ExitStack() as kept:
        for database in databases.values():
            place = place_of(database.settings.database_url, database.service)
            kept.enter_context(place.reserved())
        yield


def exists(cluster: Cluster, topic: str) -> bool:
    """Return whether the cluster has a topic."""
    admin = make_admin(cluster, bootstrap_timeout_ms=5_000)
    try:
        return topic in admin.list_topics()
    finally:
        admin.close()


@contextmanager
def planned(cluster: Cluster, topic: str, target: str) -> Iterator[Planner]:
    """Make the plan, and keep all open that it was made from; raise ``CannotRepair`` without the
    topic, and ``LogUnavailable``.
    """
    with ExitStack() as closing:
        databases = closing.enter_context(open_databases())
        if not exists(cluster, topic):
            raise CannotRepair(
                f"there is no topic {topic} at {cluster.servers}; `motcua topic fix` makes it"
            )
        log = KafkaReader(cluster, topic)
        closing.callback(log.close)
        written = None
        if target != topic and exists(cluster, target):
            written = KafkaReader(cluster, target)
            closing.callback(written.close)
        planner = Planner(databases, log, topic, target)
        planner.make(written)
        yield planner


Move = tuple[int, Mark | None]
"""The position that a partition gets, and the record before it."""


def moves(databases: Mapping[str, Database], plan: Plan) -> dict[str, dict[int, Move]]:
    """Return by service and partition which positions go back, because something may stand at
    another offset than before. What was read already is known as a repeat then.
    """
    found: dict[str, dict[int, Move]] = {}
    for database in databases.values():
        marks = database.marks()
        for partition, position in database.positions().items():
            move = _position(plan, partition, position, marks.get(partition))
            if move is not None:
                found.setdefault(database.service, {})[partition] = move
    return found


def put_positions_back(databases: Mapping[str, Database], plan: Plan) -> None:
    """Have every service read again what may stand at another offset than before."""
    for service, changes in moves(databases, plan).items():
        database = databases[service]
        database.connection.rollback()
        with _writable(database) as connection:
            _move(connection, database.model.tables, changes)


def _position(plan: Plan, partition: int, position: int, mark: Mark | None) -> Move | None:
    """Return where a position has to go, and its mark; None when it stays as it is."""
    marks = plan.marks.get(partition, {})
    exact = plan.exact.get(partition, 0)
    if position > exact:
        return exact, marks.get(exact - 1)
    if mark is None or marks.get(mark.offset) == mark:
        return None
    if (partition, mark.offset) in plan.repeats:
        return position, marks[mark.offset]
    return 0, None


def _move(connection: Connection, tables: KernelTables, changes: Mapping[int, Move]) -> None:
    table = tables.positions
    for partition, (position, mark) in changes.items():
        connection.execute(
            update(table)
            .where(table.c.partition == partition)
            .values(
                position=position,
                last_offset=None if mark is None else mark.offset,
                last_digest=None if mark is None else mark.digest,
            )
        )


def write(cluster: Cluster, planner: Planner, wrote: Callable[[int], None]) -> None:
    """Write what the target lacks, each partition in order; raise ``OffsetTaken`` when a record
    gets another offset than planned.
    """
    plan = planner.plan
    reader = KafkaReader(cluster, plan.target)
    try:
        ends = reader.ends(range(plan.partitions))
    finally:
        reader.close()
    lacking = (
        each.record
        for partition in range(plan.partitions)
        for each in planner.records(partition)
        if each.record.offset >= ends[partition]
    )
    write_exactly(cluster, plan.target, lacking, wrote)


def forget_waiting(databases: Mapping[str, Database], plan: Plan) -> None:
    """Forget what waited for publication when the plan was made, since the log has it, and note
    where the log ends. What a service that was started too early has written since waits on.
    """
    for database in databases.values():
        database.connection.rollback()
        tables = database.model.tables
        outbox = tables.outbox
        stream = tuple_(outbox.c.stream_id, outbox.c.stream_kind)
        refused = select(outbox.c.stream_id, outbox.c.stream_kind).where(
            outbox.c.quarantine_reason.is_not(None)
        )
        known = outbox.c.id <= plan.waiting.get(database.service, 0)
        with _writable(database) as connection:
            connection.execute(delete(outbox).where(known, stream.not_in(refused)))
            connection.execute(delete(tables.published))
            if plan.last:
                connection.execute(
                    tables.published.insert(),
                    [
                        {"partition": partition, "offset": mark.offset, "digest": mark.digest}
                        for partition, mark in plan.last.items()
                    ],
                )


@contextmanager
def _writable(database: Database) -> Iterator[Connection]:
    engine = open_engine(database.settings.database_url, database.service)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def note(folder: Path, entry: dict[str, Any]) -> None:
    """Append a line to the record of repairs, which is on disk when this returns."""
    (folder / "log").mkdir(parents=True, exist_ok=True)
    with (folder / "log" / "repairs.log").open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
