"""A data folder remembers that its log belongs to a simulated clock."""

from __future__ import annotations

from pathlib import Path

from cli.stack.simulated_clock import note, refusal
from kernel.base.clock import FixedClock
from kernel.base.instants import SECOND

SIMULATED = "2021-08-09T08:00:00+07:00@2@1"


def test_only_real_time_on_a_simulated_log_is_refused(tmp_path: Path) -> None:
    """Not a simulated clock, nor a folder that nobody has used."""
    assert refusal(tmp_path, "real") == ""
    note(tmp_path, SIMULATED)
    assert "MOTCUA_CLOCK=START@1@" in refusal(tmp_path, "real")
    assert refusal(tmp_path, SIMULATED) == ""
    note(tmp_path, SIMULATED, FixedClock(1_628_500_000 * SECOND))
    assert "MOTCUA_CLOCK=2021-08-09T16:06:40+07:00@1@$(date +%s)" in refusal(tmp_path, "real")


def test_whoever_has_chosen_real_time_is_not_asked_again(tmp_path: Path) -> None:
    """The log goes on in real time from then on."""
    note(tmp_path, SIMULATED)
    note(tmp_path, "real")
    assert refusal(tmp_path, "real") == ""
