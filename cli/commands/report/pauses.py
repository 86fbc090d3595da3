"""`motcua pauses`: pauses that put a date in doubt, and the on-time rate without them."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from motcua.audit.v1 import audit_pb2 as pb

from cli.commands.dossier import KNOWN_AT
from cli.commands.report.tables import percent
from cli.formatting import iso, moment, print_json, word
from cli.grpc_clients import pages
from cli.options import JSON, in_order, parse_day, put_times
from cli.printer import grid, out
from cli.rpc_errors import audit

PAGE_SIZE = 1000


def pauses(
    from_day: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")],
    to_day: Annotated[str, typer.Option("--to", help="Last day, itself included.")],
    as_of: Annotated[str, typer.Option(help="Only what had happened by then (ISO 8601).")] = "",
    known_at: KNOWN_AT = "",
    as_json: JSON = False,
) -> None:
    """List pauses that put a date in doubt.

    Pauses of less than five minutes (short); begun in the last hour of working time before the due
    date (last_hour); for a part that had been asked for before (same_part); results that were
    corrected after the end (corrected); units that resolved many dossiers as the period ended.

    Below stands how many of those resolved were early or on time, and how many would have been, had
    none of these pauses moved a promised date.
    """
    request = pb.ListPauseFindingsRequest(
        from_date=parse_day(from_day, "--from"),
        to_date=parse_day(to_day, "--to"),
        page_size=PAGE_SIZE,
    )
    in_order(request.from_date, request.to_date)
    put_times(request, as_of, known_at)
    with audit() as stub:
        answers = list(pages(stub.ListPauseFindings, request))
    document = _document(answers)
    if as_json:
        print_json(document)
    else:
        _show(document, [finding for answer in answers for finding in answer.findings])


def _document(answers: list[pb.ListPauseFindingsResponse]) -> dict[str, Any]:
    first = answers[0]
    shares = {
        name: getattr(first, name) if first.HasField(name) else None
        for name in ("in_time_share", "in_time_share_without")
    }
    return {
        "findings": [_finding(finding) for answer in answers for finding in answer.findings],
        "bunched": [
            {
                "unit": unit.unit,
                "day": unit.day,
                "resolved": unit.resolved,
                "other_days": unit.other_days,
            }
            for unit in first.bunched
        ],
        "resolved": first.resolved,
        "in_time": first.in_time,
        "in_time_without": first.in_time_without,
        **shares,
    }


def _finding(finding: pb.PauseFinding) -> dict[str, Any]:
    return {
        "kind": word(pb.PauseFindingKind, finding.kind),
        "dossier": finding.dossier_code,
        "unit": finding.unit,
        "at": iso(finding.at),
        "until": iso(finding.until),
        "moved_minutes": finding.moved_minutes,
        "parts": list(finding.parts),
        "actor": finding.actor,
    }


def _show(document: dict[str, Any], findings: list[pb.PauseFinding]) -> None:
    rows = [
        [
            word(pb.PauseFindingKind, finding.kind),
            finding.dossier_code,
            finding.unit,
            moment(finding.at),
            moment(finding.until),
            str(finding.moved_minutes),
            " ".join((*finding.parts, finding.actor)),
        ]
        for finding in findings
    ]
    headings = ["kind", "dossier", "unit", "from", "until", "moved min", "parts, who"]
    out.print(grid(headings, rows, right=("moved min",), whole=("dossier",)))
    for unit in document["bunched"]:
        out.print(
            f"{unit['unit']} resolved {unit['resolved']} on {unit['day']}, on its other days"
            f" {unit['other_days']:g} in the mean",
            markup=False,
        )
    out.print(
        f"early or on time: {document['in_time']} of {document['resolved']} resolved"
        f" ({percent(document['in_time_share'])}); without these pauses"
        f" {document['in_time_without']} ({percent(document['in_time_share_without'])})",
        markup=False,
    )
