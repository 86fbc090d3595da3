"""Requests for pauses in doubt, and their answers in protobuf."""

from __future__ import annotations

from typing import cast

from motcua.audit.v1 import audit_pb2 as pb

from kernel.base import page_token
from kernel.base.instants import MINUTE, to_timestamp
from services.audit.reports import shares
from services.audit.reports.answers import BAD_TOKEN, PAGE_SIZE, iso_day
from services.audit.reports.pauses import DossierFinding, PauseReport


def pauses_response(
    request: pb.ListPauseFindingsRequest, report: PauseReport
) -> pb.ListPauseFindingsResponse:
    """Return a page of the pauses in doubt."""
    after, limit = ("", 0, 0), request.page_size or PAGE_SIZE
    if request.page_token:
        at, kind, code = page_token.place(request.page_token, BAD_TOKEN, int, int, str)
        after = (code, at, kind)
    rest = [found for found in report.findings if _place(found) > after]
    page = rest[:limit]
    more = ""
    if len(rest) > limit:
        code, at, kind = _place(page[-1])
        more = page_token.pack(at, kind, code)
    return pb.ListPauseFindingsResponse(
        findings=[_finding(found) for found in page],
        next_page_token=more,
        resolved=report.resolved,
        in_time=report.in_time,
        in_time_without=report.in_time_without,
        in_time_share=shares.percent(report.in_time, report.resolved),
        in_time_share_without=shares.percent(report.in_time_without, report.resolved),
        bunched=[]
        if request.page_token
        else [
            pb.BunchedClosings(
                unit=unit, day=iso_day(day), resolved=resolved, other_days=round(other_days, 2)
            )
            for unit, day, resolved, other_days in report.bunched
        ],
    )


def _place(found: DossierFinding) -> tuple[str, int, int]:
    return found.dossier_code, found.finding.at, found.finding.kind


def _finding(found: DossierFinding) -> pb.PauseFinding:
    at, kind, until, moved_us, parts, actor = found.finding
    return pb.PauseFinding(
        kind=cast(pb.PauseFindingKind, kind),
        dossier_code=found.dossier_code,
        unit=found.unit,
        at=to_timestamp(at),
        until=None if until is None else to_timestamp(until),
        moved_minutes=moved_us // MINUTE,
        parts=parts,
        actor=actor,
    )
