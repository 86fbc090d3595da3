"""The pages of procedures: found by words, and one with what it asks for."""

from __future__ import annotations

from typing import Final

from motcua.events.v1.common_pb2 import Channel, ResultChannel
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.types_pb2 import FeeTiming
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.web.intake_client import IntakeClient
from services.web.office_names import OfficeNames
from services.web.rendering import language_of, render
from services.web.search import Entry, find
from services.web.security import client_address
from services.web.wording import dong, limit_words

ON_A_PAGE: Final = 10
LONGEST: Final = 100
"""Characters of a query."""


class ProcedurePages:
    """The pages of procedures."""

    def __init__(self, intake: IntakeClient, names: OfficeNames) -> None:
        self._intake = intake
        self._names = names

    async def find(self, request: Request) -> Response:
        """Show the procedures that have the words of ``q``, by page."""
        query = " ".join(request.query_params.get("q", "").split())
        if len(query) > LONGEST:
            context = {"query": query[:LONGEST], "too_long": LONGEST, "count": 0}
            return render(request, "procedures.html", context, status=400)
        english = language_of(request) == "en"
        known = await self._intake.procedures(client_address(request))
        found = find(query, [self._entry(each, english) for each in known])
        pages = max(1, -(-len(found) // ON_A_PAGE))
        asked = request.query_params.get("trang", "1")
        page = min(max(1, int(asked)), pages) if asked.isdecimal() and len(asked) < 6 else 1
        shown = found[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
        context = {
            "query": query,
            "too_long": 0,
            "count": len(found),
            "page": page,
            "pages": pages,
            "procedures": [(p, self._names.field(p.field), _limit(p)) for p in shown],
        }
        return render(request, "procedures.html", context)

    def _entry(self, procedure: pb.Procedure, english: bool) -> Entry[pb.Procedure]:
        field = self._names.field(procedure.field)
        titles = (procedure.title.vi, procedure.title.en)
        title, other = titles[::-1] if english else titles
        return Entry.of(procedure, title, other, field.vi, field.en, procedure.code)

    async def show(self, request: Request) -> Response:
        """Show one procedure; 404 for one that does not hold today."""
        known = await self._intake.procedures(client_address(request))
        code = request.path_params["code"]
        procedure = next((each for each in known if each.code == code), None)
        if procedure is None:
            raise HTTPException(404)
        online = limit_words(procedure.online_time_limit)
        usual = limit_words(procedure.time_limit)
        context = {
            "procedure": procedure,
            "field": self._names.field(procedure.field),
            "unit": self._names.unit(procedure.unit),
            "unit_name": self._names.unit_name(procedure.unit),
            "others": [
                name for code in procedure.units if (name := self._names.unit_name(code)).vi
            ],
            "limit": usual,
            "online_limit": online if online != usual else None,
            "fees": [(fee, dong(fee.amount)) for fee in procedure.fees],
            "fee_timing": FeeTiming.Name(procedure.fee_timing),
            "channels": [Channel.Name(each) for each in procedure.channels],
            "result_channels": [ResultChannel.Name(each) for each in procedure.result_channels],
        }
        return render(request, "procedure.html", context)


def _limit(procedure: pb.Procedure) -> object:
    return limit_words(procedure.time_limit)
