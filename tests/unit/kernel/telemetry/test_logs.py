"""Log lines: known events, no personal data, no floods."""

from __future__ import annotations

import ast
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kernel.telemetry import logs
from office import log_events
from tests.support.logs import logged
from tests.support.paths import ROOT, code_files

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The lines that were logged so far."""
    with logged("probe") as stream:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mail to nguyen.a@example.vn failed", "mail to *** failed"),
        ("call 0912345678 or +84 912 345 678", "call *** or ***"),
        ("identity 001099012345", "identity ***"),
        ("dossier H22.12.03-210809-0007", "dossier H22.12.03-210809-0007"),
        ("event 01a20427-ad27-718a-991f-072206982123", None),
        ("partition 3 offset 123456", "partition 3 offset 123456"),
        ("broker 127.0.0.1:29092", "broker 127.0.0.1:29092"),
    ],
)
def test_texts_are_combed(text: str, masked: str | None) -> None:
    """Addresses, phones and identity numbers are hidden; codes, ids and places are not."""
    assert logs.mask(text) == (text if masked is None else masked)


def test_personal_fields_are_hidden(lines: Lines) -> None:
    """A field named like personal data never shows its value, and messages not their content."""
    from motcua.events.v1.common_pb2 import PersonalData

    log = logs.get_logger("test")
    person = PersonalData(full_name="Trần Thị Bí Mật")
    log.info("service.ready", full_name="Trần Thị Bí Mật", thing=person, error=ValueError("Bí Mật"))

    (line,) = lines()
    assert line["full_name"] == "***"
    assert line["thing"] == "<PersonalData>"
    assert line["error"] == "ValueError"
    assert line["service"] == "probe"


def test_fault_has_types_and_places() -> None:
    """An exception is described by its types and where it was raised, without its text."""
    try:
        try:
            raise KeyError("Bí Mật")
        except KeyError as cause:
            raise RuntimeError("Bí Mật") from cause
    except RuntimeError as error:
        described = logs.fault(error)

    assert described["fault"] == "RuntimeError < KeyError"
    assert described["at"][-1].endswith("test_fault_has_types_and_places")
    assert "Bí Mật" not in str(described)


def test_lines_of_libraries_come_in_our_form(lines: Lines) -> None:
    """A library's warning is one JSON line without the text of its exception."""
    library = logging.getLogger("some.library")
    try:
        raise ValueError("Bí Mật")
    except ValueError as error:
        library.exception("can't do it for %s: %s", "a@b.vn", error)
    library.info("not interesting")

    (line,) = lines()
    assert line["event"] == "library"
    assert line["text"] == "can't do it for ***: ValueError"
    assert line["fault"] == "ValueError"
    assert "Bí Mật" not in str(line)


class GroupCoordinatorNotAvailableError(Exception):
    """As aiokafka's."""


class GroupAuthorizationFailedError(Exception):
    """As aiokafka's."""


def test_what_a_healthy_start_brings_is_no_error(lines: Lines) -> None:
    """A coordinator that is still being made is logged in debug only; a real fault of it always."""
    library = logging.getLogger("aiokafka.consumer.group_coordinator")
    for fault in (GroupCoordinatorNotAvailableError(), GroupAuthorizationFailedError()):
        library.error("Group Coordinator Request failed: %s", fault)
    logging.getLogger("kafka.net.selector").warning("Task x ran. It is blocking the event loop.")

    assert [(line["level"], line["text"]) for line in lines()] == [
        ("error", "Group Coordinator Request failed: GroupAuthorizationFailedError")
    ]


def test_library_floods_are_stemmed(lines: Lines) -> None:
    """Faust writes thousands of lines while the broker is away: ten a minute come out."""
    library = logging.getLogger("aiokafka.conn")
    for number in range(1000):
        library.error("Unable to connect, try %d", number)

    assert len(lines()) == 10


def test_rate_limit_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a minute the same thing may be logged again; other things are not held back."""
    now = [100.0]
    monkeypatch.setattr("kernel.telemetry.logs.time.monotonic", lambda: now[0])
    limit = logs.RateLimit(lines=2)

    first = [limit.allow("a") for _ in range(4)]
    other = limit.allow("b")
    now[0] += 61
    later = limit.allow("a")

    assert first == [True, True, False, False]
    assert other
    assert later


LEVELS = ("debug", "info", "warning", "error", "critical", "exception")
HELPER = "_warn"
"""What a module calls its own function that logs under a limit: its first argument is an event."""


def _events_used() -> Iterator[tuple[str, str]]:
    """Yield each event name that the code logs, with its place."""
    for path in code_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            called, name = ast.unparse(node.func), ast.unparse(node.args[0]).strip("'")
            logged = re.fullmatch(rf"(.*\.)?_?log\.({'|'.join(LEVELS)})", called)
            helped = called.rpartition(".")[2] == HELPER and re.fullmatch(r"[a-z_]+\.[a-z_]+", name)
            if (logged and name != "event") or helped:  # `event`: the helper's own line
                yield name, f"{path.relative_to(ROOT)}:{node.lineno}"


def test_every_event_is_in_the_table() -> None:
    """No event is logged that the table does not explain, and every row says a sentence."""
    used = dict(_events_used())
    events = logs.EVENTS | dict(log_events.EVENTS)

    assert {name: place for name, place in used.items() if name not in events} == {}
    assert set(events) - used.keys() == {"library"}  # by the handler of libraries
    assert logs.EVENTS.keys() >= {n for n, place in used.items() if place.startswith("kernel/")}
    for name, sentence in events.items():
        assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", name)
        assert re.fullmatch(r"[A-Z].+\.", sentence)


def test_places_are_paths_of_the_project() -> None:
    """A place in our code is found in the repository, one in a library by its package."""
    root = str(ROOT)
    assert logs._short(f"{root}/kernel/rpc/server.py") == "kernel/rpc/server.py"
    assert logs._short(f"{root}/.venv/lib/site-packages/grpc/aio.py") == "grpc/aio.py"
    assert logs._short("/elsewhere/made/up.py") == "up.py"
