"""Due dates through `motcua calendar due` against the bare function, in one run on equal lines."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from datetime import datetime, timedelta

from benchmarks.harness import Figures, Servers, Size, TargetMissed
from kernel.base.instants import from_datetime, zone
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import Duration
from office.worktime.explanation import wall_clock
from office.worktime.working_time import due_at

NAME = "motcua calendar due: lines on stdin against the bare function (target: 50,000 lines/s)"
COUNTS = {Size.SMALL: 2_000, Size.USUAL: 400_000, Size.FULL: 400_000}
TARGET = 50_000


def _command(lines: str) -> tuple[float, list[str]]:
    """Return the seconds that a whole process takes, its start-up included, and its answers."""
    command = [sys.executable, "-m", "cli.main", "calendar", "due"]
    began = time.perf_counter()
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    return time.perf_counter() - began, done.stdout.splitlines()


def run(size: Size, servers: Servers) -> Figures:
    """Print both rates and their ratio; raise ``AssertionError`` when one due date differs."""
    count = COUNTS[size]
    chance = random.Random(2026)
    office = state_office()
    tz = zone(office.time_zone)
    durations = [f"{n}{unit}" for unit in ("wd", "cd", "wh") for n in range(1, 251)]
    starts = [
        datetime(2021, 1, 1, tzinfo=tz) + timedelta(seconds=chance.randrange(4 * 365 * 86_400))
        for _ in range(count)
    ]
    asked = [(start, chance.choice(durations)) for start in starts]
    lines = "".join(f"{s.replace(tzinfo=None).isoformat()},{duration}\n" for s, duration in asked)
    cases = [(from_datetime(start), Duration.parse(duration)) for start, duration in asked]

    began = time.perf_counter()
    dues = [due_at(office, start, duration) for start, duration in cases]
    bare = count / (time.perf_counter() - began)
    idle, _ = _command("")
    seconds, answers = _command(lines)
    expected = [None if due is None else wall_clock(office, due) for due in dues]
    if [json.loads(answer)["due"] for answer in answers] != expected:
        raise AssertionError("the command and the function differ")
    whole = count / seconds
    # The start-up varies by more than a few lines take.
    loop = count / (seconds - idle) if seconds > idle else whole
    print(f"  bare function           {bare:12,.0f} due dates/s")
    print(f"  command, whole process  {whole:12,.0f} lines/s, {count:,} lines")
    print(f"  command, without start  {loop:12,.0f} lines/s (start-up {idle:.2f} s)")
    print(f"  command / bare          {loop / bare:12.2f}")
    if size is not Size.SMALL and whole < TARGET:
        raise TargetMissed(f"{whole:,.0f} lines/s are below {TARGET:,}")
    return {"bare": bare, "command": whole, "command without start": loop}
