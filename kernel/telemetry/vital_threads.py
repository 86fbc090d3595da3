"""Threads without which a process must not go on.

A service whose writer, consumer or relay has died would look healthy and do nothing. Such a thread
catches what it can mend by itself; whatever else it raises ends the process, and the supervisor
starts it again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from kernel.telemetry.logs import fault, get_logger

EXIT_STATUS = 70
"""EX_SOFTWARE: the process ended because of a fault of its own."""
_log = get_logger(__name__)


def vital_thread(run: Callable[[], None], name: str) -> threading.Thread:
    """Return a daemon thread, not yet started, that ends the process with ``EXIT_STATUS`` when
    ``run`` raises.
    """

    def guarded() -> None:
        try:
            run()
        except BaseException as error:
            _log.error("thread.died", thread=name, **fault(error))
            os._exit(EXIT_STATUS)

    return threading.Thread(target=guarded, name=name, daemon=True)
