"""What is checked of a request before it is decided on: fields that can't be, whatever the case
(units and roles that there are not, instants that no calendar holds), and that the officer who asks
takes part in the case.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from motcua.events.v1.common_pb2 import ActorKind
from motcua.routing.v1 import routing_pb2 as pb

from kernel.base.errors import Invalid, Violation
from kernel.base.instants import from_datetime, to_us
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.messages.catalogue import listed
from kernel.storage.row_cache import Row
from office.catalogue.known_units import known_units
from office.people.access_scope import officer_key
from office.people.directory import DirectoryUnit, within
from office.permissions import role_title, shipped
from office.worktime.calendars.span_index import FIRST_YEAR, LAST_YEAR
from services.routing.application.decision_context import CaseContextLoader
from services.routing.domain.evolve import evolve
from services.routing.domain.refusals import case
from services.routing.domain.state import INITIAL, State

_EARLIEST: Final = from_datetime(datetime(FIRST_YEAR + 1, 1, 1, tzinfo=UTC))
_LATEST: Final = from_datetime(datetime(LAST_YEAR - 1, 12, 31, tzinfo=UTC))
"""A day less than calendars are kept for: the office's own year ends before that of UTC."""


def check(request: Message, loader: CaseContextLoader, now: int) -> None:
    """Raise ``Invalid`` naming each wrong field of a request; ``now`` is in microseconds."""
    units = known_units(loader.people)
    wrong = wrong_fields(request, units, shipped().roles, loader.day(now))
    if wrong:
        raise Invalid(wrong)


def require_part(
    uow: UnitOfWork, row: Row, state: State, call: Call, loader: CaseContextLoader
) -> None:
    """Raise ``Forbidden`` for an officer who takes no part in a case, as a read of it does: no
    other refusal tells them anything of it.
    """
    if call.rule is None or call.actor.kind != ActorKind.ACTOR_KIND_OFFICER:
        return
    scope = loader.scope_of(call.actor, call.now)
    units = [row["dossier_unit"] or "", row["received_unit"] or "", state.unit]
    units += [each.unit for each in state.work.asked]
    if any(map(scope.covers, units)):
        return
    before = INITIAL
    for event in uow.own_events(row["dossier_code"]):
        before = evolve(before, event)
        units.append(before.unit)
    scope.require(units, (officer_key(who) for who, _ in state.work.participants))


def wrong_fields(
    request: Message, units: Mapping[str, DirectoryUnit], roles: Collection[str], day: date
) -> list[Violation]:
    """Return the fields of a request that can't be; ``units`` and ``roles`` are those of the
    office, ``day`` is its day now.
    """
    wrong = [*_instants(request)]
    if isinstance(request, pb.RequestConsultationRequest):
        wrong += _consultation(request, units, roles, day)
    return wrong


def _instants(request: Message) -> Iterator[Violation]:
    for field, value in request.ListFields():
        if isinstance(value, Timestamp) and not _EARLIEST <= to_us(value) < _LATEST:
            yield case.violation(field.name, "instant.range")


def _consultation(
    request: pb.RequestConsultationRequest,
    units: Mapping[str, DirectoryUnit],
    roles: Collection[str],
    day: date,
) -> Iterator[Violation]:
    """A question to nobody would never be answered, and the step could wait for it for ever."""
    unit = units.get(request.unit)
    if unit is None:
        yield case.violation("unit", "unit.unknown")
    elif not within(day, unit.valid_from, unit.valid_to):
        yield case.violation("unit", "unit.not_valid")
    if request.role and request.role not in roles:
        yield case.violation("role", "role.unknown", listed(map(role_title, roles)))
