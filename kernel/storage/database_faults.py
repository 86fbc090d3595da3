"""What a database's error means, on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

_FULL = "53100"
_LIMIT = "54"
"""PostgreSQL's class for what exceeds a limit, such as a key longer than an index takes."""


def is_full(error: DBAPIError) -> bool:
    """Return whether the disk, or the size that the database may have, is used up."""
    return _sqlite_code(error) == sqlite3.SQLITE_FULL or _state(error) == _FULL


def is_statement_fault(error: DBAPIError) -> bool:
    """Return whether the statement itself is at fault, such as one that names a column that is not
    there: to wait or to try again will not help.

    SQLite reports this in the same class as a database that is away.
    """
    return _sqlite_code(error) == sqlite3.SQLITE_ERROR or _state(error).startswith(_LIMIT)


def _sqlite_code(error: DBAPIError) -> int | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF  # the rest tells variants apart


def _state(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")
