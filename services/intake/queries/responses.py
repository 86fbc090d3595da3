"""The desk's answers, made from events and rows alone.

Pure. ``language`` is ``vi`` or ``en``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from motcua.events.v1.common_pb2 import (
    Channel,
    PersonalData,
    ResultChannel,
    ResultKind,
    ServiceLevel,
)
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    DossierSubmitted,
    DossierWithdrawn,
    ExternalCodeRecorded,
    FormPrinted,
    SupplementSubmitted,
)
from motcua.intake.v1.fee_events_pb2 import FeeCancelled, FeeRecorded
from motcua.intake.v1.types_pb2 import FeeTiming

from kernel.base.instants import to_timestamp
from kernel.eventsourcing.envelope import payload_as, payload_of, payload_type
from office.catalogue.dossier_code import OFFICE_ZONE
from office.catalogue.model import Procedure
from office.catalogue.responsible_unit import ResponsibleUnits
from services.intake.domain.refusals import TEXTS
from services.intake.domain.state import ItemPhase
from services.intake.queries import dossier
from services.intake.queries.citizen_history import lines, moment
from services.intake.queries.dossier import describe, due_of, state_of
from services.intake.views.parts_json import parts_from

Row = Mapping[str, Any]
Events = Sequence[Event]


def submitted(events: Events) -> pb.SubmitDossierResponse:
    """Confirm a submission; the PIN is put in elsewhere."""
    event = events[0]
    payload = payload_as(event, DossierSubmitted)
    return pb.SubmitDossierResponse(
        dossier_code=event.stream_id,
        submitted_at=event.occurred_at,
        answer_due_at=payload.answer_due_at if payload.HasField("answer_due_at") else None,
        fees=dossier.account(payload.fees, 0, 0, "") if payload.HasField("fees") else None,
    )


def accepted(events: Events) -> pb.AcceptDossierResponse:
    """Return the receipt."""
    event = events[0]
    payload = payload_as(event, DossierAccepted)
    return pb.AcceptDossierResponse(
        dossier_code=event.stream_id,
        accepted_at=event.occurred_at,
        due_at=payload.due_at if payload.HasField("due_at") else None,
        time_limit=payload.time_limit,
        calendar_version=payload.calendar_version,
        phases=[
            pb.PromisedPhase(time_limit=phase.time_limit, due_at=phase.due_at)
            for phase in payload.phases
        ],
    )


def refused(events: Events) -> pb.RefuseDossierResponse:
    """Confirm a refusal."""
    event = events[0]
    return pb.RefuseDossierResponse(dossier_code=event.stream_id, refused_at=event.occurred_at)


def supplemented(events: Events) -> pb.SubmitSupplementResponse:
    """Confirm the papers."""
    event = events[0]
    return pb.SubmitSupplementResponse(
        dossier_code=event.stream_id,
        round=payload_as(event, SupplementSubmitted).round,
        submitted_at=event.occurred_at,
    )


def withdrawn(events: Events) -> pb.RequestWithdrawalResponse:
    """Return what came of a withdrawal."""
    event = events[0]
    return pb.RequestWithdrawalResponse(
        dossier_code=event.stream_id,
        withdrawn=payload_type(event) is DossierWithdrawn,
        requested_at=event.occurred_at,
    )


def returned(events: Events) -> pb.ReturnResultResponse:
    """Confirm the handing over."""
    event = events[0]
    return pb.ReturnResultResponse(dossier_code=event.stream_id, returned_at=event.occurred_at)


def paid(events: Events) -> pb.RecordFeeResponse:
    """Confirm a payment or an exemption."""
    event = events[0]
    payload = payload_as(event, FeeRecorded)
    return pb.RecordFeeResponse(
        dossier_code=event.stream_id,
        sequence=event.sequence,
        settled=payload.settled,
        answer_due_at=payload.answer_due_at if payload.HasField("answer_due_at") else None,
        recorded_at=event.occurred_at,
    )


def unpaid(events: Events) -> pb.CancelFeeResponse:
    """Confirm that a record does not count."""
    event = events[0]
    return pb.CancelFeeResponse(
        dossier_code=event.stream_id,
        sequence=payload_as(event, FeeCancelled).sequence,
        cancelled_at=event.occurred_at,
    )


def numbered(events: Events) -> pb.RecordExternalCodeResponse:
    """Confirm another system's number."""
    event = events[0]
    payload = payload_as(event, ExternalCodeRecorded)
    return pb.RecordExternalCodeResponse(
        dossier_code=event.stream_id,
        external_code=pb.ExternalCode(system=payload.system, code=payload.code),
    )


def printed(events: Events) -> pb.GetFormResponse:
    """Confirm a print; the page is put in elsewhere."""
    event = events[0]
    payload = payload_as(event, FormPrinted)
    return pb.GetFormResponse(
        dossier_code=event.stream_id,
        form=payload.form,
        form_number=payload.form_number,
        circular=payload.circular,
        copy=payload.copy,
        about_source=payload.about_source,
        about_sequence=payload.about_sequence,
        printed_at=event.occurred_at,
    )


_S: Final = pb.DossierState


def tracked(row: Row, events: Events, language: str) -> pb.TrackDossierResponse:
    """Show a dossier in plain words."""
    state = state_of(row)
    tz = row["time_zone"] or OFFICE_ZONE
    asked = state == _S.DOSSIER_STATE_SUPPLEMENT_REQUESTED
    return pb.TrackDossierResponse(
        dossier_code=row["dossier_code"],
        procedure=_procedure_name(events, language) or row["procedure_code"],
        state=state,
        state_text=_in(language, TEXTS.both(f"state.{_S.Name(state)}")),
        submitted_at=to_timestamp(row["submitted_at"]),
        result_channel=row["result_channel"],
        what_to_do=_in(language, _to_do(row, state, tz)),
        item_number=row["item_number"] or "",
        history=lines(events, tz, language),
        fees=dossier.account_of(row),
        due_at=to_timestamp(due_of(row)),
        requested_parts=parts_from(row["requested_parts"]) if asked else (),
        answer_due_at=to_timestamp(row["round_answer_due_at"]) if asked else None,
        unit=row["unit"],
        procedure_code=row["procedure_code"],
        time_limit=_promised_limit(events),
    )


def _promised_limit(events: Events) -> str:
    accepted = (payload_of(e) for e in events if payload_type(e) is DossierAccepted)
    return next((each.time_limit for each in accepted if isinstance(each, DossierAccepted)), "")


def shown(
    row: Row,
    events: Events,
    applicant: pb.Applicant | None,
    records: Sequence[pb.FeeRecord],
    numbers: Sequence[tuple[str, str]],
    language: str,
) -> pb.GetDossierResponse:
    """Show a dossier to an officer."""
    return pb.GetDossierResponse(
        dossier=describe(row),
        applicant=applicant,
        parts=parts_from(row["parts"]),
        history=lines(events, row["time_zone"] or OFFICE_ZONE, language),
        fee_records=records,
        external_codes=[pb.ExternalCode(system=system, code=code) for system, code in numbers],
    )


def procedure(version: Procedure, takers: ResponsibleUnits) -> pb.Procedure:
    """Show one version of a procedure, with those who take it on a day."""
    ends = takers.catalogue.ends(version)
    return pb.Procedure(
        code=version.code,
        version=version.version,
        title=pb.LocalText(vi=version.name_vi, en=version.name_en),
        field=version.field,
        level=cast(ServiceLevel, version.level),
        unit=takers.unit_of(version),
        time_limit=str(version.time_limit),
        online_time_limit=str(version.limit(Channel.CHANNEL_ONLINE)),
        parts=[
            pb.ProcedurePart(
                code=part.code,
                title=pb.LocalText(vi=part.name_vi, en=part.name_en),
                required=part.required,
                copies=part.copies,
                kind=part.kind.value,
                form=part.form,
            )
            for part in version.parts
        ],
        fees=[
            pb.ProcedureFee(
                kind=fee.kind.value,
                title=pb.LocalText(vi=fee.name_vi, en=fee.name_en),
                amount=fee.amount,
                per=fee.per.value,
            )
            for fee in version.fees
        ],
        channels=cast(list[Channel], version.channels),
        result_channels=cast(list[ResultChannel], version.result_channels),
        process=version.process,
        valid_from=version.valid_from.isoformat(),
        valid_to=ends.isoformat() if ends else "",
        same_day=version.same_day,
        resume_policy=version.resume_policy,
        supplement_rounds=version.supplement_rounds,
        supplement_period=""
        if version.supplement_period is None
        else str(version.supplement_period),
        units=takers.units_of(version),
        conditions=[pb.LocalText(vi=c.name_vi, en=c.name_en) for c in version.conditions],
        fee_timing=cast(FeeTiming, version.fee_timing),
        exempt_groups=[
            pb.ExemptGroup(code=g.code, title=pb.LocalText(vi=g.name_vi, en=g.name_en))
            for g in version.exempt
        ],
        result_kind=cast(ResultKind, version.result_kind),
    )


def applicant(person: PersonalData) -> pb.Applicant:
    """Show the applicant's data, without the PIN."""
    return pb.Applicant(
        full_name=person.full_name,
        identity_number=person.identity_number,
        phone=person.phone,
        email=person.email,
        address=person.address,
        province=person.province,
        district=person.district,
    )


def _procedure_name(events: Events, language: str) -> str:
    for event in events:
        payload = payload_of(event)
        if isinstance(payload, DossierSubmitted):
            return _in(language, (payload.procedure_name, payload.procedure_name_en))
    return ""


def _to_do(row: Row, state: int, tz: str) -> tuple[str, str]:
    if state == _S.DOSSIER_STATE_SUPPLEMENT_REQUESTED:
        until = row["round_answer_due_at"]
        if until is None:
            return TEXTS.both("to_do.papers")
        return TEXTS.both("to_do.papers.until", at=moment(until, tz))
    money = _to_pay(row, state)
    if money is not None:
        return money
    if state == _S.DOSSIER_STATE_RESOLVED and _waits_at_the_counter(row):
        return TEXTS.both("to_do.counter")
    return "", ""


def _to_pay(row: Row, state: int) -> tuple[str, str] | None:
    """Ask for what has to be paid now: before acceptance, or before the result is had."""
    fees = dossier.account_of(row)
    if fees is None or fees.settled:
        return None
    before = fees.timing == FeeTiming.FEE_TIMING_BEFORE
    phi, le_phi = fees.phi_due - fees.phi_paid, fees.le_phi_due - fees.le_phi_paid
    first, second = (f"{max(amount, 0):,}".replace(",", ".") for amount in (phi, le_phi))
    if state == _S.DOSSIER_STATE_SUBMITTED and before:
        return TEXTS.both("to_do.pay.before", phi=first, le_phi=second)
    if state == _S.DOSSIER_STATE_RESOLVED:
        return TEXTS.both("to_do.pay.after", phi=first, le_phi=second)
    return None


def _waits_at_the_counter(row: Row) -> bool:
    came_back = row["item_phase"] in (ItemPhase.RETURNED.value, ItemPhase.UNWANTED.value)
    return came_back or row["result_channel"] == ResultChannel.RESULT_CHANNEL_COUNTER


def _in(language: str, words: tuple[str, str]) -> str:
    return words[1] if language == "en" else words[0]
