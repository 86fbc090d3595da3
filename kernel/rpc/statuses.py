"""Maps exceptions to google.rpc.Status; nothing else does.

Texts are in the caller's language. An unexpected exception becomes INTERNAL with the trace's id and
nothing more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2 as details
from google.rpc.status_pb2 import Status
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kernel.base.errors import (
    AlreadyExists,
    Conflict,
    Failure,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
)
from kernel.messages.catalogue import BilingualText
from kernel.messages.texts import TEXTS

DOMAIN: Final = "motcua"
RETRY_SECONDS: Final = 1
DETAILS_LIMIT: Final = 6000
"""Bytes of violations in one answer: a client takes 8 KiB of trailers, and the text is
percent-encoded in them.
"""
MESSAGE_LIMIT: Final = 300

_CODES: Final[dict[type[Failure], grpc.StatusCode]] = {
    Invalid: grpc.StatusCode.INVALID_ARGUMENT,
    Refused: grpc.StatusCode.FAILED_PRECONDITION,
    NotFound: grpc.StatusCode.NOT_FOUND,
    AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    Conflict: grpc.StatusCode.ABORTED,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
    Forbidden: grpc.StatusCode.PERMISSION_DENIED,
    Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
}
_BUSY: Final = (
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_CANTOPEN",
    "SQLITE_READONLY",
)


class DeadlinePassed(Failure):
    """The caller no longer waits; nothing was begun (DEADLINE_EXCEEDED)."""

    def __init__(self) -> None:
        super().__init__(*TEXTS.both("status.deadline"))


class TooMany(Failure):
    """A limit on concurrent or repeated calls is reached (RESOURCE_EXHAUSTED).

    ``code``, if there is one, is stable and in UPPER_SNAKE_CASE; ``retry`` are the seconds after
    which to try again.
    """

    def __init__(self, vi: str, en: str, code: str = "", retry: int = RETRY_SECONDS) -> None:
        super().__init__(vi, en)
        self.code = code
        self.retry = retry


def known(error: BaseException) -> Failure | None:
    """Return the failure that an exception stands for; None for an unexpected one."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, PoolTimeout):
        return _busy()
    if isinstance(error, DBAPIError):
        return _of_database(error)
    return None


def code_of(failure: Failure) -> grpc.StatusCode:
    """Return the gRPC code of a failure."""
    if isinstance(failure, DeadlinePassed):
        return grpc.StatusCode.DEADLINE_EXCEEDED
    if isinstance(failure, TooMany):
        return grpc.StatusCode.RESOURCE_EXHAUSTED
    for kind in type(failure).__mro__:
        if kind in _CODES:
            return _CODES[kind]
    return grpc.StatusCode.INTERNAL


def status_of(failure: Failure, language: str) -> Status:
    """Return the status of a failure, with its texts in ``vi`` or ``en``."""
    text = _in_language(failure, language)
    parts: list[Message] = []
    if isinstance(failure, Invalid):
        parts.append(_bad_request(failure, language))
    elif isinstance(failure, Refused | Forbidden | Unauthenticated):
        parts.append(details.ErrorInfo(reason=failure.code, domain=DOMAIN))
    elif isinstance(failure, Unavailable | TooMany):
        seconds = failure.retry if isinstance(failure, TooMany) else RETRY_SECONDS
        parts.append(details.RetryInfo(retry_delay=Duration(seconds=seconds)))
    if isinstance(failure, Unavailable | TooMany) and failure.code:
        parts.append(details.ErrorInfo(reason=failure.code, domain=DOMAIN))
    text = text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"
    parts.append(details.LocalizedMessage(locale=language, message=text))
    return _status(code_of(failure), text, parts)


def internal_error(language: str, traceparent: str) -> Status:
    """Return the status of an unexpected exception: it names only the trace, by which an operator
    finds the log line.
    """
    trace = traceparent.split("-")[1] if traceparent.count("-") == 3 else ""
    text = _in_language(TEXTS.text("status.internal", trace=trace), language)
    return _status(
        grpc.StatusCode.INTERNAL,
        text,
        [
            details.RequestInfo(request_id=trace),
            details.LocalizedMessage(locale=language, message=text),
        ],
    )


def _in_language(text: BilingualText, language: str) -> str:
    return text.en if language == "en" else text.vi


def _status(code: grpc.StatusCode, text: str, parts: Sequence[Message]) -> Status:
    status = Status(code=code.value[0], message=text)
    for part in parts:
        packed = AnyMessage()
        packed.Pack(part)
        status.details.append(packed)
    return status


def _bad_request(failure: Invalid, language: str) -> details.BadRequest:
    """Return the violations; a last one counts those that are not named, or do not fit into the
    trailers.
    """
    result = details.BadRequest()
    room = DETAILS_LIMIT
    for violation in failure.violations:
        row = details.BadRequest.FieldViolation(
            field=violation.field,
            description=_in_language(violation, language),
            reason=violation.rule.upper().replace(".", "_").replace("-", "_"),
        )
        room -= row.ByteSize() + 8
        if room < 0:
            break
        result.field_violations.append(row)
    rest = len(failure.violations) + failure.more - len(result.field_violations)
    if rest:
        text = _in_language(TEXTS.text("status.more", rest=rest), language)
        result.field_violations.add(description=text, reason="MORE")
    return result


def _of_database(error: DBAPIError) -> Failure | None:
    """Return ``Unavailable`` for a database that is away, full or busy, ``Conflict`` for a clash
    that lasted, and None for anything else.
    """
    original: Any = error.orig
    if isinstance(original, sqlite3.Error):
        name = getattr(original, "sqlite_errorname", "")
        return _busy() if name.startswith(_BUSY) else None
    state = getattr(original, "sqlstate", None) or ""
    if state.startswith("40"):  # serialization failure, deadlock
        return Conflict(*TEXTS.both("status.changed"))
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return _busy()
    return None


def _busy() -> Unavailable:
    return Unavailable(*TEXTS.both("status.busy"))
