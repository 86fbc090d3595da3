"""Plays events to a target, and keeps the place as it goes."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from motcua.audit.v1 import audit_pb2 as pb

from cli.replaying.filter import Filter
from cli.replaying.pace import Pace
from cli.replaying.place import Place
from cli.replaying.targets.target import Target, TargetFailed
from kernel.base.instants import to_us

FLUSH_EVENTS: Final = 500
FLUSH_SECONDS: Final = 1.0
"""So many events at most, or those of so long, are sent again after a replay was killed."""


def play(
    items: Iterable[pb.StreamEventsResponse],
    target: Target,
    taken: Filter,
    pace: Pace,
    place: Place,
    keep: Callable[[Place], None],
) -> None:
    """Send what the filter takes, in time; ``keep`` is called with the place whenever the target
    has all that was sent. Raise what reading, filter and target raise, and ``KeyboardInterrupt``;
    what was sent by then is kept as far as the target still takes it.
    """
    unsent, flushed_at = 0, time.monotonic()

    def flush() -> None:
        nonlocal unsent, flushed_at
        place.mark = target.flush()
        keep(place)
        unsent, flushed_at = 0, time.monotonic()

    with _terminable():
        try:
            for item in items:
                if taken.takes(item):
                    pace.wait(to_us(item.occurred_at), before=flush)
                    target.send(item)
                    place.sent += 1
                    unsent += 1
                place.after[item.partition] = item.offset
                if unsent >= FLUSH_EVENTS or time.monotonic() - flushed_at > FLUSH_SECONDS:
                    flush()
        except (KeyboardInterrupt, TargetFailed):
            with suppress(TargetFailed):  # the place stays where all was there
                flush()
            raise
        flush()
        target.finish()


@contextmanager
def _terminable() -> Iterator[None]:
    """Have SIGTERM interrupt as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
