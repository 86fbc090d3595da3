"""Procedures as they are shown, each made once for a day: anybody may ask for all of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import date
from typing import Final

from motcua.intake.v1 import intake_pb2 as pb

from office.catalogue.model import Catalogue, Procedure
from office.catalogue.responsible_unit import ResponsibleUnits
from services.intake.queries import responses

DAYS: Final = 4
"""Days for which they are kept, those that were asked for last."""


class ShownProcedures:
    """Keeps what it has made for one catalogue. Not thread-safe: for the gRPC loop."""

    def __init__(self) -> None:
        self._catalogue: Catalogue | None = None
        self._days: OrderedDict[date, dict[tuple[str, int], pb.Procedure]] = OrderedDict()

    def show(
        self, versions: Iterable[Procedure], takers: ResponsibleUnits
    ) -> pb.ListProceduresResponse:
        """Return versions of a catalogue's procedures, with those who take them on a day."""
        if takers.catalogue is not self._catalogue:
            self._catalogue = takers.catalogue
            self._days.clear()
        known = self._days.setdefault(takers.day, {})
        self._days.move_to_end(takers.day)
        if len(self._days) > DAYS:
            self._days.popitem(last=False)
        answer = pb.ListProceduresResponse()
        for version in versions:
            key = version.code, version.version
            if key not in known:
                known[key] = responses.procedure(version, takers)
            answer.procedures.append(known[key])
        return answer
