"""What the handlers of intake's commands do: collect the context, decide, and append.

Each command runs in the writer, in the transaction of its events; it may run more than once, with
one effect. ``command_table`` says which RPC runs it, and how it is answered from the events.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, Channel
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1 import intake_pb2 as pb

from kernel.base.clock import Clock
from kernel.base.errors import Invalid, Refusal, Refused, Violation
from kernel.base.instants import local_date, to_us
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.messages.catalogue import BilingualText, FixedText
from office.catalogue.dossier_code import OFFICE_ZONE
from office.catalogue.model import Catalogue
from office.forms.choice import FormKind
from office.normalization.codes import PIN_DIGITS
from office.people.directory import answers_for, works
from office.people.rights import not_your_unit, require_own_unit
from office.sealed_text import WITHDRAWAL_REASON, seal_text
from services.intake.application import external_codes
from services.intake.application.decision_context import ContextLoader
from services.intake.application.files.uploads import Uploads
from services.intake.domain import decider, fees
from services.intake.domain.decider import Decision
from services.intake.domain.import_rules import as_of_occurrence, instants, is_importer
from services.intake.domain.parts_check import missing_parts, unexpected_parts
from services.intake.domain.refusals import refusal, unknown_dossier
from services.intake.domain.state import Phase, Progress, State
from services.intake.domain.use_cases import print_form as printing
from services.intake.domain.use_cases import submit as submitting
from services.intake.domain.use_cases.print_form import About
from services.intake.domain.use_cases.submit import SubmissionContext
from services.intake.queries.dossier import progress_of
from services.intake.schedulers import desk_checks
from services.intake.tables import DOSSIERS, RECEIPTS

APPLICANT: Final = "applicant"
"""The field under which the applicant's data is sealed."""


@dataclass
class PinSlip:
    """Carries the PIN of a new dossier to its citizen, past everything that is stored."""

    pin: str = ""


@dataclass(frozen=True)
class DossierHandlers:
    """The handlers of the desk's commands: load, decide, append."""

    context: ContextLoader
    clock: Clock
    uploads: Uploads = field(default_factory=Uploads)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue of procedures as it is now."""
        return self.context.catalogue

    # -- checks of requests, before a command runs -----------------------------------------------

    def check_submission(
        self, request: pb.SubmitDossierRequest, actor: Actor
    ) -> Iterable[Violation]:
        """Return every field of a submission that is wrong."""
        now = self.clock.now()
        wrong = list(instants(request, actor, now, "occurred_at"))
        at = now if wrong or not request.HasField("occurred_at") else to_us(request.occurred_at)
        offer = self.context.offer(request.procedure_code, request.unit, at)
        return [*wrong, *submitting.violations(request, offer, actor.kind)]

    def check_instants(self, request: Message, actor: Actor) -> Iterable[Violation]:
        """Return the instants of a command that are wrong, of those that it may have."""
        there = request.DESCRIPTOR.fields_by_name
        fields = [name for name in ("occurred_at", "due_at") if name in there]
        return instants(request, actor, self.clock.now(), *fields, future="due_at")

    def check_fee(self, request: pb.RecordFeeRequest, _actor: Actor) -> Iterable[Violation]:
        """Return what is wrong with a payment by itself."""
        return fees.violations(request)

    # -- commands ---------------------------------------------------------------------------------

    def submit(
        self, uow: UnitOfWork, request: pb.SubmitDossierRequest, call: Call, slip: PinSlip
    ) -> list[Event]:
        """Take a dossier; the PIN goes on the slip and nowhere else."""
        call = as_of_occurrence(request, call)
        self._require_working_unit(call)
        offer = self.context.offer(request.procedure_code, request.unit, call.occurred_at)
        wrong = submitting.violations(request, offer, call.actor.kind)
        if wrong:
            raise Invalid(wrong)
        code = self.context.next_code(uow, request, offer.unit, call.occurred_at)
        slip.pin = ""
        sealed = None
        if request.HasField("applicant"):
            slip.pin = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"
            sealed = uow.new_key(code).seal(
                APPLICANT, submitting.personal(request.applicant, slip.pin)
            )
        check = self.context.check_of(request, offer.unit, call)
        intake = SubmissionContext(
            offer.procedure, sealed, check, self.catalogue.units.get(offer.unit)
        )
        events: list[Message] = [*submitting.submit(request, intake)]
        if request.external_code:
            events += external_codes.record(uow, request.imported_from, request.external_code)
        events += self.uploads.claim(uow, code, request.parts, call.actor)
        return uow.append_call(code, events, call)

    def accept(self, uow: UnitOfWork, request: pb.AcceptDossierRequest, call: Call) -> list[Event]:
        """Accept a dossier."""
        call = as_of_occurrence(request, call)
        state = self._state(uow, request.dossier_code, call)
        row = uow.get(DOSSIERS, request.dossier_code) or {}
        terms = self.context.terms(state, row.get("unit") or "", request, call)
        desk_checks.record_missed(uow, request.dossier_code, state, call.occurred_at, call.now)
        return _write(uow, request.dossier_code, decider.accept(state, terms), call)

    def refuse(self, uow: UnitOfWork, request: pb.RefuseDossierRequest, call: Call) -> list[Event]:
        """Refuse a dossier."""
        call = as_of_occurrence(request, call)
        state = self._state(uow, request.dossier_code, call)
        desk_checks.record_missed(uow, request.dossier_code, state, call.occurred_at, call.now)
        return _write(uow, request.dossier_code, decider.refuse(state, request), call)

    def supplement(
        self, uow: UnitOfWork, request: pb.SubmitSupplementRequest, call: Call
    ) -> list[Event]:
        """Take papers that were asked for."""
        call = as_of_occurrence(request, call)
        state = self._state(uow, request.dossier_code, call)
        progress = _progress(uow, request.dossier_code)
        decision = decider.supplement(state, request, progress)
        # What another system was handed is taken as it was; it may not say what it asked for.
        if not isinstance(decision, Refusal) and not is_importer(call.actor):
            wrong = list(unexpected_parts(request.parts, progress.asked, "part.not_asked"))
            if wrong:
                raise Invalid(wrong)
            names = self._part_names(state)
            decision = missing_parts(request.parts, progress.asked, names) or decision
        if not isinstance(decision, Refusal):
            claimed = self.uploads.claim(uow, request.dossier_code, request.parts, call.actor)
            decision = [*decision, *claimed]
        return _write(uow, request.dossier_code, decision, call)

    def withdraw(
        self, uow: UnitOfWork, request: pb.RequestWithdrawalRequest, call: Call
    ) -> list[Event]:
        """Let a dossier go, or ask the departments to."""
        call = as_of_occurrence(request, call)
        code = request.dossier_code
        state = self._state(uow, code, call)
        reason = None
        if request.reason:
            reason = seal_text(uow.new_key(code), WITHDRAWAL_REASON, request.reason)
        decision = decider.withdraw(state, reason, _progress(uow, code))
        return _write(uow, code, decision, call)

    def hand_over(
        self, uow: UnitOfWork, request: pb.ReturnResultRequest, call: Call
    ) -> list[Event]:
        """Hand the result over at the counter."""
        call = as_of_occurrence(request, call)
        state = self._state(uow, request.dossier_code, call)
        decision = decider.hand_over(state, _progress(uow, request.dossier_code))
        return _write(uow, request.dossier_code, decision, call)

    def record_fee(self, uow: UnitOfWork, request: pb.RecordFeeRequest, call: Call) -> list[Event]:
        """Record a payment, or that the applicant is exempt."""
        code = request.dossier_code
        state = self._state(uow, code, call)
        unit = (uow.get(DOSSIERS, code) or {}).get("unit") or ""
        check = None
        if state.channel == Channel.CHANNEL_ONLINE and state.phase is Phase.SUBMITTED:
            check = self.context.check(unit, call.occurred_at)
        for receipt in filter(None, (request.phi_receipt, request.le_phi_receipt)):
            if uow.get(RECEIPTS, unit, receipt) is not None:
                raise Refused(refusal("RECEIPT_USED"))
        decision = decider.record_fee(state, request, _progress(uow, code), check)
        return _write(uow, code, decision, call)

    def cancel_fee(self, uow: UnitOfWork, request: pb.CancelFeeRequest, call: Call) -> list[Event]:
        """Take back a record that was a mistake."""
        state = self._state(uow, request.dossier_code, call)
        decision = decider.cancel_fee(state, request.sequence, request.reason)
        return _write(uow, request.dossier_code, decision, call)

    def record_external_code(
        self, uow: UnitOfWork, request: pb.RecordExternalCodeRequest, call: Call
    ) -> list[Event]:
        """Note another system's number for a dossier."""
        self._state(uow, request.dossier_code, call)
        noted = external_codes.record(uow, request.system, request.code)
        return uow.append_call(request.dossier_code, noted, call)

    def print_form(
        self, uow: UnitOfWork, request: pb.GetFormRequest, call: Call, about: About | None
    ) -> list[Event]:
        """Record a print; whether the caller may see the dossier was asked before."""
        code = request.dossier_code
        row = uow.get(DOSSIERS, code) or {}
        received_at = row.get("accepted_at") or row.get("submitted_at") or 0
        day = local_date(received_at, row.get("time_zone") or OFFICE_ZONE)
        decision = printing.print_form(uow.state(code), FormKind(request.form), about, day)
        return _write(uow, code, decision, call)

    def _require_working_unit(self, call: Call) -> None:
        """Raise ``Forbidden`` for an officer whose unit is dissolved."""
        day = local_date(call.now, OFFICE_ZONE)
        if call.actor.unit and not works(call.actor.unit, self.catalogue.units, day):
            raise not_your_unit()

    def _state(self, uow: UnitOfWork, code: str, call: Call) -> State:
        """Return the desk's state of a dossier that this caller may act on."""
        state: State = uow.state(code)
        if state.phase is Phase.ABSENT:
            raise unknown_dossier()
        if is_importer(call.actor) and not state.imported_from:
            raise Refused(refusal("NOT_IMPORTED"))
        units, day = self.catalogue.units, local_date(call.now, OFFICE_ZONE)
        require_own_unit(
            call.rule,
            call.actor,
            (uow.get(DOSSIERS, code) or {}).get("unit") or "",
            lambda unit, own: answers_for(unit, own, units, day),
        )
        return state

    def _part_names(self, state: State) -> dict[str, BilingualText]:
        """Return the names of the parts of a dossier's procedure by code."""
        version = self.catalogue.version(state.procedure_code, state.procedure_version)
        parts = version.parts if version else ()
        return {part.code: FixedText(part.name_vi, part.name_en) for part in parts}


def _progress(uow: UnitOfWork, code: str) -> Progress:
    return progress_of(uow.get(DOSSIERS, code))


def _write(uow: UnitOfWork, code: str, decision: Decision, call: Call) -> list[Event]:
    if isinstance(decision, Refusal):
        raise Refused(decision)
    return uow.append_call(code, decision, call)
