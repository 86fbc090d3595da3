"""The partner simulator as a process."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any

AWAY = ("partner_sim: UNAVAILABLE: ", "partner_sim: CANCELLED: ")


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Ask a simulator to end and read what it says it did. It tells of nothing but an office that
    was away.
    """
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    others = [line for line in err.splitlines() if not line.startswith(AWAY)]
    assert (process.returncode, others) == (0, [])
    summary: dict[str, Any] = json.loads(out)
    return summary
