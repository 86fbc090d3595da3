"""Idempotency of commands: deduplication by request id, with each request's first answer kept."""

from __future__ import annotations

import json
import weakref
from collections.abc import Collection
from functools import lru_cache
from typing import Final, NamedTuple

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Dialect,
    String,
    Table,
    bindparam,
    delete,
    func,
    literal_column,
    null,
    select,
    union_all,
)

from kernel.base.instants import DAY
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.compiled_statements import Statement

KEPT: Final = 30 * DAY
"""For how long a first answer is kept, in microseconds. Of an older request that led to events the
events themselves say who asked for what, as after a rebuild; one that led to none acts again.
"""
_LOOKUP: Final = 500
_SWEEP: Final = 1_000


class FirstAnswer(NamedTuple):
    """The first answer to a request."""

    digest: bytes
    """Of the method, the caller and the content, keyed."""
    response: bytes


def forget_old(uow: UnitOfWork, now: int, _left_out: Collection[str] = ()) -> int:
    """Forget some first answers that have been kept long enough, and return how many."""
    table = uow.model.tables.requests
    old = select(table.c.request_id).where(table.c.created_at < now - KEPT).limit(_SWEEP)
    return uow.connection.execute(delete(table).where(table.c.request_id.in_(old))).rowcount


class RequestCache:
    """The earlier requests that one transaction knows, read for all waiting commands at once."""

    def __init__(self, uow: UnitOfWork, requests: Table, events: Table) -> None:
        self.unit = weakref.ref(uow)
        self.answers: dict[str, FirstAnswer] = {}
        self.caused: dict[str, bytes] = {}
        """The digests of requests that events were written for, by request id."""
        self._connection = uow.connection
        self._source = uow.model.source
        self._requests = requests
        self._events = events
        self._looked_up: set[str] = set()
        self._add = uow.add

    def look_up(self, request_id: str, waiting: Collection[str]) -> None:
        """Read a request's first answer, and those of the others that wait, from the database."""
        if request_id in self._looked_up:
            return
        fresh = list({request_id, *list(waiting)[:_LOOKUP]} - self._looked_up)
        self._looked_up.update(fresh)
        dialect = self._connection.dialect
        statement = _lookup_of(self._requests, self._events, dialect)
        ids = fresh if dialect.name == "postgresql" else json.dumps(fresh)
        row = {"ids": ids, "source": self._source}
        for found in self._connection.exec_driver_sql(statement.sql, statement.one(row)):
            request_id, digest, response = found
            if response is None:
                self.caused[request_id] = digest
            else:
                self.answers[request_id] = FirstAnswer(digest, response)

    def keep(self, call: Call, first: FirstAnswer) -> None:
        """Save the first answer; the transaction fails when a replica saves one for the same id."""
        row = {
            "request_id": call.request_id,
            "digest": first.digest,
            "response": first.response,
            "created_at": call.now,
        }
        self._add(self._requests, row)
        self.answers[call.request_id] = first


@lru_cache(maxsize=8)
def _lookup_of(requests: Table, events: Table, dialect: Dialect) -> Statement:
    """Return the statement that finds first answers, and requests that led to events (response
    null).
    """
    r, e = requests.c, events.c
    answers = select(r.request_id, r.digest, r.response).where(_among_ids(r.request_id, dialect))
    causes = select(e.causation_id, e.request_digest, null()).where(
        _among_ids(e.causation_id, dialect),
        e.source == bindparam("source"),
        func.length(e.request_digest) > literal_column("0"),  # else an event with this id led to it
    )
    return Statement(union_all(answers, causes), dialect)


def _among_ids(column: Column[str], dialect: Dialect) -> ColumnElement[bool]:
    """Return the condition that a column is in the parameter ``ids``: an array, or a JSON array
    for SQLite.
    """
    if dialect.name == "postgresql":
        return column == func.any(bindparam("ids", type_=ARRAY(String)))
    each = func.json_each(bindparam("ids", type_=String)).table_valued("value")
    return column.in_(select(each.c.value))


@lru_cache(maxsize=256)
def answer_type(method: str) -> type[Message]:
    """Return the response type of a method by its full name, such as
    ``package.v1.Service/Method``.
    """
    found = descriptor_pool.Default().FindMethodByName(method.replace("/", "."))
    return message_factory.GetMessageClass(found.output_type)
