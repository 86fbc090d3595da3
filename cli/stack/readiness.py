"""Whether a program of the stack is ready: a service answers for itself."""

from __future__ import annotations

from cli.grpc_clients import status_of
from infra.supervisor.plan import Program
from infra.supervisor.recoveries import listens

_PATIENCE = 1.0


def is_ready(program: Program) -> bool:
    """Ask a service; of any other program, see whether it listens."""
    if not program.is_service:
        return listens(program)
    answer = status_of(program.name, program.address, timeout=_PATIENCE)
    return answer is not None and answer.ready
