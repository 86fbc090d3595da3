"""`make bench`: runs the measurements, or those named: ``python -m benchmarks submit delay``.

Each compares two sides in one run and prints both. BENCH_FULL=1 takes the full sizes.
"""

from __future__ import annotations

import importlib
import sys

ALL = (
    "working_time",
    "oracle",
    "calendar_due",
    "bulk_read",
    "live_backlog",
    "delay",
    "submit",
    "recompute",
    "lists",
    "audit_rebuild",
    "import_log",
    "watch_idle",
    "procedures",
    "memory",
)


def main() -> int:
    """Run what is named, everything without a name; exit status 2 for an unknown name."""
    names = sys.argv[1:] or list(ALL)
    for name in names:
        if name not in ALL:
            print(f"no measurement {name!r}; there are {', '.join(ALL)}", file=sys.stderr)
            return 2
    for name in names:
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"\n== {module.NAME}", flush=True)
        module.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
