"""Submit a dossier: which fields are wrong, and the event of one that is in order.

Pure. Every wrong field is named at once, so that nobody has to ask five times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast
from zoneinfo import ZoneInfoNotFoundError

from motcua.events.v1.common_pb2 import (
    ActorKind,
    Channel,
    PersonalData,
    ResultChannel,
    SealedData,
    ServiceLevel,
)
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.intake.v1.event_parts_pb2 import PartName
from motcua.intake.v1.intake_pb2 import Applicant, SubmitDossierRequest

from kernel.base.errors import Violation
from kernel.base.instants import zone
from kernel.messages.catalogue import FixedText
from office.catalogue.agency_codes import is_agency
from office.catalogue.dossier_code import OFFICE_ZONE
from office.catalogue.model import CatalogueUnit, Procedure
from office.catalogue.responsible_unit import DissolvedUnit
from services.intake.domain import fees
from services.intake.domain.decider import parts_of
from services.intake.domain.desk_check import DeskCheck, set_check
from services.intake.domain.parts_check import copies_of, unexpected_parts
from services.intake.domain.refusals import violation

_CITIZENS: Final = frozenset({Channel.CHANNEL_ONLINE})
_OFFICERS: Final = frozenset({Channel.CHANNEL_COUNTER, Channel.CHANNEL_POST})
_OPEN_TO: Final[dict[int, frozenset[Channel]]] = {
    ActorKind.ACTOR_KIND_CITIZEN: _CITIZENS,
    ActorKind.ACTOR_KIND_OFFICER: _OFFICERS,
}
_IMPORTERS_ONLY: Final = ("foreign_code", "imported_from", "time_zone", "field", "external_code")
_FOR_POST: Final = ("phone", "address", "province")


@dataclass(frozen=True, slots=True)
class OfferedProcedure:
    """What the catalogue has of the procedure that is asked for, on the day of submission."""

    known: bool
    """Some version of the procedure exists."""
    procedure: Procedure | None
    """The version in force on that day."""
    takes: bool = True
    """The unit takes it."""
    unit: str = ""
    """The unit that the request names, or the one that answers for the procedure."""
    dissolved: DissolvedUnit | None = None
    """Since when there is no such unit any more."""
    no_such_unit: bool = False
    """The unit is named by a code that no unit of the office has or had."""


def violations(
    request: SubmitDossierRequest, offer: OfferedProcedure, actor: int
) -> list[Violation]:
    """Return every field that is wrong; empty when the dossier can be taken."""
    if actor == ActorKind.ACTOR_KIND_IMPORTER:
        return [*_foreign(request, offer), *_applicant(request, optional=True)]
    return [
        *_not_foreign(request, offer),
        *_procedure(request, offer),
        *_channels(request, offer.procedure, actor),
        *_applicant(request, optional=False),
        *(_parts(request, offer.procedure) if offer.procedure else ()),
    ]


def _not_foreign(request: SubmitDossierRequest, offer: OfferedProcedure) -> Iterator[Violation]:
    for field in _IMPORTERS_ONLY:
        if getattr(request, field):
            yield violation(field, "importer.only")
    if offer.procedure is not None and offer.dissolved is not None:
        gone = offer.dissolved
        rule = "unit.dissolved" if gone.successor else "unit.without_successor"
        yield violation(
            "unit", rule, unit=gone.unit, last=f"{gone.last:%d/%m/%Y}", successor=gone.successor
        )
    elif offer.procedure is not None and not offer.takes:
        yield violation("unit", "unit.not_offered")


def _foreign(request: SubmitDossierRequest, offer: OfferedProcedure) -> Iterator[Violation]:
    if not request.imported_from:
        yield violation("imported_from", "importer.required")
    if not request.foreign_code and not request.external_code:
        yield violation("foreign_code", "importer.required")
    if not request.unit and not offer.known:
        yield violation("unit", "importer.required")
    elif offer.no_such_unit:
        yield violation("unit", "unit.unknown")
    elif request.external_code and not request.foreign_code and not is_agency(request.unit or "0"):
        yield violation("unit", "unit.no_agency")
    try:
        zone(request.time_zone or OFFICE_ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield violation("time_zone", "time_zone.unknown")


def _procedure(request: SubmitDossierRequest, offer: OfferedProcedure) -> Iterator[Violation]:
    if request.procedure_code and offer.procedure is None:
        rule = "procedure.not_valid" if offer.known else "procedure.unknown"
        yield violation("procedure_code", rule)


def _channels(
    request: SubmitDossierRequest, procedure: Procedure | None, actor: int
) -> Iterator[Violation]:
    if request.channel and request.channel not in _OPEN_TO.get(actor, ()):
        yield violation("channel", "channel.not_yours")
    elif request.channel and procedure and request.channel not in procedure.channels:
        yield violation("channel", "channel.not_offered")
    result_channel = request.result_channel
    if not result_channel:
        yield violation("result_channel", "required")
    elif procedure and result_channel not in procedure.result_channels:
        yield violation("result_channel", "result_channel.not_offered")


def _applicant(request: SubmitDossierRequest, *, optional: bool) -> Iterator[Violation]:
    if not request.HasField("applicant"):
        if not optional:
            yield violation("applicant", "required")
        return
    if optional:
        return
    if request.result_channel == ResultChannel.RESULT_CHANNEL_POST:
        for field in _FOR_POST:
            if not getattr(request.applicant, field):
                yield violation(f"applicant.{field}", "applicant.for_post")
    if request.consent_email and not request.applicant.email:
        yield violation("applicant.email", "applicant.for_consent")


def _parts(request: SubmitDossierRequest, procedure: Procedure) -> Iterator[Violation]:
    wanted = {part.code: part for part in procedure.parts}
    yield from unexpected_parts(request.parts, wanted, "part.unknown")
    for index, part in enumerate(request.parts):
        known = wanted.get(part.code)
        if known is not None and copies_of(part) < known.copies:
            yield violation(f"parts[{index}].copies", "part.copies", least=known.copies)
    given = {part.code for part in request.parts}
    for asked in procedure.parts:
        if asked.required and asked.code not in given:
            yield violation("parts", "part.missing", part=FixedText(asked.name_vi, asked.name_en))


@dataclass(frozen=True, slots=True)
class SubmissionContext:
    """The decision context of a submission that is in order."""

    procedure: Procedure | None
    """The version in force; for importers it may be missing."""
    applicant: SealedData | None
    check: DeskCheck | None
    """Until when the desk is to check it; None where no such limit holds."""
    unit: CatalogueUnit | None = None
    """The unit that answers for the dossier; for importers it may be unknown."""


def submit(request: SubmitDossierRequest, intake: SubmissionContext) -> Sequence[DossierSubmitted]:
    """Return the event of a dossier that was handed in."""
    procedure = intake.procedure
    submitted = DossierSubmitted(
        procedure_code=request.procedure_code,
        procedure_version=procedure.version if procedure else 0,
        field=request.field or (procedure.field if procedure else ""),
        level=cast(ServiceLevel, procedure.level if procedure else 0),
        unit=request.unit
        or (intake.unit.code if intake.unit else procedure.unit if procedure else ""),
        channel=request.channel,
        result_channel=request.result_channel,
        time_zone=request.time_zone or OFFICE_ZONE,
        language=request.language or "vi",
        consent_email=request.consent_email,
        parts=parts_of(request.parts),
        applicant=intake.applicant,
        imported_from=request.imported_from,
        procedure_name=procedure.name_vi if procedure else "",
        procedure_name_en=procedure.name_en if procedure else "",
        unit_name=intake.unit.name_vi if intake.unit else "",
        unit_name_en=intake.unit.name_en if intake.unit else "",
        part_names=[
            PartName(code=p.code, name=p.name_vi, name_en=p.name_en) for p in procedure.parts
        ]
        if procedure
        else [],
        fees=fees.due(procedure) if procedure and not request.imported_from else None,
    )
    set_check(submitted, intake.check)
    return [submitted]


def personal(applicant: Applicant, pin: str) -> PersonalData:
    """Return the applicant's data as it is to be sealed, with the PIN."""
    return PersonalData(
        full_name=applicant.full_name,
        identity_number=applicant.identity_number,
        phone=applicant.phone,
        email=applicant.email,
        address=applicant.address,
        province=applicant.province,
        district=applicant.district,
        pin=pin,
    )
