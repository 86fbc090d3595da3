"""Memory of each idle service, and of the whole stack with its broker."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import psutil

from infra.supervisor.state import read_board
from tests.support.stack import Stack

NAME = "memory of the idle stack (reach: a service < 150 MB, all with the broker < 1,500 MB)"
IDLE = 10.0
MB = 1_000_000


def run() -> None:
    """Start a stack, leave it alone, and print resident and proportional memory of each program."""
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder) / "stack") as stack:
        time.sleep(IDLE)
        board = read_board(stack.folder)
        programs = {p["name"]: p["pid"] for p in board["programs"]}
        programs["kafka"] = board["kafka"]["pid"]
        total = 0
        for name, pid in programs.items():
            found = psutil.Process(pid).memory_full_info()
            total += found.pss
            print(
                f"{name:10} {found.rss / MB:7.0f} MB resident  {found.pss / MB:7.0f} MB its share"
            )
        print(f"{'all':10} {'':>7}              {total / MB:7.0f} MB")


if __name__ == "__main__":
    run()
