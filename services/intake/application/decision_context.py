"""The decision context of the desk: what is offered, the next code, what is promised."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from motcua.events.v1.common_pb2 import Channel
from motcua.intake.v1 import intake_pb2 as pb

from kernel.base.errors import Refused
from kernel.base.instants import instant_in, local_date
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from office.catalogue.dossier_code import OFFICE_ZONE, DossierCode, day_of
from office.catalogue.files.release_repository import ReleaseRepository
from office.catalogue.model import Catalogue, Procedure
from office.catalogue.responsible_unit import ResponsibleUnits
from office.catalogue.unit_overlay import UnitOverlay
from office.normalization.codes import is_unit_code
from office.streams import DOSSIER
from office.worktime.calendars.model import Calendars
from office.worktime.warning_rule import WarningRule, warn_at
from office.worktime.working_time import due_at, phase_ends, same_day_due
from services.intake.domain.decider import IMPORTED, Terms
from services.intake.domain.desk_check import ANSWER_WITHIN, CHECK_WARNING, DeskCheck
from services.intake.domain.import_rules import is_importer
from services.intake.domain.refusals import dossier_exists, refusal
from services.intake.domain.state import State
from services.intake.domain.use_cases.submit import OfferedProcedure
from services.intake.tables import CODE_COUNTERS, DOSSIERS, KERNEL, SOURCE

_LAST_NUMBER: Final = 9_999_999
_KEEP: Final = "keep"


@dataclass(frozen=True)
class ContextLoader:
    """The procedures, calendars and units by which the desk decides."""

    procedures: Catalogue | ReleaseRepository
    calendars: Calendars
    units: UnitOverlay = field(default_factory=UnitOverlay)
    check_warning: WarningRule = CHECK_WARNING
    """When to warn that the desk's time to check an online dossier is nearly over."""

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue of procedures, with the units of the office, as it is now."""
        source = self.procedures
        return self.units.of(source if isinstance(source, Catalogue) else source.catalogue)

    def offer(self, procedure_code: str, unit: str, at: int) -> OfferedProcedure:
        """Return what is known of a procedure on the local day of ``at``, and if a unit takes it.

        Without a unit, of the one that answers for the procedure.
        """
        day, catalogue = local_date(at, OFFICE_ZONE), self.catalogue
        takers, found = ResponsibleUnits(catalogue, day), catalogue.find(procedure_code, day)
        unit = unit or (takers.unit_of(found) if found else "")
        return OfferedProcedure(
            catalogue.knows(procedure_code),
            found,
            found is None or takers.takes(found, unit),
            unit,
            takers.dissolved(unit),
            is_unit_code(unit) and catalogue.unit_of(unit) is None,
        )

    def next_code(
        self, uow: UnitOfWork, request: pb.SubmitDossierRequest, name: str, at: int
    ) -> str:
        """Return the code that another system gave, or the next one of the day of an agency.

        ``name`` is the agency's unit.
        """
        if request.foreign_code:
            if uow.sequence(request.foreign_code, SOURCE):
                raise dossier_exists()
            return request.foreign_code
        local = local_date(at, OFFICE_ZONE)
        unit = self.catalogue.units.get(name)
        agency, day = unit.agency_on(local) if unit else name, day_of(local)
        row = uow.lock(CODE_COUNTERS, {"agency": agency, "day": day, "number": 0})
        number = int(row["number"]) + 1
        if number > _LAST_NUMBER:
            raise Refused(refusal("TOO_MANY_DOSSIERS"))
        code = str(DossierCode(agency, day, number))
        uow.absent(KERNEL.streams, code, DOSSIER, SOURCE)
        uow.absent(DOSSIERS, code)
        return code

    def check_of(self, request: pb.SubmitDossierRequest, unit: str, call: Call) -> DeskCheck | None:
        """Return the desk's time to answer a submission; None where it has none."""
        if request.channel != Channel.CHANNEL_ONLINE or is_importer(call.actor):
            return None
        return self.check(unit, call.occurred_at)

    def check(self, unit: str, at: int) -> DeskCheck:
        """Return the time in which the desk of a unit is to answer what came in at ``at``."""
        calendar = self.calendars.calendar_for(unit, at)
        due = due_at(calendar, at, ANSWER_WITHIN)
        assert due is not None, "there is a limit"
        return DeskCheck(due, warn_at(calendar, self.check_warning, at, due))

    def _version(self, state: State) -> Procedure | None:
        """Return the version that a dossier keeps; None for one of another system without any."""
        code, number = state.procedure_code, state.procedure_version
        found = self.catalogue.version(code, number)
        if found is None and number and isinstance(self.procedures, ReleaseRepository):
            # Another replica may have seen a release that this one has not read yet.
            found = self.procedures.fresh().version(code, number)
        if found is None and number:
            raise Refused(refusal("CATALOGUE_BEHIND"))
        return found

    def terms(self, state: State, unit: str, request: pb.AcceptDossierRequest, call: Call) -> Terms:
        """Return what is promised: by the procedure's version, or as another system did."""
        if is_importer(call.actor):
            due = instant_in(request, "due_at")
            return Terms("none", due, IMPORTED, IMPORTED, _KEEP)
        calendar = self.calendars.calendar_for(unit, call.occurred_at)
        procedure = self._version(state)
        if procedure is None:  # imported without a procedure of ours, and not accepted there
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
