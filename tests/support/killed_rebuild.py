"""A rebuild of intake that kills itself at a moment.

`python -m tests.support.killed_rebuild BOOTSTRAP TOPIC URL MOMENT`. The moment is the name of a
step, ``read`` for when the log was read once, or how a statement begins.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from sqlalchemy import Engine, event

from kernel.rebuild.rebuild import rebuild
from tests.support.models import INTAKE

READ = "read"


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(bootstrap: str, topic: str, url: str, moment: str) -> None:
    """Rebuild until then."""

    def at_step(name: str) -> None:
        if name == moment:
            _die()

    def on_progress(_read: int, _total: int) -> None:
        if moment == READ:
            _die()

    @event.listens_for(Engine, "before_cursor_execute")
    def _(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(moment):
            _die()

    rebuild(INTAKE, bootstrap, topic, url, progress=on_progress, step=at_step)


if __name__ == "__main__":
    main(*sys.argv[1:])
