"""Remembers that the log of a data folder belongs to a simulated clock.

Opened in real time, a week of the past would be years late: letters of apology would leave for all
of it. So `motcua up` asks first.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from cli.options import OFFICE
from kernel.base.clock import Clock
from kernel.base.instants import to_datetime

FILE = "simulated-clock"
"""Below the data folder; holds the office's time at which the stack was stopped last."""


def refusal(folder: Path, setting: str) -> str:
    """Return why a clock does not fit the log of a folder, and what does; empty when it fits."""
    if setting != "real" or not (noted := folder / FILE).exists():
        return ""
    ended = noted.read_text("utf-8").strip() or "START"
    return (
        f"MOTCUA_CLOCK: the log of {folder} belongs to a simulated clock. To go on where it "
        f"ended: MOTCUA_CLOCK={ended}@1@$(date +%s) motcua up; to go on in real time, with all "
        "that has come due since: motcua up --real-time"
    )


def note(folder: Path, setting: str, clock: Clock | None = None) -> None:
    """Note whose log this is: at the start, and with the clock at the end."""
    with suppress(OSError):  # a full disk must not keep a stack from ending
        if setting == "real":
            (folder / FILE).unlink(missing_ok=True)
        elif clock is None:
            (folder / FILE).touch()
        else:
            ended = to_datetime(clock.now(), OFFICE).isoformat(timespec="seconds")
            (folder / FILE).write_text(ended, "utf-8")
