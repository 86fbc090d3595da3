"""What events about due dates and their alarms change in routing's views."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from motcua.events.v1.envelope_pb2 import DossierEvent

from kernel.base.instants import instant_in, to_us
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.routing.domain.alarms import CONSULTATION, DOSSIER, STEP, SUSPENSION, TIMER, key_of
from services.routing.tables import CASES, CONSULTATIONS
from services.routing.views import collaboration as sharing
from services.routing.views import deadline_rows
from services.routing.views.case_rows import own, set_case, watched


def _extended(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.deadline_extended
    row = set_case(
        uow,
        event,
        due_at=instant_in(said, "due_at"),
        extended_at=to_us(event.occurred_at),
        apology_number=said.apology_number,
    )
    deadline_rows.set_dossier(uow, event, said, running=watched(row))


def _approaching(uow: UnitOfWork, event: DossierEvent) -> None:
    deadline_rows.say(uow, event.dossier_code, key_of(event.deadline_approaching))


def _missed(uow: UnitOfWork, event: DossierEvent) -> None:
    deadline_rows.say(uow, event.dossier_code, key_of(event.deadline_missed), missed=True)


def _expired(uow: UnitOfWork, event: DossierEvent) -> None:
    deadline_rows.say(uow, event.dossier_code, key_of(event.supplement_expired), missed=True)


def _escalated(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.deadline_escalated
    deadline_rows.say(uow, event.dossier_code, key_of(said), told=said.number)


def _recomputed(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.deadline_recomputed
    due_at, warn_at = instant_in(said, "due_at"), instant_in(said, "warn_at")
    changed: dict[str, Any] = {}
    if said.scope == DOSSIER:
        changed = {"due_at": due_at}
    elif said.scope == STEP:
        changed = {"step_due_at": due_at, "step_warn_at": warn_at}
    elif said.scope == SUSPENSION:
        shown = json.loads((uow.get(CASES, event.dossier_code) or {}).get("suspension") or "{}")
        shown["end_at"] = due_at
        shown = json.dumps(shown, sort_keys=True, ensure_ascii=False)
        changed = {"answer_due_at": due_at, "suspension": shown}
    row = set_case(uow, event, **changed)
    if said.scope == TIMER:
        sharing.set_timer(uow, event, said, running=watched(row))
        return
    if said.scope == CONSULTATION:
        uow.change(CONSULTATIONS, event.dossier_code, said.consultation, due_at=due_at)
    alone = said.scope in (SUSPENSION, CONSULTATION)
    deadline_rows.relay(uow, event, running=own(row) if alone else watched(row))


PROJECTIONS: dict[str, Callable[[UnitOfWork, DossierEvent], None]] = {
    "deadline_extended": _extended,
    "supplement_expired": _expired,
    "deadline_escalated": _escalated,
    "deadline_approaching": _approaching,
    "deadline_missed": _missed,
    "deadline_recomputed": _recomputed,
}
