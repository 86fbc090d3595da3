"""The listing of due dates: its filter, once for a row and once in SQL."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, or_, select, tuple_

from kernel.base import page_token
from services.audit.state.as_of import FACTS, changed_since, rows_of, unchanged_since
from services.audit.state.organisation import ALL_UNITS, UnitFilter
from services.audit.state.portal_state import DossierRow
from services.audit.tables import DOSSIERS

Place = tuple[int, str]
"""A due date and a code: the place of a dossier in the listing."""
EARLIEST: Final[Place] = (-(2**63), "")


@dataclass(frozen=True)
class DeadlineFilter:
    """Which due dates are asked for, as of which instant, after which ``(due date, code)``."""

    as_of: int
    past: bool
    """Whether ``as_of`` was given: then what happened later is left out."""
    within: int | None = None
    overdue: bool = False
    of: UnitFilter = ALL_UNITS
    after: Place = EARLIEST
    known_at: int | None = None
    """By what had been recorded by then; None for everything."""

    def takes(self, row: DossierRow) -> bool:
        """Return whether a dossier belongs to the listing."""
        due = row["pending_due_at"]
        if due is None or (due, row["dossier_code"]) <= self.after:
            return False
        if not self.of.takes(row):
            return False
        if self.within is None and not self.overdue:
            return True
        if due < self.as_of:
            return self.overdue and row["suspended_at"] is None
        return self.within is not None and due <= self.as_of + self.within

    def condition(self) -> ColumnElement[bool]:
        """Return the same condition in SQL."""
        table = DOSSIERS.c
        clauses = [
            table.pending_due_at.is_not(None),
            tuple_(table.pending_due_at, table.dossier_code) > tuple_(*self.after),
            *self.of.conditions(),
        ]
        due = table.pending_due_at
        sought = []
        if self.within is not None:
            sought.append(and_(due >= self.as_of, due <= self.as_of + self.within))
        if self.overdue:
            sought.append(and_(due < self.as_of, table.suspended_at.is_(None)))
        if sought:
            clauses.append(or_(*sought))
        return and_(*clauses)


def deadlines(
    connection: Connection, deadline_filter: DeadlineFilter, limit: int
) -> list[DossierRow]:
    """Return the first ``limit`` dossiers of the listing, by due date and code."""
    instant = deadline_filter.as_of if deadline_filter.past else None
    known_at = deadline_filter.known_at
    statement = (
        select(*FACTS)
        .where(deadline_filter.condition(), unchanged_since(instant, known_at))
        .order_by(DOSSIERS.c.pending_due_at, DOSSIERS.c.dossier_code)
        .limit(limit)
    )
    kept = list(rows_of(connection, statement))
    if instant is None and known_at is None:
        return kept
    refolded: Iterator[DossierRow] = (
        row for row in changed_since(connection, instant, known_at) if deadline_filter.takes(row)
    )
    return heapq.nsmallest(limit, chain(kept, refolded), key=_place)


def knows_unit(connection: Connection, of: UnitFilter) -> bool:
    """Return whether a dossier has one of some units, as its own or as that of its last step."""
    found = select(DOSSIERS.c.dossier_code).where(*of.conditions())
    return connection.execute(found.limit(1)).first() is not None


def _place(row: DossierRow) -> Place:
    return row["pending_due_at"], row["dossier_code"]


def next_page_token(deadline_filter: DeadlineFilter, last: DossierRow) -> str:
    """Return the token that continues a listing after its last row."""
    return page_token.pack(deadline_filter.as_of, *_place(last))


def read_token(token: str) -> tuple[int, Place]:
    """Return a listing's instant and where it goes on; raise ``ValueError`` for any other text."""
    as_of, due, code = page_token.unpack(token, int, int, str)
    return as_of, (due, code)
