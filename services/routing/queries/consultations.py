"""Queries of consultations: questions to units. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from motcua.routing.v1 import routing_pb2 as pb
from sqlalchemy import ColumnElement, Connection, Select, select, true, tuple_

from kernel.base import page_token
from kernel.base.instants import to_timestamp
from kernel.storage.index_scan import values
from office.people.access_scope import AccessScope
from services.routing.domain.refusals.case import violation
from services.routing.tables import CASES, CONSULTATIONS, NO_DUE

PAGE = 50


def list_all(
    connection: Connection,
    request: pb.ListConsultationsRequest,
    now: int,
    access_scope: AccessScope | None = None,
) -> pb.ListConsultationsResponse:
    """List questions; raise ``Invalid`` for a page token that was not given out here.

    ``access_scope``: only questions to the units that an officer covers, and those of their
    dossiers; a unit's with those to the dissolved ones whose successor it is.
    """
    units = access_scope.work_of(request.unit) if access_scope is not None else [request.unit]
    page = _page(request, units)
    if access_scope is not None:
        page = page.where(_covered(connection, request, access_scope))
    rows = [dict(row) for row in connection.execute(page).mappings()]
    size = request.page_size or PAGE
    response = pb.ListConsultationsResponse(
        consultations=[_consultation(row, now) for row in rows[:size]]
    )
    if len(rows) > size:
        last = rows[size - 1]
        response.next_page_token = page_token.pack(
            last["due_at"], last["number"], last["dossier_code"]
        )
    return response


def _covered(
    connection: Connection, request: pb.ListConsultationsRequest, access_scope: AccessScope
) -> ColumnElement[bool]:
    if request.unit and access_scope.covers(request.unit):
        return true()
    asked = CONSULTATIONS.c
    units = {u for is_open in (0, 1) for u in values(connection, asked.unit, asked.open == is_open)}
    covered = asked.unit.in_([unit for unit in units if access_scope.covers(unit)])
    if not request.dossier_code:
        return covered
    found = select(CASES.c.dossier_unit, CASES.c.step_unit).where(
        CASES.c.dossier_code == request.dossier_code
    )
    row = connection.execute(found).first()
    return true() if row and any(access_scope.covers(unit or "") for unit in row) else covered


def _page(request: pb.ListConsultationsRequest, units: Sequence[str]) -> Select[Any]:
    c = CONSULTATIONS.c
    order = (c.due_at, c.dossier_code, c.number)
    wanted = CONSULTATIONS.select()
    if not request.answered:
        wanted = wanted.where(c.open == 1)
    if request.unit:
        wanted = wanted.where(c.unit.in_(units))
    if request.dossier_code:
        wanted = wanted.where(c.dossier_code == request.dossier_code)
    if request.page_token:
        due, number, code = page_token.place(request.page_token, _BAD_TOKEN, int, int, str)
        wanted = wanted.where(tuple_(*order) > tuple_(due, code, number))
    return wanted.order_by(*order).limit((request.page_size or PAGE) + 1)


_BAD_TOKEN = violation("page_token", "page_token.form")


def _consultation(row: Mapping[str, Any], now: int) -> pb.Consultation:
    return pb.Consultation(
        dossier_code=row["dossier_code"],
        number=row["number"],
        unit=row["unit"],
        role=row["role"],
        question=row["question"],
        step=row["step"],
        waits=bool(row["waits"]),
        asked_at=to_timestamp(row["asked_at"]),
        due_at=None if row["due_at"] == NO_DUE else to_timestamp(row["due_at"]),
        answered_at=to_timestamp(row["answered_at"]),
        cancelled_at=to_timestamp(row["cancelled_at"]),
        opinion=row["opinion"],
        answer=row["answer"] or "",
        cancelled_for=row["cancelled_for"] or "",
        overdue=bool(row["open"]) and row["due_at"] < now,
    )
