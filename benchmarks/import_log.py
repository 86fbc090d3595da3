"""Import of a real municipality's log through the services' own commands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.harness import Figures, Servers, Size

NAME = "import of another system's log (target: 8,577 rows in less than 60 s)"
ROOT = Path(__file__).resolve().parent.parent
RECEIPT = (ROOT.parent / "shared/data/receipt.csv", ROOT / "examples/mappings/receipt.toml")
"""A municipality's public log; it is not part of this project."""
EXAMPLE = (ROOT / "examples/logs/old-system.csv", ROOT / "examples/mappings/old-system.toml")


def run(size: Size, servers: Servers) -> Figures:
    """Bring a log in and print the seconds, and those of a second time, which changes nothing."""
    log, mapping = EXAMPLE if size is Size.SMALL else RECEIPT
    if not log.exists():
        print(f"left out: there is no {log.name} beside this checkout")
        return {}
    command = [sys.executable, "-m", "cli.main", "import", str(log)]
    command += ["--mapping", str(mapping), "--json"]
    figures = {}
    for attempt in ("first", "again"):
        done = subprocess.run(
            command, env=servers.stack().env, capture_output=True, text=True, check=True, cwd=ROOT
        )
        found = json.loads(done.stdout)
        figures[attempt] = found["rows"] / max(found["seconds"], 1e-9)
        print(
            f"{attempt:6} {found['seconds']:7.1f} s  {figures[attempt]:10,.0f} rows/s  "
            f"{found['rows']:,} rows, kept {found['kept']}"
        )
    return figures
