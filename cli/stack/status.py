"""What `motcua status` shows: what the supervisor publishes, and each service's own status."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from motcua.operations.v1.operations_pb2 import GetStatusResponse, HaltReason

from cli.grpc_clients import status_of
from cli.settings import settings
from cli.stack.addresses import published, running_stack
from cli.stack.plan import SERVICES
from infra.local.disk import fullness
from infra.supervisor import state


def collect(data_dir: Path) -> dict[str, Any]:
    """Return the status of the stack and its services.

    ``{"ready", "services": [{"name", "pid", "address", "ready", "lag", …}], "kafka", "others"}``.

    ``kafka`` is ``{"pid", "bootstrap", "problem"}``, the last being why it can't run; ``lag`` is
    None for a service that does not answer.
    ``others``: the addresses at which services answer that are not of this folder, when nothing
    runs on it; their answers are left out.
    """
    supervised = state.supervisor_pid(data_dir) is not None
    stack = running_stack(data_dir)
    addresses = published(stack)
    programs = {p["name"]: p for p in stack.get("programs", [])}
    given = settings()
    targets = {name: addresses.get(name) or given.address(name) for name in SERVICES}
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        answers = dict(zip(SERVICES, pool.map(status_of, SERVICES, targets.values()), strict=True))
    others = []
    if not supervised:
        others = [targets[name] for name, answer in answers.items() if answer is not None]
        answers = dict.fromkeys(SERVICES)
    rows = [
        _service(name, targets[name], programs.get(name, {}), answers[name]) for name in SERVICES
    ]
    kafka = stack.get("kafka", {})
    # On a full disk the supervisor can't publish anything either.
    full = fullness(data_dir) if supervised else ""
    problem = full or kafka.get("problem", "")
    bootstrap = kafka.get("bootstrap") or given.kafka or None
    return {
        "ready": all(row["ready"] for row in rows) and not problem,
        "services": rows,
        "kafka": {"pid": kafka.get("pid"), "bootstrap": bootstrap, "problem": problem},
        "others": others,
    }


def _service(
    name: str, target: str, program: dict[str, Any], answer: GetStatusResponse | None
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": name,
        "pid": program.get("pid"),
        "address": target,
        "ready": answer is not None and answer.ready,
        "lag": answer.lag if answer is not None else None,
    }
    if answer is not None:
        row |= {
            "outbox": answer.outbox,
            "outbox_quarantined": answer.outbox_quarantined,
            "quarantined": answer.quarantined,
            "halted": answer.halted,
            "halt_reason": _reason(answer),
        }
    if program.get("looping"):
        row["halted"] = f"keeps ending ({program['deaths']} times); its log says why"
    return row


def _reason(answer: GetStatusResponse) -> str:
    """Return the kind of reason for which a service takes nothing; empty while it does."""
    name = HaltReason.Name(answer.halt_reason).removeprefix("HALT_REASON_")
    return "" if name == "UNSPECIFIED" else name
