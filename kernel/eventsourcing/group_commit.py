"""Group commit: the one thread that writes to a service's database.

Jobs that wait are run together in one transaction (group commit): nobody waits for a timer, and
under load many share one commit. A job that fails without having changed anything fails alone;
otherwise the group is rolled back and each job is run by itself, so that one job's fault never
costs another its work.

A transaction sees one state of the database, that of its beginning. Where another process has
changed meanwhile what this one changes (optimistic concurrency), it is run again; those that run
again do so one at a time, under an advisory lock. So is one that met other tables than those of
before: a rebuild has replaced them, and what is remembered of them is dropped.
"""

from __future__ import annotations

import itertools
import os
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kernel.base.errors import Busy, Conflict, Unavailable
from kernel.base.halt import HaltReason
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import Remembered, UnitOfWork
from kernel.messages.texts import TEXTS
from kernel.storage.database_faults import is_full, is_statement_fault
from kernel.storage.engines import ping
from kernel.storage.generation import generation_of
from kernel.storage.seen_database import DatabaseWentBack, SeenDatabase
from kernel.telemetry import metrics
from kernel.telemetry.logs import RateLimit, get_logger
from kernel.telemetry.vital_threads import EXIT_STATUS, vital_thread

T = TypeVar("T")
GROUP = 256
REMEMBERED = 4_096
"""States kept from one transaction to the next: those of the streams at work."""
TRIES = 4
TURNS = 20
"""Runs of a transaction at most that meets other processes' changes."""
TURN_LOCK = 7_401_002
"""The PostgreSQL advisory lock of those that run again."""
_SCHEMA = func.hashtext(func.current_schema())
_OVERTAKEN = frozenset({"40001", "40P01", "55P03"})
"""What PostgreSQL says of a transaction that met another's change, of two that wait for each other,
and of one that did not get a lock in time.
"""
PATIENCE = 10.0
"""Seconds for which a transaction is run again and again."""
STOP_SECONDS = 20.0
_log = get_logger(__name__)


class _Replaced(Unavailable):
    """The tables are just being replaced by those of a rebuild, or have just been."""

    def __init__(self) -> None:
        super().__init__(*TEXTS.both("status.rebuilding"), code="REBUILDING")


@dataclass(slots=True)
class _Job(Generic[T]):
    work: Callable[[UnitOfWork], T]
    future: Future[T]
    alone: bool


class Writer:
    """Runs jobs in transactions, in the order in which they came; made once per process."""

    def __init__(self, engine: Engine, model: Model, keyring: Keyring | None = None) -> None:
        self._engine = engine
        # On SQLite there is one writer at a time, whatever the level.
        snapshot = {"isolation_level": "REPEATABLE READ"}
        self._whole = (
            engine.execution_options(**snapshot) if engine.dialect.name == "postgresql" else engine
        )
        self._model = model
        self._keyring = keyring
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._on_publish: list[Callable[[], None]] = []
        self._on_replaced: list[Callable[[], None]] = []
        self._generation: str | None = None
        self._states: Remembered = {}
        self.seen = SeenDatabase(engine, model.tables)
        """What this process has seen of its database."""
        self.full = False
        """Whether the disk of the database was full at the last write."""
        self._log_limit = RateLimit()
        self._ended = False
        self._ending = threading.Lock()
        self._thread = vital_thread(self._run, "writer")

    def on_publish(self, ring: Callable[[], None]) -> None:
        """Have ``ring`` called after each commit that left events to be published."""
        self._on_publish.append(ring)

    def on_replaced(self, notify: Callable[[], None]) -> None:
        """Have ``notify`` called when a rebuild has replaced the tables."""
        self._on_replaced.append(notify)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Run what waits, then end the thread; blocks for ``STOP_SECONDS`` at most."""
        with self._ending:
            self._ended = True
            self._jobs.put(None)
        self._thread.join(STOP_SECONDS)

    def submit(self, work: Callable[[UnitOfWork], T]) -> Future[T]:
        """Run a job together with others. Its future fails with what the job raised.

        A lasting clash of keys gives ``Conflict``, and its kind ``Busy`` a transaction that others
        did not let through; a database that does not answer, tables that a rebuild is replacing,
        or a writer that was stopped, give ``Unavailable``. A future cancelled before its job begins
        leaves no trace. The job may be run more than once, never with more than one effect.
        """
        return self._put(work, alone=False)

    def exclusive(self, work: Callable[[UnitOfWork], T]) -> Future[T]:
        """Run a job in a transaction of its own; otherwise as ``submit``."""
        return self._put(work, alone=True)

    def _put(self, work: Callable[[UnitOfWork], T], *, alone: bool) -> Future[T]:
        future: Future[T] = Future()
        with self._ending:
            if self._ended:
                future.set_exception(_stopped())
            else:
                self._jobs.put(_Job(work, future, alone))
        return future

    def _run(self) -> None:
        ending = False
        while not ending:
            batch: list[_Job[Any]] = []
            first = self._jobs.get()
            if first is None:
                return
            batch.append(first)
            while len(batch) < GROUP:
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    ending = True
                    break
                batch.append(job)
            self._serve([j for j in batch if j.future.set_running_or_notify_cancel()])

    def _serve(self, batch: list[_Job[Any]]) -> None:
        group: list[_Job[Any]] = []
        for job in batch:
            if job.alone:
                self._group(group)
                group = []
                self._single(job)
            else:
                group.append(job)
        self._group(group)

    def _group(self, jobs: list[_Job[Any]]) -> None:
        if len(jobs) < 2:
            for job in jobs:
                self._single(job)
            return
        try:
            outcomes, published = self._in_turn(partial(self._together, jobs))
        except OperationalError as error:
            if error.connection_invalidated or not self._answers():
                for job in jobs:
                    job.future.set_exception(_unavailable(error))
                return
            self._each(jobs)
        except _Replaced as replaced:
            for job in jobs:
                job.future.set_exception(replaced)
        except Exception:
            self._each(jobs)
        else:
            self._ring(published)
            metrics.WRITER_BATCH.record(len(jobs))
            for job, (value, failure) in zip(jobs, outcomes, strict=True):
                _settle(job, value, failure)

    def _together(self, jobs: list[_Job[Any]]) -> tuple[list[tuple[Any, Exception | None]], int]:
        outcomes: list[tuple[Any, Exception | None]] = []
        with self._whole.begin() as connection:
            unit = self._unit(connection)
            for job in jobs:
                before = unit.changes
                try:
                    outcomes.append((job.work(unit), None))
                except DBAPIError:
                    raise
                except Exception as failure:
                    if unit.changes != before:
                        raise
                    outcomes.append((None, failure))
            unit.flush()
        self._remember(unit)
        return outcomes, unit.published

    def _alone(self, job: _Job[Any]) -> tuple[UnitOfWork, Any]:
        with self._whole.begin() as connection:
            unit = self._unit(connection)
            value = job.work(unit)
            unit.flush()
        return unit, value

    def _in_turn(self, run: Callable[[], T]) -> T:
        """Run a transaction, again when another process has overtaken it, or a rebuild."""
        begun = time.monotonic()
        again = 0
        while True:
            with self._turn() if again else nullcontext():
                try:
                    return run()
                except OperationalError as error:
                    late = time.monotonic() - begun > PATIENCE
                    if again == TURNS or late or not _overtaken(error):
                        raise
                    again += 1
                except _Replaced:
                    if time.monotonic() - begun > PATIENCE:
                        raise

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Keep the other processes' writers from running again; on a connection of its own, since
        what waits within a transaction sees the state of before.

        It only saves work, so it is done without when another process keeps it for long.
        """
        connection: Connection | None = None
        try:
            connection = self._engine.connect()
            connection.execute(select(func.pg_advisory_xact_lock(TURN_LOCK, _SCHEMA)))
        except DBAPIError:
            pass
        try:
            yield
        finally:
            if connection is not None:
                with suppress(DBAPIError):
                    connection.close()

    def _each(self, jobs: list[_Job[Any]]) -> None:
        for job in jobs:
            self._single(job)

    def _single(self, job: _Job[Any]) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                unit, value = self._in_turn(partial(self._alone, job))
            except (IntegrityError, OperationalError) as error:
                if isinstance(error, OperationalError) and (
                    error.connection_invalidated or not self._answers()
                ):
                    job.future.set_exception(_unavailable(error))
                    return
                if is_full(error):
                    self._note(full=True)
                if attempt == TRIES or _overtaken(error):
                    job.future.set_exception(_lasting(error))
                    return
                time.sleep(random.uniform(0, 0.01 * 2**attempt))
            except Exception as failure:
                job.future.set_exception(failure)
                return
            else:
                self._remember(unit)
                self._ring(unit.published)
                job.future.set_result(value)
                return

    def _unit(self, connection: Connection) -> UnitOfWork:
        self._require_generation(connection)
        try:
            self.seen.require_same(connection)
        except DatabaseWentBack as why:
            # Begun anew, it reads what the database has forgotten before it takes a command.
            _log.error("database.went_back", why=str(why))
            os._exit(EXIT_STATUS)
        now = time.time_ns() // 1000
        return UnitOfWork(connection, self._model, self._keyring, now, self._states)

    def _require_generation(self, connection: Connection) -> None:
        """Begin a transaction: see that the tables are those of the one before, and keep them.

        On PostgreSQL a transaction that waited here sees the tables that came meanwhile as they
        were when it began, half filled; so does the first one of a process. It is run again.
        """
        try:
            found = generation_of(connection, self._model.tables.identities)
        except OperationalError as error:
            if _overtaken(error):  # only who replaces the tables has this one for itself
                raise _Replaced from error
            raise
        if found == self._generation:
            return
        known, self._generation = self._generation, found
        self._states.clear()
        self.seen.forget()
        if known is not None:
            _log.info("writer.tables_replaced")
            for notify in self._on_replaced:
                notify()
        raise _Replaced

    def _remember(self, unit: UnitOfWork) -> None:
        """Keep the states of a committed transaction, the latest ones last."""
        if unit.changes:
            self._note(full=False)
        if unit.last_published:
            self.seen.note_event(unit.last_published)
        for name, state in unit.states().items():
            self._states.pop(name, None)
            self._states[name] = state
        for name in list(itertools.islice(self._states, max(0, len(self._states) - REMEMBERED))):
            del self._states[name]

    def _note(self, *, full: bool) -> None:
        if full is self.full:
            return
        self.full = full
        if not self._log_limit.allow(f"full {full}"):
            return
        if full:
            _log.error("database.full")
        else:
            _log.info("database.has_space")

    def _ring(self, published: int) -> None:
        if published:
            for ring in self._on_publish:
                ring()

    def _answers(self) -> bool:
        try:
            ping(self._engine)
        except (DBAPIError, PoolTimeout):
            return False
        return True


def _settle(job: _Job[Any], value: Any, failure: Exception | None) -> None:
    if failure is None:
        job.future.set_result(value)
    else:
        job.future.set_exception(failure)


def _overtaken(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in _OVERTAKEN


def _unavailable(error: DBAPIError) -> Unavailable:
    full = is_full(error)
    failure = Unavailable(
        *TEXTS.both("status.disk_full" if full else "status.busy"),
        code=HaltReason.DATABASE_FULL if full else "",
    )
    failure.__cause__ = error
    return failure


def _stopped() -> Unavailable:
    return Unavailable(*TEXTS.both("status.stopping"))


def _lasting(error: DBAPIError) -> Exception:
    if _overtaken(error):
        failure: Conflict = Busy(*TEXTS.both("status.contended"))
    elif isinstance(error, OperationalError):
        # A retry will not help against a wrong statement, or a key longer than an index takes.
        return error if is_statement_fault(error) else _unavailable(error)
    else:
        failure = Conflict(*TEXTS.both("status.changed"))
    failure.__cause__ = error
    return failure
