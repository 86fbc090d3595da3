"""Calls from the command line: a failure becomes one line on stderr and an exit status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import typer

from cli.grpc_clients import Connection
from cli.printer import fail, failed
from kernel.rpc.client import DETAILS, explain


@contextmanager
def failures(service: str) -> Iterator[None]:
    """Turn a failed call into a line and an exit status: 2 for a wrong argument, otherwise 1."""
    try:
        yield
    except grpc.RpcError as error:
        problem = explain(error)
        if problem.code == grpc.StatusCode.UNAVAILABLE and not _is_services_answer(error):
            raise failed(f"{service} does not answer; is it running? (motcua status)") from error
        fields = "; ".join(
            f"{name}: {text}" if name else text for name, text in problem.fields.items()
        )
        fail(fields or problem.text or problem.code.name)
        wrong = problem.code == grpc.StatusCode.INVALID_ARGUMENT
        raise typer.Exit(2 if wrong else 1) from error


def _is_services_answer(error: grpc.RpcError) -> bool:
    """Return whether the service itself has answered, and not the connection failed."""
    pairs: Any = error.trailing_metadata() or ()
    return any(name == DETAILS for name, _ in pairs)


@contextmanager
def audit() -> Iterator[Any]:
    """Return the audit service's stub, with failures turned into exits."""
    with failures("audit"), Connection("audit") as connection:
        yield connection.audit()


@contextmanager
def postal_service() -> Iterator[Any]:
    """Return the postal service's stub, with failures turned into exits."""
    with failures("postal"), Connection("postal") as connection:
        yield connection.postal()
