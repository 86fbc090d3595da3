"""Events on the screen, or as lines of JSON on standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable

from motcua.audit.v1 import audit_pb2 as pb

from cli.formatting import OFFSET, moment
from cli.replaying.event_json import to_line


class LinesTarget:
    """Writes a text for each event; what comes between them, before them and after them."""

    def __init__(
        self,
        form: Callable[[pb.StreamEventsResponse], str],
        *,
        before: str = "",
        between: str = "\n",
        after: str = "\n",
    ) -> None:
        self._form = form
        self._before = before
        self._between = between
        self._after = after
        self._any = False

    def send(self, item: pb.StreamEventsResponse) -> None:
        """Write an event."""
        sys.stdout.write((self._between if self._any else self._before) + self._form(item))
        self._any = True

    def flush(self) -> int:
        """Show what was written."""
        sys.stdout.flush()
        return 0

    def finish(self) -> None:
        """Write what comes after the last event."""
        if self._any or self._before:
            sys.stdout.write(("" if self._any else self._before) + self._after)

    def close(self) -> None:
        """Do nothing: the screen stays."""


def on_screen() -> LinesTarget:
    """Return what shows a person a line for each event."""
    return LinesTarget(_shown)


def as_array() -> LinesTarget:
    """Return what writes one JSON document, an array."""
    return LinesTarget(to_line, before="[\n", between=",\n", after="\n]\n")


def as_lines() -> LinesTarget:
    """Return what writes one JSON object a line."""
    return LinesTarget(to_line)


def _shown(item: pb.StreamEventsResponse) -> str:
    place = f"{item.partition}:{item.offset}"
    return f"{moment(item.occurred_at)} {OFFSET}  {place:<8} {item.stream_id:<22} {item.type}"
