"""The supervisor on a full disk."""

import errno
from pathlib import Path

import pytest

from infra.supervisor import state
from infra.supervisor.plan import Plan
from infra.supervisor.supervisor import Supervisor


def _full(*_given: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_does_not_end_the_supervisor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it can't write down it writes when there is room again, and nothing else stops."""
    write = state.write_state
    supervisor = Supervisor(Plan(tmp_path, "127.0.0.1:1", False, 1, "events", ()), _full)
    supervisor._report("nobody can read this now")
    monkeypatch.setattr(state, "write_state", _full)
    supervisor._tick()
    assert state.read_state(tmp_path) == {}
    monkeypatch.setattr(state, "write_state", write)
    supervisor._tick()
    assert state.read_state(tmp_path)["programs"] == []
