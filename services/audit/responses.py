"""Responses of the RPCs, from rows of the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from motcua.audit.v1 import audit_pb2 as pb

from kernel.base.instants import to_timestamp
from kernel.eventsourcing.envelope import short_name, type_name
from office.worktime.explanation import ExplainedStretch
from services.audit.deadlines.explanation import Agreement, DeadlineExplanation, ExplainedLine
from services.audit.record.stored_event import decoded
from services.audit.reports.queries import stated_at
from services.audit.state.local_days import day
from services.audit.state.portal_state import WITHOUT_RESULT, DossierRow
from services.audit.wording.event_lines import state_name, summary
from services.audit.wording.formatting import Text
from services.audit.wording.names import NO_NAMES, Names

_AGREEMENT = {
    Agreement.NONE: pb.AGREEMENT_UNSPECIFIED,
    Agreement.SAME: pb.AGREEMENT_SAME,
    Agreement.DIFFERS: pb.AGREEMENT_DIFFERS,
    Agreement.UNKNOWN: pb.AGREEMENT_UNKNOWN,
}
Row = Mapping[str, Any]


def entry(row: Row, time_zone: str, names: Names = NO_NAMES) -> pb.TimelineEntry:
    """Describe an event; days in its summary are of the time zone given, units and officers by
    their names.

    Of bytes that no longer parse, what only they hold is left out.
    """
    event = decoded(row["body"])
    answer = pb.TimelineEntry(
        source=row["source"],
        sequence=row["sequence"],
        type=short_name(row["type"]),
        occurred_at=to_timestamp(row["occurred_at"]),
        happened_at=to_timestamp(stated_at(event)),
        recorded_at=to_timestamp(row["recorded_at"]),
        event_id=row["event_id"],
        hash=row["hash"],
        partition=row["partition"],
        offset=row["offset"],
        summary=_text(summary(row["type"], row["body"], time_zone, names)),
        traceparent=row["trace"],
    )
    if event is not None:
        answer.actor.CopyFrom(event.actor)
        answer.causation_id = event.causation_id
    return answer


def contradiction(dossier: DossierRow, row: Row) -> pb.Contradiction:
    """Describe a report that contradicts an earlier one, of a dossier."""
    return pb.Contradiction(
        dossier_code=dossier["dossier_code"],
        unit=dossier["unit"],
        report=entry(row, dossier["time_zone"]),
    )


def state(row: DossierRow, at: int) -> pb.DossierState:
    """Describe the state of a dossier at an instant."""
    return pb.DossierState(
        dossier_code=row["dossier_code"],
        state=row["state"],
        state_name=_text(state_name(row["state"])),
        procedure_code=row["procedure"],
        field=row["field"],
        unit=row["unit"],
        level=row["level"],
        channel=row["channel"],
        time_zone=row["time_zone"],
        submitted_at=to_timestamp(row["submitted_at"]),
        accepted_at=to_timestamp(row["accepted_at"]),
        due_at=to_timestamp(row["due_at"]),
        first_due_at=to_timestamp(row["first_due_at"]),
        suspended_at=to_timestamp(row["suspended_at"]),
        resolved_at=to_timestamp(row["resolved_at"]),
        returned_at=to_timestamp(row["returned_at"]),
        withdrawn_at=to_timestamp(row["withdrawn_at"]),
        closed_at=to_timestamp(row["closed_at"]),
        extended_at=to_timestamp(row["extended_at"]),
        suspended_for=row["suspended_for"],
        refused_at=to_timestamp(row["refused_at"]),
        missed_at=to_timestamp(row["missed_at"]),
        lateness=lateness(row, day(at, row["time_zone"])),
        step=row["step"],
        step_unit=row["step_unit"],
        imported=bool(row["imported"]),
    )


def lateness(row: DossierRow, today: int) -> pb.Lateness:
    """Return the lateness of a dossier on a day, as the report counts it."""
    due, finished = row["due_day"], row["finished_day"]
    if row["received_day"] is None or row["state"] in WITHOUT_RESULT:
        return pb.LATENESS_UNSPECIFIED
    if finished is None:
        overdue = due is not None and row["suspended_at"] is None and due < today
        return pb.LATENESS_PENDING_OVERDUE if overdue else pb.LATENESS_PENDING_IN_TIME
    if due is None or finished == due:
        return pb.LATENESS_ON_TIME
    return pb.LATENESS_EARLY if finished < due else pb.LATENESS_LATE


def deadline(row: DossierRow, at: int, responsible: Callable[[str], str]) -> pb.Deadline:
    """Describe the due date of a dossier, seen from an instant; ``responsible`` returns the unit
    that does a unit's work then.
    """
    due, checking = row["pending_due_at"], row["accepted_at"] is None
    if row["suspended_at"] is not None:
        status = pb.DEADLINE_STATUS_SUSPENDED
    elif due < at:
        status = pb.DEADLINE_STATUS_OVERDUE
    else:
        status = pb.DEADLINE_STATUS_DUE
    late = status == pb.DEADLINE_STATUS_OVERDUE
    return pb.Deadline(
        dossier_code=row["dossier_code"],
        due_at=to_timestamp(due),
        first_due_at=to_timestamp(row["first_due_at"]),
        status=status,
        suspended_at=to_timestamp(row["suspended_at"]),
        state=row["state"],
        procedure_code=row["procedure"],
        unit=row["unit"],
        step=row["step"],
        step_unit=row["step_unit"],
        accepted_at=to_timestamp(row["accepted_at"]),
        lateness=lateness(row, day(at, row["time_zone"])),
        extended_at=to_timestamp(row["extended_at"]),
        suspended_for=row["suspended_for"],
        kind=pb.DEADLINE_KIND_DESK_CHECK if checking else pb.DEADLINE_KIND_PROMISE,
        late_unit=responsible(row["step_unit"] or row["unit"]) if late else "",
    )


def explanation(
    code: str, time_zone: str, explained: DeadlineExplanation
) -> pb.ExplainDeadlineResponse:
    """Describe the explanation of a dossier's due dates."""
    return pb.ExplainDeadlineResponse(
        dossier_code=code,
        time_zone=time_zone,
        first_due_at=to_timestamp(explained.first_due_at),
        due_at=to_timestamp(explained.due_at),
        agreement=_AGREEMENT[explained.agreement],
        lines=[_line(line) for line in explained.lines],
    )


def _line(line: ExplainedLine) -> pb.DeadlineLine:
    event = line.event
    return pb.DeadlineLine(
        type=short_name(type_name(event)),
        event_id=event.event_id,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        actor=event.actor,
        text=_text(line.text),
        step=line.step,
        due_at=to_timestamp(line.due_at),
        computed_due_at=to_timestamp(line.computed_at),
        agreement=_AGREEMENT[line.agreement],
        problem=_text(line.problem),
        calendar_version=line.calendar_version,
        time_limit=line.time_limit,
        spans=[_span(span) for span in line.spans],
    )


def _span(span: ExplainedStretch) -> pb.DeadlineSpan:
    return pb.DeadlineSpan(
        from_at=to_timestamp(span.stretch.from_at),
        to_at=to_timestamp(span.stretch.to_at),
        counted=span.stretch.counted,
        reason=_text((span.reason_vi, span.reason_en)),
        source=span.source,
        estimated=span.estimated,
        phase=span.phase,
        part=_text(span.part),
    )


def replayed(row: Any) -> pb.StreamEventsResponse:
    """Return an event of the log as it is replayed."""
    return pb.StreamEventsResponse(
        partition=row.partition,
        offset=row.offset,
        type=short_name(row.type),
        body=row.body,
        occurred_at=to_timestamp(row.occurred_at),
        stream_id=row.stream_id,
        stream_kind=row.stream_kind,
    )


def _text(text: Text) -> pb.LocalText:
    return pb.LocalText(vi=text[0], en=text[1])
