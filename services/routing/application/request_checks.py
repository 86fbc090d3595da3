"""What can't be, whatever the case: units and roles that there are not, and instants that no
calendar holds. Each wrong field of a request is named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from motcua.routing.v1 import routing_pb2 as pb

from kernel.base.errors import Invalid, Violation
from kernel.base.instants import from_datetime, to_us
from office.catalogue.known_units import known_units
from office.people.directory import DirectoryUnit, within
from office.permissions import role_title, shipped
from office.worktime.calendars.span_index import FIRST_YEAR, LAST_YEAR
from services.routing.application.decision_context import CaseContextLoader
from services.routing.application.refusal_words import listed
from services.routing.domain.refusals import case

_EARLIEST: Final = from_datetime(datetime(FIRST_YEAR + 1, 1, 1, tzinfo=UTC))
_LATEST: Final = from_datetime(datetime(LAST_YEAR - 1, 12, 31, tzinfo=UTC))
"""A day less than calendars are kept for: the office's own year ends before that of UTC."""


def check(request: Message, loader: CaseContextLoader, now: int) -> None:
    """Raise ``Invalid`` naming each wrong field of a request; ``now`` is in microseconds."""
    units = known_units(loader.people)
    wrong = wrong_fields(request, units, shipped().roles, loader.day(now))
    if wrong:
        raise Invalid(wrong)


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
