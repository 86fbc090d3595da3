"""What a rebuild needs of a database: a second place for tables, and a way to exchange the two."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection, Engine

from kernel.base.errors import Unavailable
from kernel.messages.texts import TEXTS


class RebuildRunning(Unavailable):
    """Another rebuild of the same tables, or who wants them to stay for a while, is under way."""

    def __init__(self) -> None:
        super().__init__(*TEXTS.both("status.rebuilding"), code="REBUILDING")


class HeldUp(Exception):
    """The tables in use could not be had alone; others did not let go of them in time."""


class Held(Protocol):
    """The tables in use, into which nobody writes meanwhile, beside those that were made."""

    @property
    def connection(self) -> Connection:
        """The connection that holds them."""
        ...

    @property
    def live(self) -> str:
        """The schema of the tables in use, as statements on the connection name it."""
        ...

    @property
    def shadow(self) -> str:
        """The schema of those that were made, once ``attach`` was called."""
        ...

    def attach(self) -> None:
        """Make both of them visible to the connection; nobody else may use those made any more."""
        ...

    def replace(self, kept: Collection[str]) -> None:
        """Put the tables that were made in the place of those in use, at once and for good; the
        tables ``kept`` stay as they are.
        """
        ...


class Place(Protocol):
    """Where a service's tables are. ``reserved`` comes first, and lasts while the rest is done."""

    def reserved(self) -> AbstractContextManager[None]:
        """Keep other rebuilds away; raise ``RebuildRunning`` when there is one, and SQLAlchemy's
        ``DBAPIError`` when the database does not answer or is damaged.
        """
        ...

    def make(self) -> Engine:
        """Return an engine on an empty place beside the tables in use. What an earlier rebuild has
        left there is removed.
        """
        ...

    def hold(self) -> AbstractContextManager[Held]:
        """Keep everybody from writing into the tables in use until ``replace``, or until the block
        is left; raise ``HeldUp``.
        """
        ...

    def clear(self) -> None:
        """Remove what stands beside the tables in use; what somebody still reads is left to the
        next rebuild.
        """
        ...
