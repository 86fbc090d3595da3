"""An SQLite file: tables are made in a second file, and copied into the one in use.

The copy is one transaction, so whoever reads meanwhile sees all of the old tables or all of the
new. To exchange the files instead would leave every open connection with the old one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from kernel.rebuild.place import HeldUp, RebuildRunning
from kernel.storage.engines import open_engine

_SHADOW: Final = "rebuilt"
_DEFINED: Final = "select type, name, sql from {}.sqlite_master where sql is not null"


@dataclass(frozen=True)
class HeldFile:
    """A file into which only one connection writes."""

    connection: Connection
    made: Path
    live: str = "main"
    shadow: str = _SHADOW

    def attach(self) -> None:
        """Attach the file that was made."""
        self.connection.exec_driver_sql(f"attach database ? as {_SHADOW}", (str(self.made),))

    def replace(self, kept: Collection[str]) -> None:
        """Make the other tables again as they are in the second file, indexes last."""
        run = self.connection.exec_driver_sql
        for kind, name, _sql in run(_DEFINED.format("main")).all():
            if kind == "table" and name not in kept:
                run(f'drop table main."{name}"')
        made = run(_DEFINED.format(_SHADOW)).all()
        for kind, name, sql in made:
            if kind == "table" and name not in kept:
                run(sql)
                run(f'insert into main."{name}" select * from {_SHADOW}."{name}"')
        there = {name for _kind, name, _sql in run(_DEFINED.format("main"))}
        for _kind, name, sql in made:
            if name not in there:
                run(sql)
        self.connection.commit()


class SqlitePlace:
    """One service's file."""

    def __init__(self, url: str, schema: str) -> None:
        self._schema = schema
        self._path = Path(make_url(url).database or "").absolute()
        self._folder = self._path.with_name(f"{self._path.name}.rebuild")
        self._made = self._folder / self._path.name
        self._engine = open_engine(url, schema)

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Have a folder beside the file alone."""
        with _alone(self._folder):
            try:
                with self._engine.connect() as connection:  # shows whether it is damaged
                    connection.exec_driver_sql("select count(*) from sqlite_master")
                yield
            finally:
                self._engine.dispose()

    def make(self) -> Engine:
        """Return an engine on a new file."""
        _empty(self._folder)
        engine = open_engine(f"sqlite:///{self._made}", self._schema)
        event.listen(engine, "connect", without_sync)
        return engine

    @contextmanager
    def hold(self) -> Iterator[HeldFile]:
        """Begin a transaction that writes: others wait, or are told that the database is busy."""
        with self._engine.connect() as connection:
            try:
                connection.exec_driver_sql("select count(*) from sqlite_master")
            except OperationalError as error:
                raise HeldUp from error
            try:
                yield HeldFile(connection, self._made)
            finally:
                connection.invalidate()  # the other file is attached to it

    def clear(self) -> None:
        """Remove what is in the folder; the folder goes at the end."""
        _empty(self._folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Make a folder and have it alone; it is removed at the end."""
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RebuildRunning from None
        if not (folder.exists() and os.path.samestat(folder.stat(), os.fstat(handle))):
            raise RebuildRunning  # it has just ended, and removed the folder
        try:
            yield
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink(missing_ok=True)


def without_sync(connection: Any, _record: Any) -> None:
    """Let a file that is thrown away in any case not survive a power cut."""
    connection.execute("PRAGMA synchronous=OFF")
