"""Logs: one JSON object per line on stderr, with an event name and a few fields.

Nothing personal: fields with the names of personal data are hidden, and texts are combed for
addresses, phones and identity numbers. Exceptions are logged by type and place, never by text,
because a text may hold a value. Lines of libraries come out as event ``library``, at most ten a
minute for the same sentence.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
import traceback
from collections.abc import MutableMapping
from types import ModuleType
from typing import Any, Final, Protocol, TextIO, cast

# structlog imports rich for tracebacks in colour, which a service never prints: 6 MB for nothing.
_rich = sys.modules.setdefault("rich", cast(ModuleType, None))
import structlog  # noqa: E402

if _rich is None:
    del sys.modules["rich"]

Fields = MutableMapping[str, Any]

EVENTS: Final[dict[str, str]] = {
    "service.starting": "A service process has begun.",
    "service.ready": "A service takes calls and has read the log to its end.",
    "service.stopping": "A service was asked to stop and finishes what runs.",
    "service.stopped": "A service has ended.",
    "service.failed": "A service ends because of a fault.",
    "rpc.started": "The gRPC server listens.",
    "rpc.draining": "The gRPC server takes no new calls.",
    "rpc.stopped": "The gRPC server has ended.",
    "rpc.failed": "A call ended with an unexpected fault.",
    "rpc.certificate_unreadable": "A changed TLS file can't be read; the one before stays in use.",
    "rpc.denied": "A call was denied: its caller may not use the method, or showed no valid token.",
    "rpc.limited": "A call was refused because its caller makes too many, or has too many open.",
    "identity.keys_changed": "The issuer's keys have changed; the ones named are trusted.",
    "identity.keys_unusable": "The changed file of keys can't be used; the ones before stay.",
    "identity.role_unknown": "A token names a role that is not in the table; it is ignored.",
    "consumer.started": "The consumer knows the log's partitions and begins to read.",
    "consumer.caught_up": "The log was read to where it ended at the start.",
    "consumer.log_away": "The log does not answer, or refuses us: then `fault` names the setting; "
    "the consumer waits and tries again.",
    "consumer.unauthenticated": "Records were quarantined that no source has proven to be its own.",
    "consumer.log_differs": "The log is not the one that was read so far; nothing is taken.",
    "consumer.database_away": "The database does not answer; the consumer waits and tries again.",
    "consumer.fenced": "Another worker has moved a position; this one reads on from there.",
    "consumer.quarantined": "A record was quarantined because its handler or reaction failed.",
    "consumer.completed": "Events that were lost with a database before they were published were "
    "written again.",
    "consumer.conflicting": "At the place of some records in their streams another event stands.",
    "consumer.unusable": "Records that can't be used as they are were quarantined.",
    "topic.wrong": "The topic is missing or not as it must be; nothing is taken from it.",
    "topic.right": "The topic is as it must be, and is used.",
    "database.full": "The disk of the database is full; nothing is written until there is space.",
    "database.has_space": "The database can be written again.",
    "clock.ahead": "This machine's clock is too far ahead of the cluster's; nothing is taken.",
    "clock.unknown": "The cluster does not report its time; this machine's clock is not compared.",
    "ledger.away": "The ledger does not say what it has signed; the log is not compared with it.",
    "ledger.stalled": "The ledger has not signed for too long what was read; no command is taken.",
    "consumer.halted": "The consumer has stopped by itself; an operator must look.",
    "consumer.failed": "An unexpected fault; the consumer starts again from its positions.",
    "consumer.faust_dead": "Faust delivers nothing while the log grows; the process ends.",
    "faust.failed": "Faust could not start or has crashed; it is started again.",
    "relay.leading": "This relay publishes the service's events.",
    "relay.waiting": "Events can't be published at present; the relay tries again.",
    "relay.quarantined": "The broker refused an event; later ones of its stream wait.",
    "quarantine.redriven": "An operator had quarantined records tried again.",
    "outbox.released": "An operator had events sent again that the broker had refused.",
    "scheduler.waiting": "A periodic task could not run; the next interval tries again.",
    "scheduler.stream_failed": "A periodic task failed on one stream, and goes on with the others.",
    "scheduler.failed": "A periodic task met an unexpected fault.",
    "database.went_back": "The database has forgotten what this process has committed or read; the "
    "process ends, and reads it from the log when it is started again.",
    "thread.died": "A thread without which the service can't work has failed; the process ends.",
    "writer.tables_replaced": "A rebuild has replaced the service's tables; the process goes on on "
    "the new ones.",
    "library": "A line of a library.",
}
"""The kernel's event names, each with a sentence. An operator may rely on the names."""

ORDINARY: Final = (
    # Who asks for a group's coordinator while the broker is still making its topic for groups is
    # asked to retry; the group's offsets are not used. An absent log is logged by the consumer.
    ("aiokafka.consumer.group_coordinator", "GroupCoordinatorNotAvailable"),
    ("aiokafka.consumer.group_coordinator", "NotCoordinatorForGroup"),
    ("aiokafka.consumer.group_coordinator", "Marking the coordinator dead"),
    # A remark on its own scheduling when the processor is busy; each time another sentence.
    ("kafka.net.selector", "blocking the event loop"),
)
"""Lines of libraries, by logger and words, that a healthy service has too: shown in debug only."""

_ROOT: Final = __file__.removesuffix("kernel/telemetry/logs.py")
HIDDEN: Final = "***"
PERSONAL: Final = frozenset(
    {
        "full_name", "applicant", "citizen", "person", "identity_number", "phone", "email",
        "address", "province", "district", "pin", "recipient", "subject", "body", "request",
        "response", "value", "payload", "token", "authorization", "password",
    }
)  # fmt: skip
"""Fields that are never printed, whatever they hold."""

_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_PHONE: Final = re.compile(r"(?<![\w.-])(?:\+84|0)[ .]?\d{2,3}[ .]?\d{3}[ .]?\d{3,4}(?![\w-])")
_IDENTITY: Final = re.compile(r"(?<![\w.-])\d{9}(?:\d{3})?(?![\w-])")


def mask(text: str) -> str:
    """Hide what looks like an e-mail address, a phone number or an identity number."""
    if "@" in text:
        text = _EMAIL.sub(HIDDEN, text)
    return _IDENTITY.sub(HIDDEN, _PHONE.sub(HIDDEN, text))


def fault(error: BaseException) -> dict[str, Any]:
    """Describe an exception for a log line: its types and where it was raised, without any
    value.
    """
    chain = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        chain.append(type(current).__qualname__)
        current = current.__cause__ or current.__context__
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return {
        "fault": " < ".join(chain),
        "at": [f"{_short(f.filename)}:{f.lineno} {f.name}" for f in frames],
    }


def get_logger(name: str) -> Any:
    """Return the logger of a module; call it with an event name and fields."""
    return structlog.get_logger(module=name)


class RateLimit:
    """Limits how often the same thing is logged; thread-safe."""

    def __init__(self, lines: int = 10, seconds: float = 60.0) -> None:
        self._lines = lines
        self._seconds = seconds
        self._since: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def allow(self, key: str) -> bool:
        """Return whether one more line about ``key`` may be written now."""
        now = time.monotonic()
        with self._lock:
            start, count = self._since.get(key, (now, 0))
            if now - start >= self._seconds:
                start, count = now, 0
            if len(self._since) > 1000:
                self._since.clear()
            self._since[key] = (start, count + 1)
            return count < self._lines


def on_stderr() -> None:
    """Print on stderr what a command's own process logs, from warnings on: stdout is for
    answers.
    """
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


class LogSettings(Protocol):
    """What logging asks of a program's settings."""

    @property
    def service(self) -> str:
        """The name of the program."""

    @property
    def log_level(self) -> str:
        """The lowest level that is written."""


def setup(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send all logs of this process, the libraries' too, to ``stream`` (by default stderr) as JSON
    lines.
    """
    out = stream if stream is not None else sys.stderr
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _Service(settings.service),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _hide,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=_type_name),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _LossyStream(out))),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_LibraryHandler()]
    root.setLevel(max(level, logging.WARNING))
    logging.raiseExceptions = False


class _LossyStream:
    """Writes to a text stream, and loses what the stream does not take.

    stderr may be gone before the process is: closed by whoever ended the interpreter, or a pipe
    whose reader has ended. Work that logs must not fail by that. ``ValueError`` is what Python
    raises for a closed stream, ``OSError`` what the system does for a broken pipe or a full disk.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write a text, or lose it."""
        try:
            self._stream.write(text)
        except (OSError, ValueError):
            pass

    def flush(self) -> None:
        """Flush the stream, if that is possible."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            pass


class _Service:
    """Adds the service's name to each line."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, _logger: Any, _method: str, fields: Fields) -> Fields:
        return {"service": self._name, **fields}


class _LibraryHandler(logging.Handler):
    """Logs the records of libraries as event ``library``."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._limit = RateLimit()
        self._log = get_logger("library")

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, unless the same sentence was written often enough."""
        if not self._limit.allow(f"{record.name}:{record.msg}"[:200]):
            return
        fields: dict[str, Any] = {"library": record.name, "text": _sentence(record)}
        if record.exc_info and record.exc_info[1] is not None:
            fields |= fault(record.exc_info[1])
        write = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        if any(record.name == name and words in fields["text"] for name, words in ORDINARY):
            write = self._log.debug
        write("library", **fields)


def _sentence(record: logging.LogRecord) -> str:
    """Return a library's first line of text; exceptions among its arguments lose their text."""
    arguments = record.args
    if isinstance(arguments, tuple):
        record.args = tuple(
            type(a).__qualname__ if isinstance(a, BaseException) else a for a in arguments
        )
    try:
        return record.getMessage().split("\n", 1)[0][:500]
    except (TypeError, ValueError):
        return str(record.msg)[:500]


def _hide(_logger: Any, _method: str, fields: Fields) -> Fields:
    for name, value in fields.items():
        if name in PERSONAL:
            fields[name] = HIDDEN
        elif isinstance(value, str) and name not in ("timestamp", "event", "trace"):
            fields[name] = mask(value)
        elif isinstance(value, BaseException):
            fields[name] = type(value).__qualname__
    return fields


def _type_name(value: Any) -> str:
    """Return the type of a value that JSON can't hold; its text could be personal."""
    return f"<{type(value).__qualname__}>"


def _short(path: str) -> str:
    """Return a file's path below the packages or the root of the project."""
    _, installed, name = path.rpartition("/site-packages/")
    if installed:
        return name
    return path.removeprefix(_ROOT) if path.startswith(_ROOT) else path.rpartition("/")[2]
