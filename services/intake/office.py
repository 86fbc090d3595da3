"""The desk at work: gathers the facts, asks the decider, and writes what it decided.

Each command runs in the writer, in the transaction of its events; it may run more than once, with
one effect. Answers are made from the events alone, so that a repeated request gets the same one
even after a rebuild.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Channel, ResultChannel
from motcua.events.v1.envelope_pb2 import Actor, DossierEvent
from motcua.intake.v1 import intake_pb2 as pb

from services.intake import answers, decider, external, submitting, watches
from services.intake.catalogue import Catalogue, Procedure
from services.intake.codes import OFFICE_ZONE, Code, day_of
from services.intake.decider import IMPORTED, Decision, Terms
from services.intake.importing import as_it_happened, instants, is_importer
from services.intake.procedures.shelf import Shelf
from services.intake.queries import progress_of
from services.intake.state import Phase, Progress, State
from services.intake.submitting import Intake, Offer
from services.intake.tables import CODE_COUNTERS, DOSSIERS, KERNEL, RECEIPTS
from services.intake.texts import refusal, unknown_dossier
from services.kernel.calendars.model import Calendars
from services.kernel.call import Call
from services.kernel.clock import Clock
from services.kernel.durations import Duration
from services.kernel.errors import AlreadyExists, Invalid, Refusal, Refused, Violation
from services.kernel.instants import local_date, to_us
from services.kernel.model import About
from services.kernel.rpc.permissions import own_unit
from services.kernel.unit import UnitOfWork
from services.kernel.working_time import due_at, phase_ends, same_day_due
from services.people.directory import answers_for

SOURCE: Final = "intake"
APPLICANT: Final = "applicant"
"""The field under which the applicant's data is sealed."""
ANSWER_WITHIN: Final = Duration.parse("8wh")
"""How long the desk may take to accept or answer what comes in online."""
_LAST_NUMBER: Final = 9_999_999
_KEEP: Final = "keep"


@dataclass
class Slip:
    """Carries the PIN of a new dossier to its citizen, past everything that is stored."""

    pin: str = ""


@dataclass(frozen=True)
class Office:
    """The desk with what it works by."""

    procedures: Catalogue | Shelf
    calendars: Calendars
    clock: Clock

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue of procedures as it is now."""
        source = self.procedures
        return source if isinstance(source, Catalogue) else source.catalogue

    # -- checks at the door -----------------------------------------------------------------------

    def check_submission(
        self, request: pb.SubmitDossierRequest, actor: Actor
    ) -> Iterable[Violation]:
        """Name every field of a submission that is wrong."""
        now = self.clock.now()
        wrong = list(instants(request, actor, now, "occurred_at"))
        at = now if wrong or not request.HasField("occurred_at") else to_us(request.occurred_at)
        offer = self._offer(request.procedure_code, request.unit, at)
        return [*wrong, *submitting.violations(request, offer, actor.kind)]

    def check_instants(self, request: pb.RefuseDossierRequest, actor: Actor) -> Iterable[Violation]:
        """Name the instants of a command that are wrong."""
        return instants(request, actor, self.clock.now(), "occurred_at")

    def check_acceptance(
        self, request: pb.AcceptDossierRequest, actor: Actor
    ) -> Iterable[Violation]:
        """Name the instants of an acceptance that are wrong."""
        now = self.clock.now()
        return instants(request, actor, now, "occurred_at", "due_at", future="due_at")

    # -- commands ---------------------------------------------------------------------------------

    def submit(
        self, uow: UnitOfWork, request: pb.SubmitDossierRequest, call: Call, slip: Slip
    ) -> pb.SubmitDossierResponse:
        """Take a dossier; the PIN goes on the slip and nowhere else."""
        call = as_it_happened(request, call)
        offer = self._offer(request.procedure_code, request.unit, call.occurred_at)
        wrong = submitting.violations(request, offer, call.actor.kind)
        if wrong:
            raise Invalid(wrong)
        code = self._code(uow, request, offer.procedure, call.occurred_at)
        slip.pin = ""
        sealed = None
        if request.HasField("applicant"):
            slip.pin = f"{secrets.randbelow(10_000):04d}"
            sealed = uow.new_key(code).seal(
                APPLICANT, submitting.personal(request.applicant, slip.pin)
            )
        unit = request.unit or (offer.procedure.unit if offer.procedure else "")
        answer_due = self._answer_due(request, unit, call)
        facts = Intake(offer.procedure, sealed, answer_due, self.catalogue.units.get(unit))
        events: list[Message] = [*submitting.submit(request, facts)]
        if request.external_code:
            events += external.record(uow, request.imported_from, request.external_code)
        return answers.submitted(uow.append_call(code, events, call))

    def accept(
        self, uow: UnitOfWork, request: pb.AcceptDossierRequest, call: Call
    ) -> pb.AcceptDossierResponse:
        """Accept a dossier; the answer is the receipt."""
        call = as_it_happened(request, call)
        state = self._state(uow, request.dossier_code, call)
        row = uow.get(DOSSIERS, request.dossier_code) or {}
        terms = self._terms(state, row.get("unit") or "", request, call)
        watches.say(uow, request.dossier_code, state, call.occurred_at, call.now)
        return answers.accepted(
            _write(uow, request.dossier_code, decider.accept(state, terms), call)
        )

    def refuse(
        self, uow: UnitOfWork, request: pb.RefuseDossierRequest, call: Call
    ) -> pb.RefuseDossierResponse:
        """Refuse a dossier."""
        call = as_it_happened(request, call)
        state = self._state(uow, request.dossier_code, call)
        watches.say(uow, request.dossier_code, state, call.occurred_at, call.now)
        return answers.refused(
            _write(uow, request.dossier_code, decider.refuse(state, request), call)
        )

    def supplement(
        self, uow: UnitOfWork, request: pb.SubmitSupplementRequest, call: Call
    ) -> pb.SubmitSupplementResponse:
        """Take papers that were asked for."""
        call = as_it_happened(request, call)
        state = self._state(uow, request.dossier_code, call)
        decision = decider.supplement(state, request, _progress(uow, request.dossier_code))
        return answers.supplemented(_write(uow, request.dossier_code, decision, call))

    def withdraw(
        self, uow: UnitOfWork, request: pb.RequestWithdrawalRequest, call: Call
    ) -> pb.RequestWithdrawalResponse:
        """Let a dossier go, or ask the departments to."""
        call = as_it_happened(request, call)
        state = self._state(uow, request.dossier_code, call)
        decision = decider.withdraw(state, request, _progress(uow, request.dossier_code))
        return answers.withdrawn(_write(uow, request.dossier_code, decision, call))

    def hand_over(
        self, uow: UnitOfWork, request: pb.ReturnResultRequest, call: Call
    ) -> pb.ReturnResultResponse:
        """Hand the result over at the counter."""
        call = as_it_happened(request, call)
        state = self._state(uow, request.dossier_code, call)
        decision = decider.hand_over(state, _progress(uow, request.dossier_code))
        return answers.returned(_write(uow, request.dossier_code, decision, call))

    def record_fee(
        self, uow: UnitOfWork, request: pb.RecordFeeRequest, call: Call
    ) -> pb.RecordFeeResponse:
        """Record a payment, or that the applicant is exempt."""
        code = request.dossier_code
        state = self._state(uow, code, call)
        unit = (uow.get(DOSSIERS, code) or {}).get("unit") or ""
        answer_due = None
        if state.channel == Channel.CHANNEL_ONLINE and state.phase is Phase.SUBMITTED:
            calendar = self.calendars.of(unit, call.occurred_at)
            answer_due = due_at(calendar, call.occurred_at, ANSWER_WITHIN)
        for receipt in filter(None, (request.phi_receipt, request.le_phi_receipt)):
            if uow.get(RECEIPTS, unit, receipt) is not None:
                raise Refused(refusal("RECEIPT_USED"))
        decision = decider.record_fee(state, request, _progress(uow, code), answer_due)
        return answers.paid(_write(uow, code, decision, call))

    def cancel_fee(
        self, uow: UnitOfWork, request: pb.CancelFeeRequest, call: Call
    ) -> pb.CancelFeeResponse:
        """Take back a record that was a mistake."""
        state = self._state(uow, request.dossier_code, call)
        decision = decider.cancel_fee(state, request.sequence, request.reason)
        return answers.unpaid(_write(uow, request.dossier_code, decision, call))

    def record_external_code(
        self, uow: UnitOfWork, request: pb.RecordExternalCodeRequest, call: Call
    ) -> pb.RecordExternalCodeResponse:
        """Note another system's number for a dossier."""
        self._state(uow, request.dossier_code, call)
        noted = external.record(uow, request.system, request.code)
        return answers.numbered(uow.append_call(request.dossier_code, noted, call))

    # -- dossiers of other agencies ---------------------------------------------------------------

    def open_child(self, uow: UnitOfWork, cause: DossierEvent) -> Sequence[About]:
        """Open and accept the dossier that another agency is to work on for the cause's.

        It has a code and a clock of its own, no applicant (the parent's is the one), owes nothing,
        and its result goes back within the administration. Raises ``LookupError`` for an unknown
        procedure.
        """
        asked, now = cause.child_requested, self.clock.now()
        offer = self._offer(asked.procedure_code, "", now)
        if offer.procedure is None:
            raise LookupError(f"procedure {asked.procedure_code} is not offered")
        request = pb.SubmitDossierRequest(
            procedure_code=asked.procedure_code,
            channel=Channel.CHANNEL_INTERNAL,
            result_channel=ResultChannel.RESULT_CHANNEL_ONLINE,
        )
        unit = offer.procedure.unit
        code = self._code(uow, request, offer.procedure, now)
        facts = Intake(offer.procedure, None, None, self.catalogue.units.get(unit))
        (submitted,) = submitting.submit(request, facts)
        submitted.parent_code = cause.dossier_code
        submitted.parent_number = asked.number
        submitted.ClearField("fees")  # between agencies nothing is paid
        state = State(
            phase=Phase.SUBMITTED,
            procedure_code=asked.procedure_code,
            procedure_version=offer.procedure.version,
            channel=request.channel,
            result_channel=request.result_channel,
        )
        desk = Call(uow.system_actor(), "vi", "", now, now, "", "")
        terms = self._terms(state, unit, pb.AcceptDossierRequest(dossier_code=code), desk)
        accepted = decider.accept(state, terms)
        assert not isinstance(accepted, Refusal), "a new dossier is accepted"
        return [About(code, payload, now) for payload in (submitted, *accepted)]

    def _state(self, uow: UnitOfWork, code: str, call: Call) -> State:
        """Give the desk's state of a dossier that this caller may act on."""
        state: State = uow.state(code)
        if state.phase is Phase.ABSENT:
            raise unknown_dossier()
        if is_importer(call.actor) and not state.imported_from:
            raise Refused(refusal("NOT_IMPORTED"))
        units, day = self.catalogue.units, local_date(call.now, OFFICE_ZONE)
        own_unit(
            call.rule,
            call.actor,
            (uow.get(DOSSIERS, code) or {}).get("unit") or "",
            lambda unit, own: answers_for(unit, own, units, day),
        )
        return state

    # -- facts ------------------------------------------------------------------------------------

    def _offer(self, procedure_code: str, unit: str, at: int) -> Offer:
        day = local_date(at, OFFICE_ZONE)
        catalogue = self.catalogue
        found = catalogue.find(procedure_code, day)
        takes = not unit or found is None or catalogue.takes(found, unit)
        return Offer(catalogue.knows(procedure_code), found, takes)

    def _code(
        self,
        uow: UnitOfWork,
        request: pb.SubmitDossierRequest,
        procedure: Procedure | None,
        at: int,
    ) -> str:
        """Keep the code that another system gave, or give the next one of the agency's day."""
        if request.foreign_code:
            if uow.sequence(request.foreign_code, SOURCE):
                raise _taken()
            return request.foreign_code
        local = local_date(at, OFFICE_ZONE)
        name = request.unit or (procedure.unit if procedure else "")
        unit = self.catalogue.units.get(name)
        agency, day = unit.agency_on(local) if unit else name, day_of(local)
        row = uow.lock(CODE_COUNTERS, {"agency": agency, "day": day, "number": 0})
        number = int(row["number"]) + 1
        if number > _LAST_NUMBER:
            raise Refused(refusal("TOO_MANY_DOSSIERS"))
        code = str(Code(agency, day, number))
        uow.absent(KERNEL.streams, code, SOURCE)
        uow.absent(DOSSIERS, code)
        return code

    def _answer_due(self, request: pb.SubmitDossierRequest, unit: str, call: Call) -> int | None:
        if request.channel != Channel.CHANNEL_ONLINE or is_importer(call.actor):
            return None
        calendar = self.calendars.of(unit, call.occurred_at)
        return due_at(calendar, call.occurred_at, ANSWER_WITHIN)

    def _version(self, state: State) -> Procedure | None:
        """Give the version that a dossier keeps; None for one of another system without any."""
        code, number = state.procedure_code, state.procedure_version
        found = self.catalogue.version(code, number)
        if found is None and number and isinstance(self.procedures, Shelf):
            # Another replica may have seen an edition that this one has not looked at yet.
            found = self.procedures.fresh().version(code, number)
        if found is None and number:
            raise Refused(refusal("CATALOGUE_BEHIND"))
        return found

    def _terms(
        self, state: State, unit: str, request: pb.AcceptDossierRequest, call: Call
    ) -> Terms:
        """Give what is promised: by the procedure's version, or as another system did."""
        if is_importer(call.actor):
            due = to_us(request.due_at) if request.HasField("due_at") else None
            return Terms("none", due, IMPORTED, IMPORTED, _KEEP)
        calendar = self.calendars.of(unit, call.occurred_at)
        procedure = self._version(state)
        if procedure is None:  # brought in without a procedure of ours, and not accepted there
            return Terms("none", None, calendar.version, IMPORTED, _KEEP)
        limit = procedure.limit(state.channel)
        ends = phase_ends(calendar, call.occurred_at, limit)
        due = ends[-1] if ends else None
        if procedure.same_day:
            due = same_day_due(calendar, call.occurred_at)
        phases = zip(map(str, limit.phases), ends, strict=True) if len(ends) > 1 else ()
        return Terms(
            str(limit),
            due,
            calendar.version,
            procedure.process,
            procedure.resume_policy,
            procedure.same_day,
            procedure.result_kind,
            tuple(phases),
            procedure.supplement_rounds,
            "" if procedure.supplement_period is None else str(procedure.supplement_period),
        )


def _progress(uow: UnitOfWork, code: str) -> Progress:
    return progress_of(uow.get(DOSSIERS, code))


def _write(uow: UnitOfWork, code: str, decision: Decision, call: Call) -> list[DossierEvent]:
    if isinstance(decision, Refusal):
        raise Refused(decision)
    return uow.append_call(code, decision, call)


def _taken() -> AlreadyExists:
    return AlreadyExists(
        "Mã hồ sơ này đã có trong hệ thống.", "There is a dossier with this code already."
    )
