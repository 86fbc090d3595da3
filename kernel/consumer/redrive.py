"""Handles quarantined records again: for an operator, or at the start after an upgrade."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kernel.consumer.applying.batch import Place
from kernel.consumer.applying.batch_applier import Applier
from kernel.consumer.applying.results import Applied, RecordFailed
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork

Run = Callable[[Callable[[UnitOfWork], Applied]], Applied]
"""Runs a function in a transaction of its own and returns its result."""


def redrive(
    run: Run,
    applier: Applier,
    stream_id: str,
    place: Place | None = None,
    *,
    discard: Call | None = None,
) -> Applied:
    """Handle a stream's records again, in order, or the one at ``place`` when no stream is named.

    ``discard`` is an operator's call to give up the first one instead. A record that fails again
    stays in quarantine, with one more attempt counted, and holds back the rest.
    """
    refused: dict[Place, str] = {}
    while True:
        work = (
            partial(
                applier.redrive,
                stream_id=stream_id,
                refused=refused,
                discard=discard,
            )
            if place is None
            else partial(applier.redrive_one, place=place, refused=refused, discard=discard)
        )
        try:
            return run(work)
        except RecordFailed as failure:
            refused[failure.place] = failure.kind
