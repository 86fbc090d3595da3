"""IntakeService: translates requests to commands and queries, and rows to answers."""

# ruff: noqa: N802 - gRPC names the methods

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import grpc
from motcua.events.v1.common_pb2 import Actor, ActorKind, PersonalData, SealedData
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.intake_pb2_grpc import (
    IntakeServiceServicer,
    add_IntakeServiceServicer_to_server,
)
from sqlalchemy import Connection

from kernel.auth.identity import caller
from kernel.base.errors import Invalid, Refused
from kernel.base.instants import local_date
from kernel.commands.command_bus import Commands, Reads
from kernel.crypto.keyring import ERASED, Keyring
from kernel.rpc.registration import Service
from office.catalogue.dossier_code import OFFICE_ZONE
from office.catalogue.responsible_unit import ResponsibleUnits
from office.people.access_scope import access_scope_of
from services.intake.application import external_codes
from services.intake.application.handlers import APPLICANT, DossierHandlers, PinSlip
from services.intake.application.pin_access import PinAccess
from services.intake.domain import fees
from services.intake.domain.import_rules import in_range
from services.intake.domain.refusals import unknown_dossier, unknown_procedure, violation
from services.intake.queries import code_audit, dossier, dossier_list, responses
from services.intake.views import access_index

Context = grpc.aio.ServicerContext[Any, Any]


class IntakeServicer(IntakeServiceServicer):
    """The desk's gRPC methods."""

    def __init__(
        self,
        handlers: DossierHandlers,
        commands: Commands,
        reads: Reads,
        pins: PinAccess,
        keyring: Keyring,
    ) -> None:
        self._handlers = handlers
        self._commands = commands
        self._reads = reads
        self._pins = pins
        self._keyring = keyring

    # -- commands ---------------------------------------------------------------------------------

    async def SubmitDossier(
        self, request: pb.SubmitDossierRequest, context: Context
    ) -> pb.SubmitDossierResponse:
        """Submit a dossier. The stored answer has no PIN, which is sealed in the event."""
        slip = PinSlip()
        act = partial(self._handlers.submit, slip=slip)
        response = await self._commands.run(
            request, context, act, responses.again(responses.submitted)
        )
        answer = pb.SubmitDossierResponse()
        answer.CopyFrom(response)
        answer.pin = slip.pin
        if not slip.pin and request.HasField(
            "applicant"
        ):  # asked for again: the first answer's PIN
            row = await self._row(response.dossier_code)
            answer.pin = self._pins.pin_of(response.dossier_code, row["applicant"])
        return answer

    async def AcceptDossier(
        self, request: pb.AcceptDossierRequest, context: Context
    ) -> pb.AcceptDossierResponse:
        """Accept a dossier."""
        again = responses.again(responses.accepted)
        return await self._commands.run(request, context, self._handlers.accept, again)

    async def RefuseDossier(
        self, request: pb.RefuseDossierRequest, context: Context
    ) -> pb.RefuseDossierResponse:
        """Refuse a dossier."""
        again = responses.again(responses.refused)
        return await self._commands.run(request, context, self._handlers.refuse, again)

    async def SubmitSupplement(
        self, request: pb.SubmitSupplementRequest, context: Context
    ) -> pb.SubmitSupplementResponse:
        """Hand in papers that were asked for."""
        await self._admit(request.dossier_code, request.pin)
        again = responses.again(responses.supplemented)
        return await self._commands.run(request, context, self._handlers.supplement, again)

    async def RequestWithdrawal(
        self, request: pb.RequestWithdrawalRequest, context: Context
    ) -> pb.RequestWithdrawalResponse:
        """Withdraw a dossier, or ask for it."""
        await self._admit(request.dossier_code, request.pin)
        again = responses.again(responses.withdrawn)
        return await self._commands.run(request, context, self._handlers.withdraw, again)

    async def ReturnResult(
        self, request: pb.ReturnResultRequest, context: Context
    ) -> pb.ReturnResultResponse:
        """Record that the result was handed over."""
        again = responses.again(responses.returned)
        return await self._commands.run(request, context, self._handlers.hand_over, again)

    async def RecordFee(
        self, request: pb.RecordFeeRequest, context: Context
    ) -> pb.RecordFeeResponse:
        """Record a payment or an exemption."""
        again = responses.again(responses.paid)
        return await self._commands.run(request, context, self._handlers.record_fee, again)

    async def CancelFee(
        self, request: pb.CancelFeeRequest, context: Context
    ) -> pb.CancelFeeResponse:
        """Take back a record of a payment."""
        again = responses.again(responses.unpaid)
        return await self._commands.run(request, context, self._handlers.cancel_fee, again)

    async def RecordExternalCode(
        self, request: pb.RecordExternalCodeRequest, context: Context
    ) -> pb.RecordExternalCodeResponse:
        """Record another system's number."""
        again = responses.again(responses.numbered)
        act = self._handlers.record_external_code
        return await self._commands.run(request, context, act, again)

    async def _resolved(self, code: str) -> str:
        """Return the dossier's own code for another system's number, if it is one dossier's."""
        try:
            return await self._reads.run(
                lambda c: code if dossier.dossier_row(c, code) else external_codes.resolve(c, code)
            )
        except Refused:
            return code

    async def _admit(self, code: str, pin: str) -> None:
        """Check the PIN of a citizen; officers and importers need none."""
        if caller().actor.kind == ActorKind.ACTOR_KIND_CITIZEN:
            await self._pins.check(code, pin)

    # -- reads ------------------------------------------------------------------------------------

    async def TrackDossier(
        self, request: pb.TrackDossierRequest, context: Context
    ) -> pb.TrackDossierResponse:
        """Show a dossier to whoever has its PIN."""
        code, language = await self._resolved(request.dossier_code), caller().language
        row = await self._pins.check(code, request.pin)
        events = await self._reads.run(lambda c: dossier.history_events(c, code))
        return responses.tracked(row, events, language)

    async def GetDossier(
        self, request: pb.GetDossierRequest, context: Context
    ) -> pb.GetDossierResponse:
        """Show a dossier; the applicant's data only to officers, and these take part in it."""
        who = caller()
        access_scope = access_scope_of(who, self._handlers.catalogue.units, self._today())

        def read(connection: Connection) -> pb.GetDossierResponse:
            code = request.dossier_code
            row = dossier.dossier_row(connection, code)
            if row is None:
                code = external_codes.resolve(connection, code)
                row = dossier.dossier_row(connection, code)
            if row is None or row["phase"] is None:
                raise unknown_dossier()
            if access_scope is not None:
                access_scope.require([row["unit"] or ""], access_index.readers(connection, code))
            officer = who.actor.kind == ActorKind.ACTOR_KIND_OFFICER
            applicant = self._applicant(code, row["applicant"]) if officer else None
            events = dossier.history_events(connection, code)
            records = dossier.fee_records(connection, code)
            numbers = external_codes.codes_of(connection, code)
            return responses.shown(row, events, applicant, records, numbers, who.language)

        return await self._reads.run(read)

    async def ListDossiers(
        self, request: pb.ListDossiersRequest, context: Context
    ) -> pb.ListDossiersResponse:
        """List dossiers; an officer sees those in which they take part.

        A unit's former code stands for its present one.
        """
        access_scope = access_scope_of(caller(), self._handlers.catalogue.units, self._today())
        known = self._handlers.catalogue.unit_of(request.unit) if request.unit else None
        unit = known.code if known else request.unit
        return await self._reads.run(lambda on: dossier_list.page(on, request, unit, access_scope))

    async def ExplainCodes(
        self, request: pb.ExplainCodesRequest, context: Context
    ) -> pb.ExplainCodesResponse:
        """List the codes of an agency and a day, with the reasons of gaps."""
        try:
            day = date.fromisoformat(request.day)
        except ValueError:
            raise Invalid([violation("day", "date.wrong")]) from None
        known = self._handlers.catalogue.unit_of(request.agency)
        unit = known.code if known else ""
        return await self._reads.run(
            lambda connection: code_audit.explain(connection, request.agency, unit, day)
        )

    async def ListProcedures(
        self, request: pb.ListProceduresRequest, context: Context
    ) -> pb.ListProceduresResponse:
        """List the procedures in force on a day."""
        try:
            day = date.fromisoformat(request.on) if request.on else self._today()
        except ValueError:
            raise Invalid([violation("on", "date.wrong")]) from None
        catalogue = self._handlers.catalogue
        known = catalogue.unit_of(request.unit) if request.unit else None
        takers = ResponsibleUnits(catalogue, day)
        found = takers.offered(known.code if known else request.unit, request.field)
        return pb.ListProceduresResponse(
            procedures=[responses.procedure(each, takers) for each in found]
        )

    async def GetProcedure(
        self, request: pb.GetProcedureRequest, context: Context
    ) -> pb.GetProcedureResponse:
        """Show one procedure, with the units that take it today."""
        catalogue, today = self._handlers.catalogue, self._today()
        if request.version:
            found = catalogue.version(request.code, request.version)
        else:
            versions = catalogue.procedures.get(request.code, ())
            latest = versions[-1] if versions else None
            found = catalogue.find(request.code, today) or latest
        if found is None:
            raise unknown_procedure()
        return pb.GetProcedureResponse(
            procedure=responses.procedure(found, ResponsibleUnits(catalogue, today))
        )

    def _today(self) -> date:
        return local_date(self._handlers.clock.now(), OFFICE_ZONE)

    async def _row(self, code: str) -> dossier.Row:
        row = await self._reads.run(lambda connection: dossier.dossier_row(connection, code))
        if row is None:
            raise unknown_dossier()
        return row

    def _applicant(self, code: str, sealed: bytes | None) -> pb.Applicant | None:
        """Open the applicant's data; of what was erased, return ``ERASED`` in every field."""
        if not sealed:
            return None
        person = PersonalData()
        if not self._keyring.open(code, APPLICANT, SealedData.FromString(sealed), person):
            names = [field.name for field in pb.Applicant.DESCRIPTOR.fields]
            return pb.Applicant(**dict.fromkeys(names, ERASED))
        return responses.applicant(person)


def check_list(request: pb.ListDossiersRequest, _actor: Actor) -> list[Any]:
    """Return the instants of a list's filters that no dossier can have."""
    fields = ("submitted_from", "submitted_to")
    return [violation(f, "instant.range") for f in fields if not in_range(request, f)]


def check_fee(request: pb.RecordFeeRequest, _actor: Actor) -> list[Any]:
    """Return what is wrong with a payment by itself."""
    return list(fees.violations(request))


def service(servicer: IntakeServicer, handlers: DossierHandlers) -> Service:
    """Offer the service, with the checks of its requests."""
    dated = ("RefuseDossier", "SubmitSupplement", "RequestWithdrawal", "ReturnResult")
    return Service(
        add_IntakeServiceServicer_to_server,
        servicer,
        "motcua.intake.v1.IntakeService",
        checks={
            "SubmitDossier": handlers.check_submission,
            "AcceptDossier": handlers.check_acceptance,
            "ListDossiers": check_list,
            "RecordFee": check_fee,
            **dict.fromkeys(dated, handlers.check_instants),
        },
    )
