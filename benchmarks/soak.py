"""Memory of each service over an hour of steady load (`make soak`).

Dossiers are handed in and accepted at a steady rate, and each service's resident memory is noted
every few seconds. Growth is the slope of a line through what was noted after the first quarter, in
which caches fill. The report is kept in `benchmarks/reports/soak.md`.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.filing import EVENTS_EACH, file_steadily
from benchmarks.harness import Figures, Servers, Size, TargetMissed
from infra.supervisor.state import read_state
from tests.support.stack import Stack

NAME = "memory over an hour of steady load (target: no service grows by more than 10 MB an hour)"
TARGET = 10.0
DOSSIERS_A_SECOND = 5
SECONDS = {Size.SMALL: 2, Size.USUAL: 3600, Size.FULL: 4 * 3600}
SAMPLES = 240
REPORT = Path(__file__).parent / "reports" / "soak.md"
MB = 1_000_000
Samples = dict[str, list[float]]


def run(size: Size, servers: Servers) -> Figures:
    """Load a stack and print each service's memory at the start, at the end, and its growth."""
    stack, seconds = servers.stack(), SECONDS[size]
    moments, samples = asyncio.run(_watched_load(stack, seconds))
    growth = {name: _growth(moments, values) for name, values in samples.items()}
    lines = [
        "| MB | at the start | after the first quarter | at the end | most | growth an hour |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_line(name, values, growth[name]) for name, values in samples.items()),
    ]
    print("\n".join(lines))
    if size is not Size.SMALL:
        _keep(lines, seconds)
        if max(growth.values()) > TARGET:
            raise TargetMissed(f"{max(growth.values()):.1f} MB more an hour")
    return {name: values[-1] for name, values in samples.items()}


async def _watched_load(stack: Stack, seconds: float) -> tuple[list[float], Samples]:
    address = f"127.0.0.1:{stack.env['INTAKE_PORT']}"
    programs = {p["name"]: psutil.Process(p["pid"]) for p in read_state(stack.folder)["programs"]}
    load = asyncio.create_task(file_steadily(address, DOSSIERS_A_SECOND, seconds))
    moments: list[float] = []
    samples: Samples = {name: [] for name in programs}
    while not load.done():
        moments.append(time.monotonic())
        for name, process in programs.items():
            samples[name].append(process.memory_info().rss / MB)
        await asyncio.wait([load], timeout=seconds / SAMPLES)
    await load
    return moments, samples


def _growth(moments: list[float], values: list[float]) -> float:
    """Return the MB by which memory grows in an hour."""
    first = len(values) // 4
    slope, _ = statistics.linear_regression(moments[first:], values[first:])
    return slope * 3600


def _line(name: str, values: list[float], growth: float) -> str:
    figures = (values[0], values[len(values) // 4], values[-1], max(values), growth)
    return f"| {name} | {' | '.join(f'{figure:.1f}' for figure in figures)} |"


def _keep(lines: list[str], seconds: float) -> None:
    REPORT.parent.mkdir(exist_ok=True)
    head = (
        f"# Memory over {seconds / 3600:.0f} h of steady load\n\n{datetime.now(UTC):%Y-%m-%d}: "
        f"{DOSSIERS_A_SECOND} dossiers a second handed in and accepted "
        f"({DOSSIERS_A_SECOND * EVENTS_EACH} events a second), SQLite, a broker and five services "
        "on one machine of two cores. Written by `make soak`.\n\n"
    )
    REPORT.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
