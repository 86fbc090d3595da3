"""Run a module on a machine whose clock is wrong: `python -m tests.support.shifted FILE MODULE`.

FILE holds by how many seconds the wall clock is ahead; while it is not there, the clock is right.
What cannot be set (the monotonic clock) goes on as it is, as on a real machine.
"""

import runpy
import sys
import time
from pathlib import Path

_FILE = Path(sys.argv[1])
_NS = 1_000_000_000
_CALLS = ("rpc/call_lifecycle.py", "rpc/method.py")
_right_ns = time.time_ns


def _wrong_ns() -> int:
    try:
        return _right_ns() + int(float(_FILE.read_text()) * _NS)
    except (FileNotFoundError, ValueError):
        return _right_ns()


def _wrong() -> float:
    # What is left of a call's time gRPC counts from an instant that its core took from the
    # machine, whose clock is right: for that alone the right time is given.
    asks = sys._getframe(1).f_code.co_filename
    return (_right_ns() if asks.endswith(_CALLS) else _wrong_ns()) / _NS


time.time_ns = _wrong_ns
time.time = _wrong

if __name__ == "__main__":
    module = sys.argv[2]
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
