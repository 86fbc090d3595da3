"""What `motcua up` says it waits for."""

from __future__ import annotations

from typing import Any

from cli.commands.stack import awaited


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
