"""Queries of work lists (inboxes): pages of open work by due date, within the access scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from motcua.routing.v1 import routing_pb2 as pb
from sqlalchemy import Connection, Select, false, select, tuple_

from kernel.base import page_token
from kernel.base.instants import to_timestamp
from kernel.storage import index_scan
from kernel.storage.row_cache import Row
from office.people.access_scope import AccessScope
from services.routing.domain.refusals.case import violation
from services.routing.queries.case import RUNNING, current_of, overdue, withdrawal_requested
from services.routing.tables import CASES, PARTICIPANTS, WORK

PAGE = 50


def list_work(
    connection: Connection,
    request: pb.ListWorkRequest,
    now: int,
    access_scope: AccessScope | None = None,
) -> pb.ListWorkResponse:
    """List work by due date; raise ``Invalid`` for a page token that was not given out here.

    ``access_scope``: only the work of the units that an officer covers, ``Forbidden`` for another
    one's; a unit's with that of the dissolved ones whose successor it is. Or, by ``assignee`` or
    ``participant``, the officer's own wherever it is.
    """
    units = (
        access_scope.work_of(request.unit)
        if access_scope is not None and request.unit
        else [request.unit]
    )
    page = work_page(request, now, units)
    if access_scope is not None and access_scope.officer not in (
        request.assignee,
        request.participant,
    ):
        page = _covered(connection, request, page, access_scope)
    rows = [dict(row) for row in connection.execute(page).mappings()]
    size = request.page_size or PAGE
    response = pb.ListWorkResponse(items=[_item(row, now) for row in rows[:size]])
    if len(rows) > size:
        last = rows[size - 1]
        response.next_page_token = page_token.pack(last["work_due_at"], last["dossier_code"])
    return response


def _covered(
    connection: Connection,
    request: pb.ListWorkRequest,
    page: Select[Any],
    access_scope: AccessScope,
) -> Select[Any]:
    """Keep the work of the units that an officer covers: each gives its own first rows."""
    if request.unit:
        access_scope.require([request.unit])
        return page
    units = index_scan.values(connection, WORK.c.unit, WORK.c.state == (request.state or RUNNING))
    covered = [unit for unit in units if access_scope.covers(unit)]
    if len(covered) == len(units):
        return page
    if not covered:
        return page.where(false())
    codes = page.with_only_columns(WORK.c.dossier_code)
    parts = [codes.where(WORK.c.unit == unit) for unit in covered]
    return page.where(WORK.c.dossier_code.in_(index_scan.union_of(parts)))


def work_page(request: pb.ListWorkRequest, now: int, units: Sequence[str]) -> Select[Any]:
    """Select one page of work, and one row more if there is one; raise ``Invalid``.

    ``units`` are the request's, with those whose work it does; a single empty one for all.
    """
    wanted = WORK.c.state == (request.state or RUNNING)
    if request.unit:
        wanted &= WORK.c.unit == units[0] if len(units) == 1 else WORK.c.unit.in_(units)
    for column in ("role", "assignee"):
        if value := getattr(request, column):
            wanted &= WORK.c[column] == value
    if request.overdue:
        wanted &= WORK.c.due_at < now
    if request.participant:
        wanted &= WORK.c.dossier_code.in_(
            select(PARTICIPANTS.c.dossier_code).where(PARTICIPANTS.c.officer == request.participant)
        )
    if request.page_token:
        place = tuple_(WORK.c.due_at, WORK.c.dossier_code)
        after = page_token.place(request.page_token, _BAD_TOKEN, int, str)
        wanted &= place > tuple_(*after)
    return (
        select(CASES, WORK.c.due_at.label("work_due_at"))
        .select_from(WORK.join(CASES, CASES.c.dossier_code == WORK.c.dossier_code))
        .where(wanted)
        .order_by(WORK.c.due_at, WORK.c.dossier_code)
        .limit((request.page_size or PAGE) + 1)
    )


def _item(row: Row, now: int) -> pb.WorkItem:
    return pb.WorkItem(
        dossier_code=row["dossier_code"],
        procedure_code=row["procedure_code"] or "",
        process=row["process"],
        state=row["state"],
        current=current_of(row),
        assignee=row["assignee"] or "",
        due_at=to_timestamp(row["due_at"]),
        overdue=overdue(row, now),
        channel=row["channel"],
        withdrawal_requested=withdrawal_requested(row),
    )


_BAD_TOKEN = violation("page_token", "page_token.form")
