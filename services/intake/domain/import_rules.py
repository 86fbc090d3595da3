"""Rules of imports: only a program that imports another system's dossiers may date the past.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind

from kernel.base.clock_skew import in_future, lies_ahead
from kernel.base.errors import Violation
from kernel.base.instants import DAY, to_us
from kernel.eventsourcing.command_context import Call
from services.intake.domain.refusals import violation

_EARLIEST: Final = -69 * 365 * DAY
_LATEST: Final = 229 * 365 * DAY
"""Working time is known from 1901 to 2199; instants lie well within."""


def is_importer(actor: Actor) -> bool:
    """Return whether the actor is a program that imports history."""
    return actor.kind == ActorKind.ACTOR_KIND_IMPORTER


def instants(
    request: Any, actor: Actor, now: int, *fields: str, future: str = ""
) -> Iterator[Violation]:
    """Return the instants of a request that are wrong; all but ``future`` must lie in the past."""
    for field in fields:
        if not request.HasField(field):
            continue
        if not is_importer(actor):
            yield violation(field, "importer.only")
        elif not in_range(request, field):
            yield violation(field, "instant.range")
        elif field != future and lies_ahead(to_us(getattr(request, field)), now):
            yield in_future(field)


def in_range(request: Message, field: str) -> bool:
    """Return whether an instant that is given lies between 1901 and 2199."""
    return not request.HasField(field) or _EARLIEST < to_us(getattr(request, field)) < _LATEST


def as_of_occurrence(request: Any, call: Call) -> Call:
    """Return the call with the time at which it happened in the world."""
    if not request.HasField("occurred_at"):
        return call
    return replace(call, occurred_at=to_us(request.occurred_at))
