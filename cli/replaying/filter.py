"""Which events: an expression in CEL, the Common Expression Language. Pure."""

from __future__ import annotations

import re
from typing import Any, Final

import cel
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.event_pb2 import Event

from cli.replaying.event_json import document
from kernel.base.instants import to_datetime, to_us
from office.streams import DOSSIER

VARIABLES: Final = (
    "type", "event", "payload", "dossier", "source", "partition", "offset", "sequence",
    "occurred_at", "recorded_at",
)  # fmt: skip
"""What an expression may name."""

_BOUND: Final = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")
"""The names that macros give to what they go through."""


class WrongFilter(ValueError):
    """An expression can't be used, or can't be judged of an event; the text says why."""


class Filter:
    """An expression; empty, it takes all."""

    def __init__(self, expression: str) -> None:
        """Raise ``WrongFilter`` for what is no expression, or names what events do not have."""
        self._program: Any = None
        self.lacking = 0
        """How many events were left out because they lack a field that the expression asks for."""
        if not expression:
            return
        try:
            self._program = cel.compile(expression)
        except ValueError as wrong:
            raise WrongFilter(_first_line(wrong)) from wrong
        bound = _BOUND.findall(expression)
        unknown = sorted({*self._program.variables()} - {*VARIABLES, *bound})
        if unknown:
            known = ", ".join(VARIABLES)
            raise WrongFilter(f"{unknown[0]!r} is not one of {known}")

    def takes(self, item: pb.StreamEventsResponse) -> bool:
        """Return whether the expression is true of an event; raise ``WrongFilter`` where it is
        neither true nor false. A field that the event lacks makes it false.
        """
        if self._program is None:
            return True
        try:
            answer = self._program.execute(_variables(item))
        except KeyError:
            self.lacking += 1
            return False
        except Exception as wrong:
            raise WrongFilter(f"of {_name(item)}: {_first_line(wrong)}") from wrong
        if not isinstance(answer, bool):
            raise WrongFilter(f"of {_name(item)} it is {answer!r}, neither true nor false")
        return answer


def _variables(item: pb.StreamEventsResponse) -> dict[str, Any]:
    event = Event.FromString(item.body)
    shown = document(event)
    return {
        "type": item.type,
        "event": shown,
        "payload": shown["payload"],
        "dossier": event.stream_id if event.stream_kind == DOSSIER else "",
        "source": event.source,
        "partition": item.partition,
        "offset": item.offset,
        "sequence": event.sequence,
        "occurred_at": to_datetime(to_us(event.occurred_at)),
        "recorded_at": to_datetime(to_us(event.recorded_at)),
    }


def _name(item: pb.StreamEventsResponse) -> str:
    return f"{item.type} at {item.partition}:{item.offset}"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].removeprefix("Failed to parse expression ")
