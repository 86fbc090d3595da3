"""The `motcua` command as processes that start at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from tests.support.paths import ROOT

Done = subprocess.CompletedProcess[str]


class CommandServer:
    """Runs `motcua`, one call at a time; thread-safe. Its process ends with this one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.command_server"],
            cwd=ROOT,
            # Without it the process gets what the readline library puts there, such as COLUMNS.
            env=dict(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the tests
        )

    def run(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        folder: str | Path,
        timeout: float,
    ) -> Done:
        """Run a command to its end; raise ``TimeoutExpired``, with the command killed."""
        with tempfile.TemporaryDirectory() as files, self._lock:
            out, err = Path(files, "out"), Path(files, "err")
            out.touch()
            err.touch()
            call = {
                "arguments": arguments,
                "environment": dict(env),
                "folder": str(folder),
                "out": str(out),
                "err": str(err),
                "timeout": timeout,
            }
            end = self._call(json.dumps(call))
            printed = out.read_text("utf-8"), err.read_text("utf-8")
        if end == "late":
            raise subprocess.TimeoutExpired(list(arguments), timeout, *printed)
        return Done(list(arguments), int(end), *printed)

    def _call(self, line: str) -> str:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(line + "\n")
        stdin.flush()
        return stdout.readline().strip()


@cache
def command_server() -> CommandServer:
    """Return the one of this process, started at the first call."""
    return CommandServer()
