"""The routing service: the departments' steps, the clock of a case, its deadlines."""

from __future__ import annotations

from pathlib import Path

from kernel.config.settings import Settings
from kernel.eventsourcing.service_model import Model
from kernel.runtime.definition import Parts, Runtime, ServiceDefinition
from kernel.runtime.periodic_tasks import PeriodicTask
from office.catalogue.known_units import known_units
from office.people.repository import configured_directory
from office.permissions import shipped
from office.process.repository import standard_processes
from office.streams import DOSSIER
from office.worktime.calendars import publishing
from office.worktime.calendars.repository import office_calendars
from services.routing import rpc, tables
from services.routing.application.decision_context import CaseContextLoader
from services.routing.application.handlers import handlers_of
from services.routing.application.reactions import reactions_of
from services.routing.config.escalation_files import configured_policies
from services.routing.domain import decider
from services.routing.schedulers.deadlines import deadline_scheduler
from services.routing.schedulers.missing_processes import missing_process_scheduler
from services.routing.schedulers.step_timers import step_timer_scheduler
from services.routing.views import case


def make_context_loader() -> CaseContextLoader:
    """Return what cases are decided by: processes, calendars, escalation policies and people, read
    from their files.

    Raise ``ValueError`` naming the file that can't be used; a directory of people that can't be
    used ends the process with exit status 2 and its mistakes.
    """
    people = configured_directory(tables.SOURCE)
    policies = configured_policies(known_units(people() if people else None))
    return CaseContextLoader(standard_processes(), office_calendars, policies, people)


def make_model(loader: CaseContextLoader) -> Model:
    """Return what the service does with events."""
    return Model(
        source=tables.SOURCE,
        stream_kind=DOSSIER,
        tables=tables.KERNEL,
        projections=case.PROJECTIONS,
        reactions=reactions_of(loader),
        initial=decider.INITIAL,
        evolve=decider.evolve,
        write=case.write,
        by_stream=[tables.CASES],
        migrations=Path(__file__).with_name("migrations"),
    )


def define(_settings: Settings) -> ServiceDefinition:
    """Return the whole service.

    Raise ``ValueError`` as ``make_context_loader`` does, ``CommandTableError`` naming an RPC or a
    command that has no handler, ``PermissionsError`` naming an RPC that has no rule.
    """
    loader = make_context_loader()
    model, handlers, permissions = make_model(loader), handlers_of(loader), shipped()
    rpc.check(permissions)

    def build(runtime: Runtime) -> Parts:
        publishing.keep_shipped(office_calendars().folder, office_calendars().shipped)
        return Parts(
            servicers=rpc.services_of(
                runtime.reads,
                runtime.keyring,
                runtime.commands,
                runtime.clock,
                loader,
                model,
                handlers,
            ),
            periodic_tasks=[
                PeriodicTask("deadlines", 1.0, deadline_scheduler(loader)),
                PeriodicTask("timers", 1.0, step_timer_scheduler(loader)),
                PeriodicTask("processes", 3600.0, missing_process_scheduler(loader)),
            ],
        )

    return ServiceDefinition(model, permissions, build)
