"""The other side of a confined worker: limits itself, then judges one content after the other."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from io import BytesIO
from typing import Any


def serve(judge: Callable[[dict[str, Any], BytesIO], str]) -> None:
    """Judge contents until there is none any more; the process ends when one takes too much.

    ``about`` of a content has its ``size``. What ``judge`` raises ends the process.
    """
    memory, seconds = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    while line := sys.stdin.buffer.readline():
        about: dict[str, Any] = json.loads(line)
        content = BytesIO(sys.stdin.buffer.read(int(about["size"])))
        used = resource.getrusage(resource.RUSAGE_SELF)
        most = int(used.ru_utime + used.ru_stime) + seconds + 1
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
        answer = judge(about, content)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
