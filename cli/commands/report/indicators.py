"""The official indicators of a period, as audit counts them: asked for, and as one document."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from motcua.audit.v1 import audit_pb2 as pb

from cli.formatting import iso
from cli.grpc_clients import identity
from cli.options import in_order, parse_day, put_times
from cli.rpc_errors import audit

COUNTS: Final = (
    "carried_over",
    "received",
    "resolved",
    "early",
    "on_time",
    "late",
    "returned",
    "pending",
    "pending_in_time",
    "pending_overdue",
)
"""The figures that balance."""
BESIDE: Final = ("checked_late", "received_online", "received_by_post")
"""Figures beside the balance."""
SHARES: Final = ("share", "in_time_share", "online_share")
"""Percentages; None of nothing."""


class By(StrEnum):
    """By what a report is broken down."""

    unit = "unit"
    field = "field"
    channel = "channel"
    level = "level"
    procedure = "procedure"
    government_level = "government_level"


class Organisation(StrEnum):
    """Which unit a dossier counts for after mergers."""

    then = "then"
    now = "now"


def report_request(
    from_day: str,
    to_day: str,
    as_of: str,
    by: str,
    organised: str = "then",
    known_at: str = "",
    *,
    cross: str = "",
    with_lower_units: bool = False,
) -> pb.GetReportRequest:
    """Return the request for a report; raise ``typer.BadParameter`` for a day that is none."""
    request = pb.GetReportRequest(
        from_date=parse_day(from_day, "--from"),
        to_date=parse_day(to_day, "--to"),
        by=f"BREAKDOWN_{by.upper()}",
        cross=f"BREAKDOWN_{cross.upper()}" if cross else None,
        organisation=f"ORGANISATION_{organised.upper()}",
        with_lower_units=with_lower_units,
    )
    in_order(request.from_date, request.to_date)
    put_times(request, as_of, known_at)
    return request


def fetch(request: pb.GetReportRequest) -> dict[str, Any]:
    """Ask for a report.

    Return ``{"from", "to", "as_of", "by", "rows": [{"key", counts…, shares…}], "total": {counts…,
    shares…}}``, and where it was asked for "known_at", and "cross" beside "by" and in each row.
    """
    with audit() as stub:
        answer = stub.GetReport(request, timeout=300, metadata=identity())
    by, cross = (
        pb.Breakdown.Name(part).removeprefix("BREAKDOWN_").lower()
        for part in (answer.by, answer.cross)
    )
    return {
        "from": answer.from_date,
        "to": answer.to_date,
        "as_of": iso(answer.as_of),
        "by": by,
        **({"cross": cross} if answer.cross else {}),
        "rows": [
            {"key": row.key, **({"cross": row.cross} if answer.cross else {})} | _figures(row)
            for row in answer.rows
        ],
        "total": _figures(answer.total),
        **({"known_at": iso(answer.known_at)} if answer.HasField("known_at") else {}),
    }


def _figures(row: pb.ReportRow) -> dict[str, Any]:
    shares = {name: getattr(row, name) if row.HasField(name) else None for name in SHARES}
    return {name: getattr(row, name) for name in (*COUNTS, *BESIDE)} | shares
