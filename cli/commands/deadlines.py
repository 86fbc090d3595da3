"""`motcua deadlines` and `deadlines explain`: what is due, and why then."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated, Any

import typer
from google.protobuf.timestamp_pb2 import Timestamp
from motcua.audit.v1 import audit_pb2 as pb
from rich.table import Table

from cli.commands.deadline_tables import deadline_table
from cli.commands.dossier import AS_OF, KNOWN_AT, suspended_for
from cli.formatting import ESTIMATED, ZONE, hours_and_minutes, iso, moment, print_json, word
from cli.grpc_clients import identity, pages
from cli.options import JSON, parse_length, put_times
from cli.printer import grid, out
from cli.rpc_errors import audit
from cli.unit_names import unit_lines
from kernel.base.instants import MINUTE, SECOND, to_us

app = typer.Typer(invoke_without_command=True, help="List what is due, late and suspended.")
_WORDS = {
    pb.AGREEMENT_UNSPECIFIED: "",
    pb.AGREEMENT_SAME: "same",
    pb.AGREEMENT_DIFFERS: "DIFFERS",
    pb.AGREEMENT_UNKNOWN: "no calendar",
}


@app.callback()
def deadlines(
    context: typer.Context,
    as_of: AS_OF = "",
    known_at: KNOWN_AT = "",
    within: Annotated[
        str, typer.Option(help="Due within this time, such as 3d or 12h; suspended ones too.")
    ] = "",
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Past due, with the clock running.")
    ] = False,
    unit: Annotated[str, typer.Option(help="Of this unit only.")] = "",
    as_json: JSON = False,
) -> None:
    """List what is due, late and suspended.

    That is promised dates, and online dossiers that the desk is to check.

    `status` is to the instant: overdue from the minute after the due date. `report` is by the local
    day, as `motcua report` counts: late from the day after. --overdue goes by the instant.

    --known-at lists what was known then, seen from that instant unless --as-of names another one.
    """
    if context.invoked_subcommand:
        return
    rows = fetch_deadlines(as_of, within, overdue, unit, known_at)
    if as_json:
        print_json([_deadline(row) for row in rows])
    else:
        out.print(deadline_table(rows) if rows else "nothing is due")
        for line in unit_lines(code for row in rows for code in (row.unit, row.step_unit)):
            out.print(line, markup=False)


def fetch_deadlines(
    as_of: str, within: str, overdue: bool, unit: str, known_at: str = ""
) -> list[pb.Deadline]:
    """Ask for all due dates that match, page by page."""
    request = pb.ListDeadlinesRequest(overdue=overdue, unit=unit, page_size=1000)
    put_times(request, as_of, known_at)
    if within:
        request.within.CopyFrom(parse_length(within, "--within"))
    rows: list[pb.Deadline] = []
    with audit() as stub:
        for page in pages(stub.ListDeadlines, request):
            rows += page.deadlines
    return rows


def _deadline(row: pb.Deadline) -> dict[str, Any]:
    return {
        "dossier_code": row.dossier_code,
        "status": word(pb.DeadlineStatus, row.status),
        "lateness": word(pb.Lateness, row.lateness),
        "due_at": iso(row.due_at),
        "first_due_at": iso(row.first_due_at),
        "suspended_at": iso(row.suspended_at),
        "suspended_for": suspended_for(row.suspended_for),
        "extended_at": iso(row.extended_at),
        "accepted_at": iso(row.accepted_at),
        "state": row.state,
        "procedure": row.procedure_code,
        "unit": row.unit,
        "step": row.step,
        "step_unit": row.step_unit,
        "kind": word(pb.DeadlineKind, row.kind),
        "late_unit": row.late_unit,
    }


@app.command("explain")
def explain(
    code: Annotated[str, typer.Argument(help="The dossier's code.")],
    as_of: AS_OF = "",
    known_at: KNOWN_AT = "",
    steps: Annotated[bool, typer.Option("--steps", help="Its steps' due dates, too.")] = False,
    as_json: JSON = False,
) -> None:
    """Show why a dossier is due when it is, line by line.

    It is computed again from the dossier's events. Each date is computed with the calendar version
    that its event names and compared with the one recorded. The exit status is 1 when one differs.
    """
    request = pb.ExplainDeadlineRequest(dossier_code=code)
    put_times(request, as_of, known_at)
    with audit() as stub:
        answer = stub.ExplainDeadline(request, timeout=60, metadata=identity())
    if as_json:
        print_json(explanation(answer))
    else:
        print_explanation(answer, steps=steps)
    if answer.agreement == pb.AGREEMENT_DIFFERS:
        raise typer.Exit(1)


def explanation(answer: pb.ExplainDeadlineResponse) -> dict[str, Any]:
    """Return an explanation as a document: everything, with the steps."""
    return {
        "dossier_code": answer.dossier_code,
        "time_zone": answer.time_zone,
        "first_due_at": iso(answer.first_due_at),
        "due_at": iso(answer.due_at),
        "agreement": word(pb.Agreement, answer.agreement),
        "lines": [_line(line) for line in answer.lines],
    }


def _line(line: pb.DeadlineLine) -> dict[str, Any]:
    return {
        "type": line.type,
        "event_id": line.event_id,
        "occurred_at": iso(line.occurred_at),
        "recorded_at": iso(line.recorded_at),
        "by": line.actor.id,
        "what": line.text.en,
        "what_vi": line.text.vi,
        "step": line.step,
        "time_limit": line.time_limit,
        "calendar": line.calendar_version,
        "due_at": iso(line.due_at),
        "computed_due_at": iso(line.computed_due_at),
        "agreement": word(pb.Agreement, line.agreement),
        "problem": line.problem.en,
        "spans": [
            {
                "from": iso(span.from_at),
                "to": iso(span.to_at),
                "counted": span.counted,
                "seconds": _seconds(span),
                "reason": span.reason.en,
                "reason_vi": span.reason.vi,
                "source": span.source,
                "estimated": span.estimated,
                **({"phase": span.phase} if span.phase else {}),
                **({"part": span.part.en, "part_vi": span.part.vi} if span.part.en else {}),
            }
            for span in line.spans
        ],
    }


def print_explanation(answer: pb.ExplainDeadlineResponse, *, steps: bool = False) -> None:
    """Print an explanation; of its steps only with ``steps``."""
    lines = [line for line in answer.lines if steps or not line.step]
    for line in lines:
        happened, recorded = moment(line.occurred_at), moment(line.recorded_at)
        late = f", recorded {recorded}" if recorded not in ("", happened) else ""
        head = f"{happened}  {line.text.en}  ({line.actor.id}{late})"
        out.print(head, markup=False)
        for part, group in groupby(line.spans, key=lambda span: span.part.en):
            stretches = _spans(list(group))
            if stretches.row_count:
                if part:
                    out.print(f"  {part}:", markup=False)
                out.print(stretches)
        due = moment(line.due_at) or "none"
        how = f", computed again: {_WORDS[line.agreement]}" if _WORDS[line.agreement] else ""
        if line.type == "DeadlineExtended":
            unknown = line.agreement == pb.AGREEMENT_UNKNOWN
            how = ", chosen, not computed" + (", rule not checked: no calendar" if unknown else "")
        calendar = f", calendar {line.calendar_version}" if line.calendar_version else ""
        out.print(f"  due {due}{how}{calendar}", markup=False)
        if line.problem.en:
            out.print(f"  problem: {line.problem.en}", markup=False)
    first, last = moment(answer.first_due_at), moment(answer.due_at)
    out.print(f"first promise {first or 'none'}; due {last or 'none'} ({ZONE})", markup=False)


def _spans(stretches: list[pb.DeadlineSpan]) -> Table:
    """Lay the stretches out; what is skipped for one reason is one row.

    Where less than a minute counts in all, it is shown in seconds.
    """
    rows = []
    brief = sum(_us(span) for span in stretches if span.counted) < MINUTE
    for _, group in groupby(stretches, key=_alike):
        spans = list(group)
        length = hours_and_minutes(_minute(spans[-1].to_at) - _minute(spans[0].from_at))
        phase = f"phase {spans[0].phase}: " if spans[0].phase else ""
        reason = phase + spans[0].reason.en + (f" ({ESTIMATED})" if spans[0].estimated else "")
        if brief and spans[0].counted:
            length = f"{sum(map(_us, spans)) / SECOND:.3g} s"
        counted, skipped = (length, "") if spans[0].counted else ("", length)
        begins, ends = moment(spans[0].from_at), moment(spans[-1].to_at)
        if begins == ends and not (brief and counted):  # nothing that minutes can show
            continue
        rows.append((f"  {begins}", ends, counted, skipped, reason, spans[0].source))
    columns = ("  from", "to", "counted", "skipped", "reason", "source")
    shown = slice(None if any(span.source for span in stretches) else -1)
    return grid(
        columns[shown],
        [row[shown] for row in rows],
        right=("counted", "skipped"),
        whole=("  from", "to", "counted", "skipped"),
    )


def _alike(span: pb.DeadlineSpan) -> tuple[bool, str, str, bool, int]:
    return span.counted, span.reason.en, span.source, span.estimated, span.phase


def _seconds(span: pb.DeadlineSpan) -> float:
    return _us(span) / SECOND


def _us(span: pb.DeadlineSpan) -> int:
    return to_us(span.to_at) - to_us(span.from_at)


def _minute(timestamp: Timestamp) -> int:
    """Return the minute that ``moment`` shows, so that lengths fit the times shown."""
    return to_us(timestamp) // MINUTE
