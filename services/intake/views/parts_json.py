"""The parts of a dossier as canonical JSON in a column."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from motcua.events.v1.common_pb2 import Part

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def parts_json(parts: Iterable[Part]) -> str:
    """Write parts as canonical JSON."""
    rows = [{"code": p.code, "copies": p.copies, "note": p.note, "sha256": p.sha256} for p in parts]
    return _ENCODER.encode(rows)


def parts_from(text: str | None) -> list[Part]:
    """Read parts from canonical JSON."""
    return [Part(**row) for row in json.loads(text or "[]")]
