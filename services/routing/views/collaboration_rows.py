"""The rows that show how a case is shared among officers and units."""

from __future__ import annotations

from kernel.storage.row_cache import Row
from services.routing.domain.collaboration_state import AskedUnit
from services.routing.domain.state import State
from services.routing.tables import NO_DUE


def consultation_rows(code: str, state: State) -> dict[int, Row]:
    """Return the questions to other units, by their numbers; none is open after a case's end."""
    return {each.number: _consultation_row(code, each, state.open) for each in state.work.asked}


def _consultation_row(code: str, asked: AskedUnit, case_open: bool) -> Row:
    answer, cancelled = asked.answer, asked.cancelled_at is not None
    return {
        "dossier_code": code,
        "number": asked.number,
        "unit": asked.unit,
        "role": asked.role,
        "step": asked.step,
        "question": asked.question,
        "waits": int(asked.waits),
        "open": int(asked.open and case_open),
        "asked_at": asked.asked_at,
        "due_at": NO_DUE if asked.limit is None else asked.limit.due_at,
        "answered_at": answer and answer.at,
        "opinion": answer and answer.opinion,
        "answer": answer and answer.text,
        "cancelled_at": asked.cancelled_at,
        "cancelled_for": asked.cancelled_for if cancelled else None,
    }


def participant_rows(code: str, state: State) -> dict[str, Row]:
    """Return the officers who cooperate in a case or watch it, by their ids."""
    return {
        officer: {"dossier_code": code, "officer": officer, "participation": participation}
        for officer, participation in state.work.participants
    }


def substitute_rows(code: str, state: State) -> dict[str, Row]:
    """Return the officers for whom somebody may act on a case, by their ids; until when at most."""
    ends: dict[str, int] = {}
    for each in state.work.delegations:
        ends[each.officer] = max(each.ends_at, ends.get(each.officer, 0))
    return {
        officer: {"dossier_code": code, "officer": officer, "ends_at": ends_at}
        for officer, ends_at in ends.items()
    }
