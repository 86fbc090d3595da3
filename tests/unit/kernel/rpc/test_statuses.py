"""From exceptions to google.rpc.Status."""

from __future__ import annotations

import sqlite3

import grpc
import psycopg
import pytest
from google.rpc import error_details_pb2 as details
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kernel.base import errors
from kernel.base.errors import Failure, Invalid, Refusal, Refused, Violation
from kernel.messages.catalogue import FixedText
from kernel.rpc.statuses import (
    DETAILS_LIMIT,
    DeadlinePassed,
    code_of,
    internal_error,
    known,
    status_of,
)

Code = grpc.StatusCode


def sqlite_error(name: str) -> OperationalError:
    """Return what SQLAlchemy raises for an error of SQLite."""
    error = sqlite3.OperationalError("words")
    error.sqlite_errorname = name
    return OperationalError("insert", {}, error)


def test_every_failure_has_a_code() -> None:
    """A new kind of failure without a code of its own would come out as INTERNAL: none does."""
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, Failure) and kind is not Failure
    ]

    assert len(kinds) >= 8
    for kind in kinds:
        assert code_of(kind.__new__(kind)) != Code.INTERNAL, kind.__name__
    assert code_of(DeadlinePassed()) == Code.DEADLINE_EXCEEDED


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (sqlite_error("SQLITE_FULL"), Code.UNAVAILABLE),
        (sqlite_error("SQLITE_BUSY_SNAPSHOT"), Code.UNAVAILABLE),
        (sqlite_error("SQLITE_IOERR_WRITE"), Code.UNAVAILABLE),
        (PoolTimeout(), Code.UNAVAILABLE),
        (OperationalError("x", {}, psycopg.errors.DiskFull()), Code.UNAVAILABLE),
        (OperationalError("x", {}, psycopg.OperationalError("gone")), Code.UNAVAILABLE),
        (OperationalError("x", {}, psycopg.errors.DeadlockDetected()), Code.ABORTED),
        (OperationalError("x", {}, psycopg.errors.SerializationFailure()), Code.ABORTED),
    ],
)
def test_troubles_of_the_database(error: Exception, code: grpc.StatusCode) -> None:
    """A database that is away, busy or full means come again; a lasting clash means read again."""
    failure = known(error)

    assert failure is not None
    assert code_of(failure) == code


@pytest.mark.parametrize(
    "error",
    [
        sqlite_error("SQLITE_ERROR"),  # no such table: our mistake
        IntegrityError("x", {}, sqlite3.IntegrityError("NOT NULL")),
        ValueError("x"),
        KeyError("x"),
    ],
)
def test_mistakes_of_ours_are_not_explained_away(error: Exception) -> None:
    """A bug is not told as the caller's fault, nor as something that a retry mends."""
    assert known(error) is None


def test_details_fit_into_the_trailers() -> None:
    """However many fields are wrong, the answer stays below the limit and counts the rest."""
    violations = [
        Violation(f"parts[{n}].code", "string.min_len", FixedText("x" * 80, "y"))
        for n in range(500)
    ]

    status = status_of(Invalid(violations), "vi")

    bad = details.BadRequest()
    assert status.details[0].Unpack(bad)
    assert status.ByteSize() < DETAILS_LIMIT + 1000
    shown = len(bad.field_violations) - 1
    assert bad.field_violations[-1].description == f"và {500 - shown} chỗ sai khác"


def test_refusal_names_its_domain() -> None:
    """A refusal's code is unique together with its domain."""
    status = status_of(Refused(Refusal("TOO_LATE", FixedText("muộn", "late"))), "en")

    info = details.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain) == ("TOO_LATE", "motcua")


def test_internal_error_names_the_trace_only() -> None:
    """An unexpected exception is reported by the id under which an operator finds it."""
    status = internal_error("en", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")

    assert status.message == "internal error, trace 0123456789abcdef0123456789abcdef"
