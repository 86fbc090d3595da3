"""Handles ``EndAbsence``: an officer comes back early, and from then on nobody stands in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.officer_events_pb2 import AbsenceEnded
from sqlalchemy import select

from kernel.base.errors import Refused
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from office.people.directory import below
from office.streams import OFFICER
from services.routing.application.absences.officer_stream import LEADING, absences, cases_in, hold
from services.routing.application.decide_many import write_each
from services.routing.application.decision_context import CaseContextLoader
from services.routing.domain.refusals import case
from services.routing.domain.use_cases.collaboration.participants import work_meant
from services.routing.tables import SUBSTITUTIONS, WORK


def _covered(uow: UnitOfWork, officer: str, at: int) -> list[str]:
    """List the open cases on which somebody may stand in for an officer, whoever has them now."""
    c = SUBSTITUTIONS.c
    found = (
        select(c.dossier_code)
        .join(WORK, WORK.c.dossier_code == c.dossier_code)
        .where(c.officer == officer, c.ends_at > at)
        .order_by(c.dossier_code)
    )
    return [row.dossier_code for row in uow.query(found)]


@dataclass(frozen=True)
class EndAbsence:
    """Ends what stands in for an officer at present; what begins later stays."""

    loader: CaseContextLoader

    def act(self, uow: UnitOfWork, request: pb.EndAbsenceRequest, call: Call) -> list[Event]:
        """Write it for the officer and for each case that is covered. Raise ``Refused``."""
        officer, at = request.officer, call.occurred_at
        unit = self._meant(officer, call)
        hold(uow, officer)
        running = [one for one in absences(uow, officer, at) if one.delegation.runs(at)]
        meant = [one.delegation for one in running if one.touches(unit)]
        if not meant:
            apart = running and not any(one.meets(unit) for one in running)
            raise self._refused("NOT_YOURS_TO_END" if apart else "NO_ABSENCE", officer)
        codes = _covered(uow, officer, at)
        ended = AbsenceEnded(officer=officer, unit=unit)
        events = uow.append_call(officer, [ended], call, OFFICER)
        return events + write_each(self.loader, uow, codes, request, call, meant)

    def answer(
        self,
        _uow: UnitOfWork,
        _request: pb.EndAbsenceRequest,
        _call: Call,
        events: Sequence[Event],
    ) -> pb.EndAbsenceResponse:
        """Return the dossiers in which the end of the absence was written."""
        return pb.EndAbsenceResponse(dossier_codes=cases_in(events))

    def _meant(self, officer: str, call: Call) -> str:
        """Return the unit whose work is meant, empty for all; raise ``Refused`` when the caller is
        neither the officer nor leads a unit in which the directory has the officer.
        """
        actor = self.loader.with_rights(call.actor, call.occurred_at)
        unit, people = work_meant(officer, actor), self.loader.people
        if call.actor.id == officer:
            return unit
        known = people.officers.get(officer) if people else None
        leads = bool(unit) and not call.roles.isdisjoint(LEADING)
        if not leads or (known and not below(known.unit, unit)):
            raise self._refused("NOT_YOURS_TO_END", officer)
        return unit

    def _refused(self, code: str, officer: str) -> Refused:
        return self.loader.refused(case.refusal(code, officer=officer))
