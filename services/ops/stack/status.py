"""What `motcua status` shows: the supervisor's board, and each service's own word."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from services.ops.clients import address, status_of
from services.ops.stack import state
from services.ops.stack.plan import SERVICES


def collect(data_dir: Path) -> dict[str, Any]:
    """Give ``{"ready", "services": [{"name", "pid", "address", "ready", "lag", …}], "kafka"}``.

    ``kafka`` is ``{"pid", "bootstrap"}``; ``lag`` is None for a service that does not answer.
    """
    board = state.read_board(data_dir) if state.supervisor_pid(data_dir) else {}
    programs = {p["name"]: p for p in board.get("programs", [])}
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        rows = list(pool.map(lambda name: _service(name, programs.get(name, {})), SERVICES))
    kafka = board.get("kafka", {})
    bootstrap = kafka.get("bootstrap") or os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or None
    return {
        "ready": all(row["ready"] for row in rows),
        "services": rows,
        "kafka": {"pid": kafka.get("pid"), "bootstrap": bootstrap},
    }


def _service(name: str, program: dict[str, Any]) -> dict[str, Any]:
    target = program.get("address") or address(name)
    answer = status_of(name, target)
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
            "outbox_parked": answer.outbox_parked,
            "quarantined": answer.quarantined,
            "halted": answer.halted,
        }
    if program.get("looping"):
        row["halted"] = f"keeps ending ({program['deaths']} times); its log says why"
    return row
