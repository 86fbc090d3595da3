"""What the simulator did and was answered, counted on its own side."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Attempt:
    """One attempt at one job, from this partner's side."""

    job_id: str
    fate: str
    attempt: int = 0
    item_number: str = ""
    final: str = ""
    """``delivered``, ``returned``, ``refused``, ``lost`` (the lease), or empty while it is open."""
    contradictions: int = 0


@dataclass
class SimulatorCount:
    """Everything that one run counts."""

    attempts: list[Attempt] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    def summary(self) -> dict[str, Any]:
        """Return the counts and the attempts as one JSON object."""
        finals = Counter(attempt.final or "open" for attempt in self.attempts)
        names = ("offered", "taken", "reports", "repeats", "disordered", "contradictions")
        return {
            **{name: self.counts[name] for name in (*names, "retries", "reconnects")},
            **{name: finals[name] for name in ("delivered", "returned", "refused", "lost", "open")},
            "errors": dict(sorted(self.errors.items())),
            "jobs": [vars(attempt) for attempt in self.attempts],
        }

    def print(self) -> None:
        """Print the summary as one JSON document on stdout."""
        print(json.dumps(self.summary(), ensure_ascii=False), flush=True)
