"""Fault 73: a log that belongs to a simulated clock is opened in real time.

A week of the past would be years late, and letters of apology would leave for all of it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.stack.simulated_clock import FILE
from tests.support.stack import Stack

pytestmark = pytest.mark.faults


def test_a_log_of_a_simulated_clock_is_not_opened_in_real_time(tmp_path: Path) -> None:
    """Nothing is started; both ways to go on are named, one with the time at which it ended."""
    with Stack(tmp_path / "stack") as stack:
        pass
    stack.env["MOTCUA_CLOCK"] = ""
    mails = len(stack.mails())
    refused = stack.run("up", "--detach")
    assert refused.returncode == 2
    assert "belongs to a simulated clock" in refused.stderr
    assert "motcua up --real-time" in refused.stderr
    ended = re.search(r"MOTCUA_CLOCK=(2021-08-09T08:\d\d:\d\d\+07:00)@1@", refused.stderr)
    assert ended is not None
    assert (stack.folder / FILE).read_text() == ended.group(1)
    assert len(stack.mails()) == mails
    assert not stack.status()["ready"]
