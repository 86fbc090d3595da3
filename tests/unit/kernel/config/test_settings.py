"""What a service takes from its environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.config.settings import load


def test_only_our_own_variables_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell's HOST, or another program's MODE, means nothing here."""
    for name in ("HOST", "MODE", "PORT", "KAFKA", "TOPIC", "CLOCK", "LOG_LEVEL", "DATA_DIR"):
        monkeypatch.setenv(name, "other")
        monkeypatch.delenv(f"MOTCUA_{name}", raising=False)
    monkeypatch.setenv("MOTCUA_TOPIC", "ours")
    found = load("audit")
    assert (found.host, found.mode, found.kafka) == ("127.0.0.1", "development", "127.0.0.1:29092")
    assert (found.topic, found.clock, found.log_level) == ("ours", "real", "info")
    assert found.data_dir == Path(".motcua")
