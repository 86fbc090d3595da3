"""Lists of which the rows lie in several places of an index.

What these statements cost follows the number of different values, not that of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Select, func, select, union_all

_TERMS: Final = 100


def values(connection: Connection, column: Column[str], *where: ColumnElement[bool]) -> list[str]:
    """Return the values that a column has in the rows ``where``, each once: hops over an index from
    one to the next.

    An index has to begin with the columns that ``where`` sets equal, followed by this one.
    """
    return [value for (value,) in connection.execute(select_values(column, *where))]


def select_values(column: Column[str], *where: ColumnElement[bool]) -> Select[Any]:
    """Select the values of ``values``."""
    first = select(func.min(column).label("value")).where(*where)
    hop = first.cte("hop", recursive=True)
    following = select(func.min(column)).where(*where, column > hop.c.value).scalar_subquery()
    hop = hop.union_all(select(following).where(hop.c.value.is_not(None)))
    return select(hop.c.value).where(hop.c.value.is_not(None))


def together(parts: Sequence[Select[Any]]) -> Select[Any]:
    """Select the one column of several statements with limits of their own, one behind the other.

    They are put together by hundreds: SQLite takes no more than 500 terms.
    """
    while len(parts) > 1:
        parts = [_union(parts[i : i + _TERMS]) for i in range(0, len(parts), _TERMS)]
    return parts[0]


def _union(parts: Sequence[Select[Any]]) -> Select[Any]:
    return select(union_all(*(select(part.subquery()) for part in parts)).subquery())
