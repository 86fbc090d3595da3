"""The two times of a question to the record: what was so then, and what was known then."""

from __future__ import annotations

from typing import Any, NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp

from kernel.base.instants import instant_in


class Times(NamedTuple):
    """The instants that a request means."""

    as_of: int | None
    """What happened later does not count; None for everything."""
    known_at: int | None
    """What was recorded later does not count; None for everything."""
    judged_at: int
    """The instant from which due dates are seen: ``as_of``, or else ``known_at``, or else now."""


def times_of(request: Any, now: int) -> Times:
    """Return the instants of a request that has the fields ``as_of`` and ``known_at``.

    What the store holds had been recorded by now, whatever its service's clock said.
    """
    as_of, known_at = instant_in(request, "as_of"), instant_in(request, "known_at")
    if known_at is not None and known_at >= now:
        known_at = None
    judged_at = next(at for at in (as_of, known_at, now) if at is not None)
    return Times(as_of, known_at, judged_at)


def stated_known_at(request: Any) -> Timestamp | None:
    """Return the ``known_at`` that a request states, for its answer."""
    return request.known_at if request.HasField("known_at") else None
