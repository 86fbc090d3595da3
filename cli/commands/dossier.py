"""`motcua timeline`, `state` and `conflicts`: what is known of dossiers."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from google.protobuf.timestamp_pb2 import Timestamp
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.common_pb2 import ActorKind
from motcua.postal.v1 import postal_pb2 as postal
from motcua.routing.v1.types_pb2 import SuspensionKind
from rich.table import Table

from cli.formatting import ZONE, iso, moment, print_json, word
from cli.grpc_clients import identity, pages
from cli.options import JSON, OFFICE, Language, put_times
from cli.printer import grid, out
from cli.rpc_errors import audit, postal_service

CODE = Annotated[str, typer.Argument(help="The dossier's code.")]
AS_OF = Annotated[str, typer.Option(help="As of this instant (ISO 8601).")]
KNOWN_AT = Annotated[str, typer.Option(help="By what had been recorded by then (ISO 8601).")]
_KINDS = {number: name.removeprefix("ACTOR_KIND_").lower() for name, number in ActorKind.items()}
_LABELS = {
    "lateness": "lateness, by day",
    "time_zone": "days counted in",
    "returned_at": "result returned at",
}
_TIMES = (
    "submitted_at",
    "accepted_at",
    "due_at",
    "first_due_at",
    "suspended_at",
    "resolved_at",
    "returned_at",
    "withdrawn_at",
    "closed_at",
    "refused_at",
    "extended_at",
    "missed_at",
)


def timeline(
    code: CODE,
    as_of: AS_OF = "",
    known_at: KNOWN_AT = "",
    kind: Annotated[
        str, typer.Option(help="The kind of what CODE names, such as officer.")
    ] = "dossier",
    language: Annotated[Language, typer.Option(help="Language of what happened.")] = Language.en,
    as_json: JSON = False,
) -> None:
    """Show a dossier's whole history, across the services.

    In the order of the log, which is that of the times of recording within a service; when it
    happened may lie before (a dossier imported from another system, a late report). --as-of goes by
    when it happened, --known-at by when it was recorded.
    """
    request = pb.GetTimelineRequest(dossier_code=code, time_zone=OFFICE, stream_kind=kind)
    put_times(request, as_of, known_at)
    with audit() as stub:
        answer = stub.GetTimeline(request, timeout=60, metadata=identity())
    if as_json:
        print_json([entry_document(entry) for entry in answer.entries])
    else:
        out.print(timeline_table(answer, language))


def entry_document(entry: pb.TimelineEntry) -> dict[str, Any]:
    """Return an entry of a timeline as a document."""
    return {
        "source": entry.source,
        "sequence": entry.sequence,
        "type": entry.type,
        "occurred_at": iso(entry.occurred_at),
        "happened_at": iso(happened(entry)),
        "recorded_at": iso(entry.recorded_at),
        "actor": {
            "kind": _KINDS.get(entry.actor.kind, str(entry.actor.kind)),
            "id": entry.actor.id,
            "unit": entry.actor.unit,
        },
        "event_id": entry.event_id,
        "causation_id": entry.causation_id,
        "partition": entry.partition,
        "offset": entry.offset,
        "hash": entry.hash.hex(),
        "summary": entry.summary.en,
        "summary_vi": entry.summary.vi,
    }


def timeline_table(answer: pb.GetTimelineResponse, language: Language = Language.en) -> Table:
    """Lay a history out for a terminal.

    When an event was recorded is shown only where that is another minute than when it happened.
    """
    title = f"{answer.dossier_code}, in the order of the log; {ZONE}"
    if out.narrow:
        return _narrow_timeline(answer, title, language)
    late = any(_recorded(entry) for entry in answer.entries)
    columns = ("happened", *(("recorded",) if late else ()), "service", "#", "event", "by", "what")
    rows = [
        (
            moment(happened(entry)),
            *((_recorded(entry),) if late else ()),
            entry.source,
            str(entry.sequence),
            entry.type,
            _who(entry),
            _summary(entry, language),
        )
        for entry in answer.entries
    ]
    return grid(columns, rows, title=title, right="#", whole=columns[:-2])


def _narrow_timeline(answer: pb.GetTimelineResponse, title: str, language: Language) -> Table:
    rows = []
    for entry in answer.entries:
        recorded = _recorded(entry)
        lines = [f"{entry.type} by {_who(entry)}", _summary(entry, language)]
        lines += [f"recorded {recorded}"] if recorded else []
        event = f"{entry.source} {entry.sequence}"
        rows.append((moment(happened(entry)), event, "\n".join(lines)))
    columns = ("happened", "event", "what")
    return grid(columns, rows, title=title, whole=columns[:2])


def _summary(entry: pb.TimelineEntry, language: Language) -> str:
    return entry.summary.vi if language is Language.vi else entry.summary.en


def happened(entry: pb.TimelineEntry) -> Timestamp:
    """Return when it happened by the word of whoever was there, such as a postman."""
    return entry.happened_at if entry.HasField("happened_at") else entry.occurred_at


def _recorded(entry: pb.TimelineEntry) -> str:
    """Return the minute of recording; empty when it happened in the same."""
    recorded = moment(entry.recorded_at)
    return "" if recorded == moment(happened(entry)) else recorded


def _who(entry: pb.TimelineEntry) -> str:
    who = f"{_KINDS.get(entry.actor.kind, '?')} {entry.actor.id}".strip()
    return f"{who}@{entry.actor.unit}" if entry.actor.unit else who


def conflicts(
    unit: Annotated[str, typer.Option(help="Of this unit and those below it.")] = "",
    as_json: JSON = False,
) -> None:
    """List results about which a partner contradicts itself.

    Such as a return after the delivery. The first end stands; somebody has to ask the partner.
    """
    request = postal.ListJobsRequest(conflict=True, unit=unit, page_size=500)
    jobs: list[postal.Job] = []
    with postal_service() as stub:
        for page in pages(stub.ListJobs, request):
            jobs += page.jobs
    if as_json:
        print_json([_conflict(job) for job in jobs])
        return
    if not jobs:
        out.print("no partner contradicts itself")
        return
    columns = ("dossier", "unit", "partner", "item", "state", "last report", "changed")
    rows = [
        (
            job.dossier_code,
            job.unit,
            job.partner_id,
            job.item_number,
            _job_state(job),
            job.last_code,
            moment(job.changed_at),
        )
        for job in jobs
    ]
    out.print(grid(columns, rows, title=f"contradicting reports; {ZONE}", whole=columns[:1]))


def _conflict(job: postal.Job) -> dict[str, Any]:
    return {
        "dossier_code": job.dossier_code,
        "job_id": job.job_id,
        "unit": job.unit,
        "partner_id": job.partner_id,
        "item_number": job.item_number,
        "state": _job_state(job),
        "last_code": job.last_code,
        "changed_at": iso(job.changed_at),
    }


def _job_state(job: postal.Job) -> str:
    return postal.JobState.Name(job.state).removeprefix("JOB_STATE_").lower()


def state(code: CODE, as_of: AS_OF = "", known_at: KNOWN_AT = "", as_json: JSON = False) -> None:
    """Show a dossier's state, now or as of any instant.

    --as-of says what was so then, by what is known now; --known-at what was known then.
    """
    request = pb.GetStateRequest(dossier_code=code)
    put_times(request, as_of, known_at)
    with audit() as stub:
        answer = stub.GetState(request, timeout=60, metadata=identity())
    found = _state(answer)
    if as_json:
        print_json(found)
        return
    times = {name: moment(getattr(answer.state, name)) for name in _TIMES}
    found |= times | {"as_of": moment(answer.as_of)}
    if answer.HasField("known_at"):
        found["known_at"] = moment(answer.known_at)
    if found["time_zone"] == OFFICE:
        del found["time_zone"]
    found["lateness"] = found["lateness"].replace("_", " ")
    rows = [
        (_LABELS.get(name, name.replace("_", " ")), "yes" if value is True else str(value))
        for name, value in found.items()
        if value not in (None, "", False)
    ]
    out.print(grid(("", ""), rows, title=ZONE, heading=False))


def _state(answer: pb.GetStateResponse) -> dict[str, Any]:
    found = answer.state
    times = {name: iso(getattr(found, name)) for name in _TIMES}
    return {
        "dossier_code": found.dossier_code,
        "as_of": iso(answer.as_of),
        **({"known_at": iso(answer.known_at)} if answer.HasField("known_at") else {}),
        "state": found.state,
        "state_name": found.state_name.en,
        "state_name_vi": found.state_name.vi,
        "lateness": word(pb.Lateness, found.lateness),
        "time_zone": found.time_zone,
        "procedure": found.procedure_code,
        "field": found.field,
        "unit": found.unit,
        "level": found.level,
        "channel": found.channel,
        "step": found.step,
        "step_unit": found.step_unit,
        "suspended_for": suspended_for(found.suspended_for),
        "imported": found.imported,
        **times,
    }


def suspended_for(value: Any) -> str:
    """Return why a clock is stopped; empty while it runs."""
    return word(SuspensionKind, value) if value else ""
