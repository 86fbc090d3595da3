"""Requests for reports, and their answers in protobuf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any, Final

from motcua.audit.v1 import audit_pb2 as pb
from sqlalchemy import Connection

from kernel.base import page_token
from kernel.base.errors import Invalid, Violation
from services.audit.reports import queries, shares
from services.audit.reports.breakdown import breakdown
from services.audit.reports.indicators import Counts, Indicators
from services.audit.reports.queries import ReportRequest
from services.audit.state.local_days import date_of
from services.audit.state.organisation import Organisation
from services.audit.state.times import Times, stated_known_at
from services.audit.wording.texts import TEXTS

PAGE_SIZE: Final = 100
BAD_TOKEN: Final = Violation("page_token", "token.form", TEXTS.text("token.form"))


def report_request(
    request: pb.GetReportRequest, times: Times, organisation: Organisation
) -> ReportRequest:
    """Return what a request asks; raise ``Invalid`` for a day that no calendar has."""
    responsible = None
    if request.organisation == pb.ORGANISATION_NOW:
        responsible = organisation.responsible
    by, cross = (
        breakdown(
            part,
            organisation.units,
            responsible,
            with_lower_units=request.with_lower_units,
        )
        for part in (request.by, request.cross)
    )
    return ReportRequest(
        read_day(request.from_date, "from_date"),
        read_day(request.to_date, "to_date"),
        by,
        times.as_of,
        times.known_at,
        cross,
    )


def period_request(
    request: pb.ListPauseFindingsRequest | pb.SimulateDeadlinesRequest, times: Times
) -> ReportRequest:
    """Return the period that is asked for; raise ``Invalid`` for a day that no calendar has."""
    first, last = read_day(request.from_date, "from_date"), read_day(request.to_date, "to_date")
    return ReportRequest(first, last, None, times.as_of, times.known_at)


def report_response(request: pb.GetReportRequest, counted: Indicators) -> pb.GetReportResponse:
    """Return the answer to a request."""
    lines = counted.rows() if request.by else []
    of_key: dict[str, int] = {}
    for (key, _), counts in lines:
        of_key[key] = of_key.get(key, 0) + counts.received
    total = counted.total.received
    return pb.GetReportResponse(
        from_date=request.from_date,
        to_date=request.to_date,
        as_of=request.as_of if request.HasField("as_of") else None,
        by=request.by,
        cross=request.cross,
        rows=[
            _row(counts, of_key[key] if request.cross else total, key, cross)
            for (key, cross), counts in lines
        ],
        total=_row(counted.total, total),
        known_at=stated_known_at(request),
    )


def _row(counts: Counts, whole: int, key: str = "", cross: str = "") -> pb.ReportRow:
    return pb.ReportRow(
        key=key,
        cross=cross,
        share=shares.percent(counts.received, whole),
        in_time_share=shares.in_time(counts),
        online_share=shares.online(counts),
        **asdict(counts),
    )


def list_dossiers(
    connection: Connection,
    request: pb.ListReportDossiersRequest,
    asked: ReportRequest,
    judged_at: int,
    organisation: Organisation,
) -> pb.ListReportDossiersResponse:
    """Return a page of the dossiers behind figures of a report."""
    after, limit = "", request.page_size or PAGE_SIZE
    if request.page_token:
        (after,) = page_token.place(request.page_token, BAD_TOKEN, str)
    figures = {pb.Figure.Name(figure).removeprefix("FIGURE_").lower() for figure in request.figures}
    line = (request.key, request.cross)
    found = [
        row
        for row in queries.dossiers_of(connection, asked, judged_at, line, figures)
        if row["dossier_code"] > after
    ]
    now = request.report.organisation == pb.ORGANISATION_NOW
    page = [_dossier(row, organisation if now else None) for row in found[:limit]]
    more = page_token.pack(page[-1].dossier_code) if len(found) > limit else ""
    return pb.ListReportDossiersResponse(dossiers=page, next_page_token=more)


def _dossier(row: Mapping[str, Any], organisation: Organisation | None) -> pb.ReportDossier:
    unit = row["unit"]
    passed = bool(row["late_unit"])
    had = row["late_unit"] if passed else row["step_unit"]
    return pb.ReportDossier(
        dossier_code=row["dossier_code"],
        procedure=row["procedure"],
        unit=organisation.responsible(unit) if organisation else unit,
        received_day=iso_day(row["received_day"]),
        due_day=iso_day(row["due_day"]),
        finished_day=iso_day(row["finished_day"]),
        responsible_unit=had or unit,
        responsible_officer=row["late_officer"] if passed else row["step_officer"],
    )


def iso_day(day: int | None) -> str:
    """Return a day that is given as YYYYMMDD in ISO 8601; empty for None."""
    return "" if day is None else date_of(day).isoformat()


def read_day(text: str, field: str) -> int:
    """Return a day as YYYYMMDD; raise ``Invalid`` when the calendar has no such day."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise Invalid([Violation(field, "date.exists", TEXTS.text("date.exists"))]) from None
    return found.year * 10_000 + found.month * 100 + found.day
