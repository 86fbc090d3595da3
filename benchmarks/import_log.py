"""Import of a real municipality's log through the services' own commands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.harness import Figures, Servers, Size, TargetMissed
from tests.support.stack import Stack

NAME = "import of another system's log (target: 8,577 rows in less than 60 s)"
ROOT = Path(__file__).resolve().parent.parent
RECEIPT = (ROOT.parent / "shared/data/receipt.csv", ROOT / "examples/mappings/receipt.toml")
"""A municipality's public log; it is not part of this project."""
EXAMPLE = (ROOT / "examples/logs/old-system.csv", ROOT / "examples/mappings/old-system.toml")


SCALES = {Size.SMALL: 0.001, Size.USUAL: 0.02, Size.FULL: 1.0}
"""Of the made-up half-year of 74,278 dossiers."""
HALF_YEAR = 74_278
MINUTES = 10.0
"""In which the whole half-year is to come in."""


def run(size: Size, servers: Servers) -> Figures:
    """Bring logs in and print the seconds, and those of a second time, which changes nothing."""
    stack = servers.stack()
    log, mapping = EXAMPLE if size is Size.SMALL else RECEIPT
    figures: dict[str, float] = {}
    if log.exists():
        for attempt in ("first", "again"):
            found = _import(stack, log, mapping)
            figures[attempt] = found["rows"] / max(found["seconds"], 1e-9)
            print(
                f"{attempt:6} {found['seconds']:7.1f} s  {figures[attempt]:10,.0f} rows/s  "
                f"{found['rows']:,} rows, kept {found['kept']}"
            )
    else:
        print(f"left out: there is no {log.name} beside this checkout")
    folder = servers.folder()
    stack.motcua(
        *("generate", "half-year", "--scale", str(SCALES[size]), "--output", str(folder), "--json")
    )
    found = _import(stack, folder / "half-year.csv", folder / "half-year.toml")
    figures["half-year"] = found["dossiers"] / max(found["seconds"], 1e-9)
    minutes = HALF_YEAR / figures["half-year"] / 60
    print(
        f"half-year {found['seconds']:7.1f} s  {figures['half-year']:7,.0f} dossiers/s  "
        f"{found['dossiers']:,} dossiers; all of {HALF_YEAR:,} in {minutes:.0f} min "
        f"(target {MINUTES:.0f})"
    )
    if size is not Size.SMALL and minutes > MINUTES:
        raise TargetMissed(f"the half-year takes {minutes:.0f} minutes")
    return figures


def _import(stack: Stack, log: Path, mapping: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "cli.main", "import", str(log)]
    command += ["--mapping", str(mapping), "--json"]
    done = subprocess.run(
        command, env=stack.env, capture_output=True, text=True, check=True, cwd=ROOT
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
