"""A log line that nobody can read any more costs its text, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from kernel.telemetry.logs import _LossyStream
from tests.support.paths import ROOT

PROGRAM = """
import logging, os, sys, threading
from kernel.config.settings import Settings
from kernel.telemetry import logs

logs.setup(Settings(service="probe", port=0, database_url=""))
failed = []
threading.excepthook = lambda args: failed.append(args.exc_type.__name__)

def work():
    logs.get_logger("probe").warning("service.stopping", count=1)
    logging.getLogger("some.library").error("gone")
    failed.append("")

print("ready", flush=True)
sys.stdin.readline()
{before}
thread = threading.Thread(target=work)
thread.start()
thread.join()
work()
print(*map(repr, failed), flush=True)
"""


@pytest.mark.parametrize("before", ["", "sys.stderr.close()", "os.close(2)"])
def test_work_goes_on_without_a_stderr(before: str) -> None:
    """Threads log to a pipe that nobody reads, a closed stream, a closed descriptor; none fails."""
    reading, writing = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(before=before)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=writing,
        text=True,
    )
    os.close(writing)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        os.close(reading)
        answer, _ = child.communicate("go\n", timeout=20)
    finally:
        child.kill()
        child.wait()

    assert answer == "'' ''\n"
    assert child.returncode == 0


def test_a_stream_that_comes_back_is_written_to_again() -> None:
    """A full disk loses lines, not those after it."""

    class Full:
        full = True
        written = ""

        def write(self, text: str) -> None:
            if self.full:
                raise OSError(28, "No space left on device")
            self.written += text

        def flush(self) -> None:
            self.write("")

    disk = Full()
    stream = _LossyStream(disk)  # type: ignore[arg-type]
    stream.write("lost")
    stream.flush()
    disk.full = False
    stream.write("kept")
    stream.flush()

    assert disk.written == "kept"


def test_a_command_logs_on_stderr_from_warnings_on() -> None:
    """Its stdout holds its answer alone, which programs read."""
    code = (
        "from kernel.telemetry import logs; logs.on_stderr(); log = logs.get_logger('x');"
        "log.info('consumer.started'); log.warning('consumer.unusable', records=2); print('{}')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "{}\n"
    assert "consumer.unusable" in done.stderr
    assert "consumer.started" not in done.stderr
