"""Skip scans: queries whose rows lie in several places of an index.

Their cost grows with the number of different values, not with that of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Select, func, select, union_all

_TERMS: Final = 100


def values(connection: Connection, column: Column[str], *where: ColumnElement[bool]) -> list[str]:
    """Return the distinct values of a column in the rows ``where``, by skipping over an index.

    An index has to begin with the columns that ``where`` sets equal, followed by this one.
    """
    return [value for (value,) in connection.execute(select_values(column, *where))]


def select_values(column: Column[str], *where: ColumnElement[bool]) -> Select[Any]:
    """Return the select that ``values`` runs."""
    first = select(func.min(column).label("value")).where(*where)
    hop = first.cte("hop", recursive=True)
    following = select(func.min(column)).where(*where, column > hop.c.value).scalar_subquery()
    hop = hop.union_all(select(following).where(hop.c.value.is_not(None)))
    return select(hop.c.value).where(hop.c.value.is_not(None))


def union_of(parts: Sequence[Select[Any]]) -> Select[Any]:
    """Return the union of selects of one column, each with a limit of its own.

    It is nested in hundreds: SQLite takes no more than 500 terms.
    """
    while len(parts) > 1:
        parts = [_union(parts[i : i + _TERMS]) for i in range(0, len(parts), _TERMS)]
    return parts[0]


def _union(parts: Sequence[Select[Any]]) -> Select[Any]:
    return select(union_all(*(select(part.subquery()) for part in parts)).subquery())
