"""IntakeService over gRPC: translates queries; the methods of commands come from their table."""

# ruff: noqa: N802 - gRPC names the methods

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any, Final

import grpc
from google.protobuf.descriptor import ServiceDescriptor
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
from kernel.commands.command_methods import add_command_methods
from kernel.commands.handler import CommandHandler, FunctionHandler, from_events
from kernel.crypto.keyring import ERASED, Keyring
from kernel.rpc.peer import address_of
from kernel.rpc.registration import Service
from office.catalogue.dossier_code import OFFICE_ZONE
from office.catalogue.responsible_unit import ResponsibleUnits
from office.forms.choice import FormKind
from office.normalization.formats import normalizer_of
from office.people.access_scope import AccessScope, access_scope_of
from office.sealed_text import AnswerOpener
from services.intake.application import external_codes
from services.intake.application.command_table import DESK_COMMANDS, checks_of, handlers_of
from services.intake.application.form_printer import FormPrinter
from services.intake.application.handlers import APPLICANT, DossierHandlers, PinSlip
from services.intake.application.pin_access import PinAccess
from services.intake.domain.import_rules import in_range
from services.intake.domain.refusals import unknown_dossier, unknown_procedure, violation
from services.intake.domain.use_cases.print_form import About
from services.intake.queries import code_audit, dossier, dossier_list, form_contents, responses
from services.intake.queries.shown_procedures import ShownProcedures
from services.intake.views import access_index

Context = grpc.aio.ServicerContext[Any, Any]
SERVICE: Final[ServiceDescriptor] = pb.DESCRIPTOR.services_by_name["IntakeService"]


class IntakeServicer(IntakeServiceServicer):
    """The desk's gRPC methods."""

    def __init__(
        self,
        handlers: DossierHandlers,
        commands: Commands,
        reads: Reads,
        pins: PinAccess,
        keyring: Keyring,
        forms: FormPrinter,
    ) -> None:
        self._handlers = handlers
        self._commands = commands
        self._reads = reads
        self._pins = pins
        self._shown_procedures = ShownProcedures()
        self.keyring = keyring
        self._forms = forms

    # -- commands ---------------------------------------------------------------------------------

    async def SubmitDossier(
        self, request: pb.SubmitDossierRequest, context: Context
    ) -> pb.SubmitDossierResponse:
        """Hand in a dossier. The stored answer has no PIN, which lies sealed in the event."""
        slip = PinSlip()
        handler = FunctionHandler(
            partial(self._handlers.submit, slip=slip), from_events(responses.submitted)
        )
        response = await self._commands.run(request, context, handler)
        answer = pb.SubmitDossierResponse()
        answer.CopyFrom(response)
        answer.pin = slip.pin
        if not slip.pin and request.HasField("applicant"):
            # It is repeated, and gets the PIN of the first answer.
            row = await self._row(response.dossier_code)
            answer.pin = self._pins.pin_of(response.dossier_code, row["applicant"])
        if answer.pin:
            answer.receipt_qr = f"D-{answer.pin}-{answer.dossier_code}"
        return answer

    async def run_command(
        self, request: Any, context: Context, handler: CommandHandler[Any, Any]
    ) -> Any:
        """Run a command of the table; a citizen shows the dossier's PIN where the row says so."""
        citizen = caller().actor.kind == ActorKind.ACTOR_KIND_CITIZEN
        if citizen and DESK_COMMANDS[type(request)].needs_pin:
            await self._check_pin(request.dossier_code, request.pin, context)
        return await self._commands.run(request, context, handler)

    # -- queries ----------------------------------------------------------------------------------

    async def _check_pin(self, code: str, pin: str, context: Context) -> dossier.Row:
        return await self._pins.check(code, pin, caller().actor, address_of(context))

    async def _resolved(self, code: str) -> str:
        """Return the dossier's own code for another system's number, if it is one dossier's."""
        try:
            return await self._reads.run(
                lambda c: code if dossier.dossier_row(c, code) else external_codes.resolve(c, code)
            )
        except Refused:
            return code

    async def TrackDossier(
        self, request: pb.TrackDossierRequest, context: Context
    ) -> pb.TrackDossierResponse:
        """Show a dossier to whoever has its PIN."""
        code, language = await self._resolved(request.dossier_code), caller().language
        row = await self._check_pin(code, request.pin, context)
        events = await self._reads.run(lambda c: dossier.history_events(c, code))
        return responses.tracked(row, events, language)

    async def GetDossier(
        self, request: pb.GetDossierRequest, context: Context
    ) -> pb.GetDossierResponse:
        """Show a dossier; the applicant's data only to officers, and these take part in it."""
        who = caller()
        scope = access_scope_of(who, self._handlers.catalogue.units, self._today())

        def read(connection: Connection) -> pb.GetDossierResponse:
            row = row_in_scope(connection, request.dossier_code, scope)
            code = row["dossier_code"]
            officer = who.actor.kind == ActorKind.ACTOR_KIND_OFFICER
            applicant = self._applicant(code, row["applicant"]) if officer else None
            events = dossier.history_events(connection, code)
            records = dossier.fee_records(connection, code)
            numbers = external_codes.codes_of(connection, code)
            return responses.shown(row, events, applicant, records, numbers, who.language)

        return await self._reads.run(read)

    async def GetForm(self, request: pb.GetFormRequest, context: Context) -> pb.GetFormResponse:
        """Print a form. The stored answer has no page, which is made anew from the record."""
        who = caller()
        catalogue = self._handlers.catalogue
        scope = access_scope_of(who, catalogue.units, self._today())
        if who.actor.kind == ActorKind.ACTOR_KIND_CITIZEN:
            await self._check_pin(request.dossier_code, request.pin, context)

        def ground(connection: Connection) -> About | None:
            code = row_in_scope(connection, request.dossier_code, scope)["dossier_code"]
            events = dossier.history_events(connection, code)
            return form_contents.latest_of(FormKind(request.form), events)

        about = await self._reads.run(ground)
        handler = FunctionHandler(
            partial(self._handlers.print_form, about=about), from_events(responses.printed)
        )
        answer = pb.GetFormResponse()
        answer.CopyFrom(await self._commands.run(request, context, handler))

        def page(connection: Connection) -> bytes:
            row = row_in_scope(connection, answer.dossier_code, None)
            code = row["dossier_code"]
            applicant = self._applicant(code, row["applicant"])
            events = dossier.history_events(connection, code)
            return self._forms.pdf(answer, row, events, applicant, catalogue)

        answer.pdf = await self._reads.run(page)
        return answer

    async def ListDossiers(
        self, request: pb.ListDossiersRequest, context: Context
    ) -> pb.ListDossiersResponse:
        """List dossiers; an officer sees those in which they take part.

        A unit's former code stands for its present one.
        """
        scope = access_scope_of(caller(), self._handlers.catalogue.units, self._today())
        known = self._handlers.catalogue.unit_of(request.unit) if request.unit else None
        unit = known.code if known else request.unit
        return await self._reads.run(lambda on: dossier_list.page(on, request, unit, scope))

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
        return self._shown_procedures.show(found, takers)

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
        if not self.keyring.open(code, APPLICANT, SealedData.FromString(sealed), person):
            names = [field.name for field in pb.Applicant.DESCRIPTOR.fields]
            return pb.Applicant(**dict.fromkeys(names, ERASED))
        return responses.applicant(person)


def row_in_scope(connection: Connection, code: str, scope: AccessScope | None) -> dossier.Row:
    """Return a dossier by its own code or another system's number.

    Raise ``NotFound`` without one, ``Forbidden`` where ``scope`` does not cover it.
    """
    row = dossier.dossier_row(connection, code)
    if row is None:
        code = external_codes.resolve(connection, code)
        row = dossier.dossier_row(connection, code)
    if row is None or row["phase"] is None:
        raise unknown_dossier()
    if scope is not None:
        scope.require([row["unit"] or ""], access_index.readers(connection, code))
    return row


def check_list(request: pb.ListDossiersRequest, _actor: Actor) -> list[Any]:
    """Return the instants of a list's filters that no dossier can have."""
    fields = ("submitted_from", "submitted_to")
    return [violation(f, "instant.range") for f in fields if not in_range(request, f)]


def service(servicer: IntakeServicer, handlers: DossierHandlers) -> Service:
    """Offer the service: a servicer's methods, the commands of the table, and requests' checks."""
    add_command_methods(servicer, SERVICE, handlers_of(handlers), servicer.run_command)
    return Service(
        add_IntakeServiceServicer_to_server,
        servicer,
        SERVICE.full_name,
        checks={
            "SubmitDossier": handlers.check_submission,
            "ListDossiers": check_list,
            **checks_of(SERVICE, handlers),
        },
        normalizer_of=normalizer_of,
        open_answer=AnswerOpener(servicer.keyring),
    )
