"""What `motcua up` says it waits for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cli.commands import stack
from cli.commands.stack import TOLD_AGAIN, TOLD_EVERY, awaited
from infra.supervisor.plan import Plan


def service(name: str, *, pid: int | None = 7, ready: bool = False, lag: int | None = None) -> Any:
    """Return a service's row of the status."""
    return {"name": name, "pid": pid, "ready": ready, "lag": lag}


def test_services_are_named_with_what_they_have_to_read() -> None:
    """Those that are ready are not; one that does not answer yet has no number."""
    rows = [
        service("intake", ready=True, lag=0),
        service("routing", lag=12_345),
        service("audit"),
        service("notify", lag=-1),
    ]
    assert awaited({"services": rows}) == "routing (12,345 records to read), audit, notify"


def test_before_any_service_runs_the_broker_is_waited_for() -> None:
    """Services are started when it answers."""
    assert awaited({"services": [service("intake", pid=None)]}) == "kafka"


@dataclass
class Start:
    """A start whose time and progress the test sets, and what was printed of it."""

    now: float = 0.0
    rows: list[Any] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    """Look at that start in the place of a running one."""
    made = Start()
    monkeypatch.setattr(stack, "time", SimpleNamespace(monotonic=lambda: made.now))
    monkeypatch.setattr(stack, "collect", lambda _folder: {"services": made.rows})
    monkeypatch.setattr(stack, "err", SimpleNamespace(print=made.printed.append))
    return made


def test_a_line_is_printed_when_it_says_something_else(start: Start) -> None:
    """And again after a long time, as a sign of life; never one that names nothing."""
    waiting = stack._Waiting(cast(Plan, SimpleNamespace(data_dir=Path())))
    steps = [
        ([service("intake", pid=None)], 3),
        ([service("intake")], 2),
        ([service("intake", ready=True)], 1),
    ]
    for rows, looks in steps:
        start.rows = rows
        for _ in range(looks):
            start.now += TOLD_EVERY + 0.1
            waiting.tell()
    assert start.printed == ["waiting for kafka", "waiting for intake"]
    start.rows = [service("intake")]
    start.now += TOLD_AGAIN
    waiting.tell()
    assert start.printed[2:] == ["waiting for intake"]


def test_a_lag_that_nobody_knows_is_no_number() -> None:
    """Such as that of a service whose log is another one."""
    row = {**service("audit", lag=-1), "address": "127.0.0.1:7405", "outbox": 0, "quarantined": 0}
    kafka = {"pid": 7, "bootstrap": "127.0.0.1:29092"}
    lag = stack._table({"kafka": kafka, "services": [row]}).columns[4]
    assert [str(cell) for cell in lag.cells][1:] == ["-"]
