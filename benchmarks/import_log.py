"""Import of a real municipality's log through the services' own commands."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.stack import Stack

NAME = "import of receipt.csv, 8,577 rows (reach: < 60 s)"
ROOT = Path(__file__).resolve().parent.parent
LOG = ROOT.parent / "shared" / "data" / "receipt.csv"
MAPPING = ROOT / "examples" / "mappings" / "receipt.toml"


def run() -> None:
    """Bring the log in on a fresh stack and print the seconds; again, when nothing is left to
    do.
    """
    if not LOG.exists():
        print(f"left out: there is no {LOG.name} beside this checkout")
        return
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder) / "stack") as stack:
        command = [sys.executable, "-m", "cli.main", "import", str(LOG)]
        command += ["--mapping", str(MAPPING), "--json"]
        for what in ("first", "again"):
            done = subprocess.run(
                command, env=stack.env, capture_output=True, text=True, check=True, cwd=ROOT
            )
            found = json.loads(done.stdout)
            rate = found["rows"] / max(found["seconds"], 1e-9)
            print(f"{what:6} {found['seconds']:7.1f} s  {rate:10,.0f} rows/s  kept {found['kept']}")


if __name__ == "__main__":
    run()
