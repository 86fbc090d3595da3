"""The states of many dossiers, folded from a service's own events in one read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from motcua.events.v1.envelope_pb2 import DossierEvent
from sqlalchemy import Connection, select

from kernel.eventsourcing.service_model import Model


def states_of(connection: Connection, model: Model, codes: Sequence[str]) -> dict[str, Any]:
    """Return the decider's state of each of these dossiers; the initial one where it has no
    event.
    """
    events = model.tables.events.c
    found = connection.execute(
        select(events.body)
        .where(events.dossier_code.in_(codes), events.source == model.source)
        .order_by(events.dossier_code, events.sequence)
    )
    states = dict.fromkeys(codes, model.initial)
    for (body,) in found:
        event = DossierEvent.FromString(body)
        code = event.dossier_code
        states[code] = model.evolve(states[code], event)
    return states
