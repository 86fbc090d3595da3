"""Lists of dossiers, page by page, the newest first.

A page token says behind which row the next page begins, and for which filters it was given; rows
that come or go meanwhile make no page skip or repeat another row.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.intake_pb2 import DossierState, ListDossiersRequest
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    or_,
    select,
    tuple_,
)

from kernel.base import page_token
from kernel.base.errors import Invalid
from kernel.base.instants import to_us
from kernel.storage import index_scan
from office.people.access_scope import AccessScope
from services.intake.domain.refusals import violation
from services.intake.domain.state import CasePhase, Phase
from services.intake.queries.dossier import OF_CASE, OF_PHASE, describe
from services.intake.tables import DOSSIERS, EXTERNAL_CODES, READERS

PAGE: Final = 50
_C: Final = DOSSIERS.c


def page(
    connection: Connection,
    request: ListDossiersRequest,
    unit: str = "",
    access_scope: AccessScope | None = None,
) -> pb.ListDossiersResponse:
    """Read one page; raise ``Invalid`` for a token of another list.

    ``unit``: the present code of the unit that the request names. ``access_scope``: only what this
    officer may read.
    """
    size, unit = request.page_size or PAGE, unit or request.unit
    found = select(DOSSIERS).where(_C.submitted_at.is_not(None), *_filters(request, unit))
    after = _read_token(request) if request.page_token else None
    if after is not None:
        found = found.where(tuple_(_C.submitted_at, _C.dossier_code) < after)
    if access_scope is not None and not (unit and access_scope.covers(unit)):
        units = [unit] if unit else index_scan.values(connection, _C.unit)
        seen = [each for each in units if access_scope.covers(each)]
        if unit or len(seen) < len(units):
            found = _seen(found, seen, access_scope.access_keys(), after, size + 1)
    ordered = _ordered(found, size + 1)
    rows = [dict(row._mapping) for row in connection.execute(ordered)]
    answer = pb.ListDossiersResponse(dossiers=[describe(row) for row in rows[:size]])
    if len(rows) > size:
        last = rows[size - 1]
        answer.next_page_token = page_token.pack(
            _digest(request), last["submitted_at"], last["dossier_code"]
        )
    return answer


def _ordered(found: Select[Any], limit: int) -> Select[Any]:
    return found.order_by(_C.submitted_at.desc(), _C.dossier_code.desc()).limit(limit)


def _seen(
    found: Select[Any],
    units: list[str],
    readers: list[str],
    after: tuple[int, str] | None,
    limit: int,
) -> Select[Any]:
    """Keep the first dossiers of some units and some readers.

    Each of them gives its own first ones by its own index; what that costs follows the number of
    units, not that of dossiers.
    """
    codes = found.with_only_columns(_C.dossier_code)
    parts = [_ordered(codes.where(_C.unit == unit), limit) for unit in units]
    place = (READERS.c.submitted_at, READERS.c.dossier_code)
    for reader in readers:
        mine = codes.join(READERS, READERS.c.dossier_code == _C.dossier_code).where(
            READERS.c.reader == reader
        )
        if after is not None:
            mine = mine.where(tuple_(*place) < after)
        parts.append(mine.order_by(*(column.desc() for column in place)).limit(limit))
    return select(DOSSIERS).where(_C.dossier_code.in_(index_scan.union_of(parts)))


def _filters(request: ListDossiersRequest, unit: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if unit:
        found.append(_C.unit == unit)
    if request.external_code:
        columns = EXTERNAL_CODES.c
        known = select(columns.dossier_code).where(columns.external_code == request.external_code)
        found.append(_C.dossier_code.in_(known))
    if request.channel:
        found.append(_C.channel == request.channel)
    if request.procedure_code:
        found.append(_C.procedure_code == request.procedure_code)
    if request.state:
        found.append(_condition(request.state))
    if request.HasField("submitted_from"):
        found.append(_C.submitted_at >= to_us(request.submitted_from))
    if request.HasField("submitted_to"):
        found.append(_C.submitted_at < to_us(request.submitted_to))
    return found


def _digest(request: ListDossiersRequest) -> str:
    filters = ListDossiersRequest()
    filters.CopyFrom(request)
    filters.ClearField("page_token")
    filters.ClearField("page_size")
    return hashlib.sha256(filters.SerializeToString(deterministic=True)).hexdigest()[:12]


def _read_token(request: ListDossiersRequest) -> tuple[int, str]:
    wrong = violation("page_token", "page_token.wrong")
    digest, at, code = page_token.place(request.page_token, wrong, str, int, str)
    if digest != _digest(request):
        raise Invalid([wrong])
    return at, code


def _condition(state: DossierState) -> ColumnElement[bool]:
    case = func.coalesce(_C.case_phase, "")
    accepted = _C.phase == Phase.ACCEPTED.value
    waits = and_(
        case == CasePhase.SUSPENDED.value,
        func.coalesce(_C.round, 0) > func.coalesce(_C.answered_round, 0),
    )
    ended = case.in_(list(OF_CASE))
    match state:
        case DossierState.DOSSIER_STATE_IN_PROCESSING:
            return and_(accepted, ~waits, ~ended)
        case DossierState.DOSSIER_STATE_SUPPLEMENT_REQUESTED:
            return and_(accepted, waits)
        case DossierState.DOSSIER_STATE_RESOLVED:
            return and_(accepted, case == CasePhase.RESOLVED.value)
        case DossierState.DOSSIER_STATE_WITHDRAWN:
            let_go = and_(accepted, case == CasePhase.WITHDRAWN.value)
            return or_(_C.phase == Phase.WITHDRAWN.value, let_go)
        case DossierState.DOSSIER_STATE_REFUSED:
            closed = and_(accepted, case == CasePhase.CLOSED.value)
            return or_(_C.phase == Phase.REFUSED.value, closed)
        case DossierState.DOSSIER_STATE_PAYMENT_REQUESTED:
            return and_(accepted, case == CasePhase.PAYING.value)
        case DossierState.DOSSIER_STATE_STOPPED:
            return and_(accepted, case == CasePhase.STOPPED.value)
    phase = next(p for p, s in OF_PHASE.items() if s == state)
    return _C.phase == phase
