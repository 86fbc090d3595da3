"""The partner simulator as a process."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Ask a simulator to end and read what it says it did."""
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    summary: dict[str, Any] = json.loads(out)
    return summary
