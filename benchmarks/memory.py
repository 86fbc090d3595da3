"""Memory of each idle service, and of the whole stack with its broker."""

from __future__ import annotations

import time

import psutil

from benchmarks.harness import Figures, Servers, Size
from infra.supervisor.state import read_state

NAME = "memory of the idle stack (target: a service < 150 MB, all with the broker < 1,500 MB)"
IDLE = {Size.SMALL: 0.1, Size.USUAL: 10.0, Size.FULL: 10.0}
"""Seconds for which the stack is left alone."""
MB = 1_000_000


def run(size: Size, servers: Servers) -> Figures:
    """Leave a stack alone, and print resident and proportional memory of each program."""
    stack = servers.stack()
    time.sleep(IDLE[size])
    board = read_state(stack.folder)
    programs = {p["name"]: p["pid"] for p in board["programs"]}
    programs["kafka"] = board["kafka"]["pid"]
    shares = {}
    for name, pid in programs.items():
        found = psutil.Process(pid).memory_full_info()
        shares[name] = found.pss / MB
        print(f"{name:10} {found.rss / MB:7.0f} MB resident  {shares[name]:7.0f} MB its share")
    shares["all"] = sum(shares.values())
    print(f"{'all':10} {'':>7}              {shares['all']:7.0f} MB")
    return shares
