"""The page on which a citizen looks a dossier up by its code and PIN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import grpc
from motcua.events.v1.common_pb2 import ResultChannel
from motcua.intake.v1 import intake_pb2 as pb
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.web.intake_client import IntakeClient, Refused, ServiceAway
from services.web.office_names import OfficeNames
from services.web.rendering import language_of, render
from services.web.security import client_address
from services.web.wording import dong, limit_words, moment

LARGEST_FORM: Final = 4 * 1024
"""Bytes of a form that is sent."""
LONGEST: Final = {"code": 64, "pin": 16}
"""Characters of each field."""
DATED: Final = frozenset(
    {"DossierAccepted", "CaseResumed", "DeadlineExtended", "DeadlineRecalculated", "CaseReopened"}
    | {"SupplementRequested", "CaseSuspended", "SupplementSubmitted"}
)
"""Events that set the promised date, stop its clock, or let it run again."""
_FINAL: Final = {
    pb.DossierState.DOSSIER_STATE_REFUSED,
    pb.DossierState.DOSSIER_STATE_WITHDRAWN,
    pb.DossierState.DOSSIER_STATE_RESOLVED,
    pb.DossierState.DOSSIER_STATE_RETURNED,
}
_PAUSED: Final = {
    pb.DossierState.DOSSIER_STATE_SUPPLEMENT_REQUESTED,
    pb.DossierState.DOSSIER_STATE_PAYMENT_REQUESTED,
    pb.DossierState.DOSSIER_STATE_STOPPED,
}
_FIELDS: Final = {"dossier_code": "code", "pin": "pin"}


class TrackingPages:
    """The form, and the dossier that it leads to."""

    def __init__(self, intake: IntakeClient, names: OfficeNames) -> None:
        self._intake = intake
        self._names = names

    async def track(self, request: Request) -> Response:
        """Show the form; or the dossier, when code and PIN are given in the address or by POST."""
        given = await _given(request)
        if given is None:
            return _form(request, {}, {})
        wrong = _wrong(given)
        if wrong:
            return _form(request, given, wrong, status=400)
        language, where = language_of(request), client_address(request)
        try:
            dossier = await self._intake.track(given["code"], given["pin"], where, language)
        except ServiceAway:
            return _form(request, given, {"": ("away", {})}, status=503)
        except Refused as refused:
            return self._refused(request, given, refused)
        return render(request, "dossier.html", self._shown(dossier, given))

    def _refused(self, request: Request, given: Mapping[str, str], error: Refused) -> Response:
        problem = error.problem
        if problem.code == grpc.StatusCode.INVALID_ARGUMENT:
            wrong: dict[str, tuple[str, dict[str, Any]]] = {
                name: (f"bad_{name}", {})
                for field, name in _FIELDS.items()
                if field in problem.fields
            }
            return _form(request, given, wrong or {"code": ("not_found", {})}, status=400)
        if problem.code == grpc.StatusCode.NOT_FOUND:
            return _form(request, given, {"code": ("not_found", {})}, status=404)
        params = {"said": problem.text}
        status = 429 if problem.code == grpc.StatusCode.RESOURCE_EXHAUSTED else 403
        answer = _form(request, given, {"code": ("as_said", params)}, status=status)
        if problem.retry_after:
            answer.headers["retry-after"] = str(max(1, round(problem.retry_after)))
        return answer

    def _shown(self, dossier: pb.TrackDossierResponse, given: Mapping[str, str]) -> dict[str, Any]:
        fees = dossier.fees if dossier.HasField("fees") else None
        unit = self._names.unit(dossier.unit)
        return {
            "dossier": dossier,
            "given": given,
            "submitted": moment(dossier.submitted_at),
            "due": moment(dossier.due_at) if dossier.HasField("due_at") else None,
            "limit": limit_words(dossier.time_limit),
            "reasons": [
                (moment(line.at), line.text) for line in dossier.history if line.type in DATED
            ],
            "unit": unit,
            "unit_name": self._names.unit_name(dossier.unit),
            "ended": dossier.state in _FINAL,
            "paused": dossier.state in _PAUSED,
            "asked": _asked(dossier),
            "answer_due": (
                moment(dossier.answer_due_at) if dossier.HasField("answer_due_at") else None
            ),
            "result_channel": ResultChannel.Name(dossier.result_channel),
            "owed": dong(fees.phi_due + fees.le_phi_due) if fees else None,
            "paid": dong(fees.phi_paid + fees.le_phi_paid) if fees else None,
            "settled": fees.settled if fees else True,
            "history": [(moment(line.at), line.text) for line in reversed(dossier.history)],
        }


def _asked(dossier: pb.TrackDossierResponse) -> str:
    """Return the sentence by which papers are asked for now; empty while none are."""
    asked = (line.text for line in reversed(dossier.history) if line.type == "SupplementRequested")
    return next(asked, "") if dossier.requested_parts else ""


async def _given(request: Request) -> dict[str, str] | None:
    """Return what was typed; None when the form is still to be shown."""
    values: Mapping[str, str] = request.query_params
    if request.method == "POST":
        values = await _posted(request)
    elif "code" not in values and "pin" not in values:
        return None
    return {name: values.get(name, "").strip() for name in LONGEST}


async def _posted(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM:
            raise HTTPException(413)
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=10))
    except ValueError:
        raise HTTPException(400) from None


def _wrong(given: Mapping[str, str]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the problem of each field, with its parameters, before anybody is asked."""
    wrong: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, value in given.items():
        if not value:
            wrong[name] = (f"no_{name}", {})
        elif len(value) > LONGEST[name]:
            wrong[name] = (f"long_{name}", {})
    return wrong


def _form(
    request: Request,
    given: Mapping[str, str],
    wrong: Mapping[str, tuple[str, dict[str, Any]]],
    *,
    status: int = 200,
) -> Response:
    code = given.get("code", "")[: LONGEST["code"]]
    return render(request, "track.html", {"code": code, "wrong": wrong}, status=status)
