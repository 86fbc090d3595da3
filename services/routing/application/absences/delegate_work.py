"""Handles ``DelegateWork``: somebody stands in for an absent officer, on present and later cases.

For later cases it is kept in the officer's stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.officer_events_pb2 import AbsenceDelegated
from sqlalchemy import select

from kernel.base.errors import Refusal, Refused
from kernel.base.instants import to_timestamp
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from office.streams import OFFICER
from services.routing.application.absences.officer_stream import LEADING, absences, hold
from services.routing.application.decide_many import write_each
from services.routing.application.decision_context import CaseContextLoader
from services.routing.application.request_checks import check
from services.routing.domain.collaboration_state import Delegation
from services.routing.domain.decider import State
from services.routing.domain.guards import within
from services.routing.domain.refusals import case
from services.routing.domain.use_cases.collaboration.participants import delegation_of, work_meant
from services.routing.tables import WORK

_OPEN: Final = (pb.CaseState.CASE_STATE_RUNNING, pb.CaseState.CASE_STATE_SUSPENDED)


def standing_for(
    uow: UnitOfWork, request: Message, state: State, at: int
) -> tuple[Delegation, ...]:
    """Return who stands in, now or later, for the officer whom a request makes the step's."""
    if isinstance(request, pb.AssignStepRequest):
        officer = request.assignee
    elif isinstance(request, pb.PullBackRequest) and state.work.left is not None:
        officer = state.work.left.assignee
    else:
        return ()
    hold(uow, officer)
    return tuple(one.delegation for one in absences(uow, officer, at) if one.of(state.unit))


def substitute_of(uow: UnitOfWork, officer: str, unit: str, at: int) -> str:
    """Return who stands in for an officer in a unit's work at an instant, by what was said last;
    empty for nobody.
    """
    found = [
        one.delegation.substitute
        for one in absences(uow, officer, at)
        if one.of(unit) and one.delegation.runs(at)
    ]
    return found[-1] if found else ""


def _cases_of(uow: UnitOfWork, officer: str, unit: str = "") -> list[str]:
    """List the open cases that an officer has in a unit and those below it; empty for all units."""
    found = select(WORK.c.dossier_code).where(WORK.c.state.in_(_OPEN), WORK.c.assignee == officer)
    if unit:
        below = WORK.c.unit.startswith(f"{unit}.", autoescape=True)
        found = found.where((WORK.c.unit == unit) | below)
    return [row.dossier_code for row in uow.query(found.order_by(WORK.c.dossier_code))]


@dataclass(frozen=True)
class DelegateWork:
    """Lets a substitute act for an officer as long as an absence lasts."""

    loader: CaseContextLoader

    def act(self, uow: UnitOfWork, request: pb.DelegateWorkRequest, call: Call) -> list[Event]:
        """Write it for the officer and for each present case. Raise ``Invalid``, ``Refused``."""
        check(request, self.loader, call.now)
        wanted = delegation_of(request, call.occurred_at)
        if isinstance(wanted, Refusal):
            raise self.loader.refused(wanted)
        unit = self._meant(request, wanted, call)
        hold(uow, request.officer)
        codes = _cases_of(uow, request.officer, unit)
        if not codes and unit and _cases_of(uow, request.officer):
            raise self._not_yours(request.officer)
        events = self._declare(uow, wanted, unit, call)
        return events + write_each(self.loader, uow, codes, request, call)

    def answer(
        self,
        uow: UnitOfWork,
        request: pb.DelegateWorkRequest,
        call: Call,
        _events: Sequence[Event],
    ) -> pb.DelegateWorkResponse:
        """Return the dossiers that the officer has by then: in those the substitute acts."""
        unit = work_meant(request.officer, call.actor)
        return pb.DelegateWorkResponse(dossier_codes=_cases_of(uow, request.officer, unit))

    def _meant(self, request: pb.DelegateWorkRequest, wanted: Delegation, call: Call) -> str:
        """Return the unit whose work is meant, empty for all; raise ``Refused`` when the caller may
        not, or the directory does not have such a substitute there on each day.
        """
        people, officer = self.loader.people, request.officer
        known = people.officers.get(officer) if people else None
        if people is not None:
            place = known.unit if known else ""
            # What has passed does not count, and what ends at midnight ends the day before.
            first = self.loader.day(max(wanted.begins_at, call.occurred_at))
            last = max(first, self.loader.day(wanted.ends_at - 1))
            away, words = people.obstacle_until(request.substitute, place, "", first, last)
            if known is None:
                away, words = "NO_SUCH_OFFICER", {"officer": officer}
            if away:
                raise self.loader.refused(case.refusal(away, **words))
        if call.actor.id == officer:
            return ""
        unit = self.loader.with_rights(call.actor, call.occurred_at).unit
        leads = not call.roles.isdisjoint(LEADING)
        if not leads or not unit or (known and not within(known.unit, unit)):
            raise self._not_yours(officer)
        return unit

    def _declare(self, uow: UnitOfWork, wanted: Delegation, unit: str, call: Call) -> list[Event]:
        known = absences(uow, wanted.officer, call.occurred_at)
        if any(one.unit in ("", unit) and one.delegation.holds(wanted) for one in known):
            return []
        delegated = AbsenceDelegated(
            officer=wanted.officer,
            substitute=wanted.substitute,
            begins_at=to_timestamp(wanted.begins_at),
            ends_at=to_timestamp(wanted.ends_at),
            unit=unit,
        )
        return uow.append_call(wanted.officer, [delegated], call, OFFICER)

    def _not_yours(self, officer: str) -> Refused:
        return self.loader.refused(case.refusal("NOT_YOURS_TO_DELEGATE", officer=officer))
