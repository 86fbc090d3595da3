"""A process that has imported the `motcua` command, and forks itself for each call of it.

The imports take most of a second, longer than most commands work. Everything else of a call is as
when a shell starts it: a process with its own environment, folder, output and exit status.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import sys
import threading
import time
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, Final

import cli

COMMAND: Final = "cli.main"


def import_commands() -> None:
    """Import what the command line may need, except the module that is run."""
    for module in walk_packages(cli.__path__, "cli."):
        if module.name != COMMAND:
            import_module(module.name)
    # A process that runs one thread can be forked.
    assert threading.active_count() == 1


def serve() -> None:
    """For each call, a line of JSON on stdin, print the exit status; of one that was killed because
    its time was up, ``late``.
    """
    import_commands()
    gc.freeze()  # the children neither copy nor collect what is there already
    while line := sys.stdin.readline():
        call = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(call)
            return
        print(_end_of(pid, call["timeout"]), flush=True)


def _end_of(pid: int, timeout: float) -> int | str:
    end, late = time.monotonic() + timeout, False
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return "late" if late else os.waitstatus_to_exitcode(status)
        if not late and time.monotonic() >= end:
            os.kill(pid, signal.SIGKILL)
            late = True
        time.sleep(0.005)


def _become(call: dict[str, Any]) -> None:
    """Go on as the command; what it raises, such as its exit, ends the process."""
    files = (os.devnull, os.O_RDONLY), (call["out"], os.O_WRONLY), (call["err"], os.O_WRONLY)
    for number, (path, flags) in enumerate(files):
        opened = os.open(path, flags)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    sys.argv = [COMMAND, *call["arguments"]]
    runpy.run_module(COMMAND, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    serve()
