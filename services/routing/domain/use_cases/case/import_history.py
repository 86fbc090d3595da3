"""The history of a dossier from another system is written down as it was there."""

from __future__ import annotations

from motcua.routing.v1.case_events_pb2 import HistoryImported, StepRecorded
from motcua.routing.v1.routing_pb2 import CompleteImportRequest, RecordStepRequest

from services.routing.domain.context import Decision, DecisionContext
from services.routing.domain.refusals.case import refusal
from services.routing.domain.state import State


def record(state: State, command: RecordStepRequest, context: DecisionContext) -> Decision:
    """Record a step; real logs have steps before the beginning, after the end, and out of order."""
    if not context.imported:
        return refusal("NOT_IMPORTED")
    return [
        StepRecorded(
            activity=command.activity,
            unit=command.unit,
            performer=command.performer,
            source_row=command.source_row,
        )
    ]


def complete_import(
    state: State, _command: CompleteImportRequest, context: DecisionContext
) -> Decision:
    """Complete the history, once; the due dates of a case without an end count from now on."""
    if not context.imported:
        return refusal("NOT_IMPORTED")
    if state.complete:
        return refusal("HISTORY_COMPLETE")
    return [HistoryImported(steps=state.recorded)]
