"""Compares what the system reports with what the demonstration counted on its own side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cli.commands.report.indicators import COUNTS
from demo.results.own_count import OwnCount

COMPARED_MAILS = (
    "submitted",
    "accepted",
    "refused",
    "withdrawn",
    "supplement_requested",
    "resumed",
    "payment_requested",
    "payment_confirmed",
    "suspended",
    "continued",
    "extended",
    "resolved",
    "returned",
)
"""Kinds that the people of the week can foresee; lateness and the post's own moments they can't."""


@dataclass
class Checks:
    """Comparisons made, and those that failed, each in one line."""

    made: int = 0
    failed: list[str] = field(default_factory=list)

    def equal(self, what: str, counted: Any, reported: Any) -> None:
        """Compare one figure."""
        self.made += 1
        if counted != reported:
            self.failed.append(f"{what}: counted {counted}, reported {reported}")

    def report(self, own_count: OwnCount, by: str, document: dict[str, Any], last: date) -> None:
        """Compare a report, row by row and figure by figure."""
        counted = own_count.report(by, last)
        reported = {row["key"]: row for row in document["rows"]}
        self.equal(f"{by}: rows", sorted(counted), sorted(reported))
        for key, row in counted.items():
            for name in COUNTS:
                self.equal(f"{by} {key}: {name}", row[name], reported.get(key, {}).get(name, 0))
        whole = sum(counted.values(), Counter[str]())
        for name in COUNTS:
            self.equal(f"total: {name}", whole[name], document["total"][name])
        for row in [*document["rows"], document["total"]]:
            left = row["carried_over"] + row["received"]
            self.equal("balance", left, row["resolved"] + row["returned"] + row["pending"])

    def mails(self, own_count: OwnCount, sent: Counter[str], in_sink: int) -> None:
        """Compare the mails that citizens must have got with those sent, and all those sent with
        those that arrived.
        """
        counted = own_count.mails()
        for kind in COMPARED_MAILS:
            self.equal(f"mails {kind}", counted[kind], sent[kind])
        self.equal("mails in the sink", sent.total(), in_sink)
