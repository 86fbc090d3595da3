"""`make bench`: measure, all or what is named: ``python -m benchmarks --size small submit delay``.

Each measurement compares two sides in one run and prints both.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import cast

from benchmarks.harness import Benchmark, Servers, Size, TargetMissed

ALL = (
    "working_time",
    "oracle",
    "calendar_due",
    "large_requests",
    "hostile_callers",
    "bulk_read",
    "live_backlog",
    "delay",
    "submit",
    "recalculate",
    "lists",
    "audit_rebuild",
    "ledger",
    "half_year",
    "import_log",
    "watch_idle",
    "procedures",
    "forms",
    "memory",
    "soak",
)
LONG = ("soak",)
"""Measured only when named."""


def load(name: str) -> Benchmark:
    """Return the measurement of this name."""
    return cast(Benchmark, importlib.import_module(f"benchmarks.{name}"))


def main() -> int:
    """Run what is named, without a name all but ``LONG``; 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ALL)}")
    parser.add_argument("--size", type=Size, choices=list(Size), default=Size.USUAL)
    given = parser.parse_args()
    for name in given.names:
        if name not in ALL:
            parser.error(f"no measurement {name!r}; there are {', '.join(ALL)}")
    missed = []
    for name in given.names or [name for name in ALL if name not in LONG]:
        benchmark = load(name)
        print(f"\n== {benchmark.NAME}", flush=True)
        try:
            with Servers() as servers:
                benchmark.run(given.size, servers)
        except TargetMissed as miss:
            missed.append(f"{name}: {miss}")
            print(f"  target missed: {miss}")
    if missed:
        print("\ntargets missed:", *missed, sep="\n  ")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
