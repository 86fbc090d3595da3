"""The routing service: the departments' steps, the clock of a case, its deadlines."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from kernel.eventsourcing.service_model import Model
from kernel.runtime.definition import Parts, Runtime, ServiceDefinition
from kernel.runtime.periodic_tasks import PeriodicTask
from office.catalogue.known_units import known_units
from office.people.repository import open_directory
from office.permissions import shipped
from office.process.repository import installed_processes
from office.sealed_text import seal_texts
from office.streams import DOSSIER
from office.worktime.calendars import publishing
from office.worktime.calendars.repository import repository_at
from services.routing import rpc, tables
from services.routing.application.decision_context import CaseContextLoader
from services.routing.application.handlers import handlers_of
from services.routing.application.reactions import reactions_of
from services.routing.config.escalation_files import configured_policies
from services.routing.domain import decider
from services.routing.schedulers.deadlines import deadline_scheduler
from services.routing.schedulers.missing_processes import missing_process_scheduler
from services.routing.schedulers.step_timers import step_timer_scheduler
from services.routing.settings import RoutingSettings
from services.routing.views import case


def make_context_loader(settings: RoutingSettings) -> CaseContextLoader:
    """Return what cases are decided by: processes, calendars, escalation policies and people, read
    from their files.

    Raise ``ValueError`` naming the file that can't be used.
    """
    people = open_directory(settings.people_directory)
    units = known_units(people() if people else None)
    return CaseContextLoader(
        installed_processes(settings.processes_dir, settings.procedures_dir),
        partial(repository_at, settings.calendars_dir),
        configured_policies(settings.escalation_policies, units),
        people,
    )


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
        seal=seal_texts,
        migrations=Path(__file__).with_name("migrations"),
    )


def define(settings: RoutingSettings) -> ServiceDefinition:
    """Return the whole service.

    Raise ``ValueError`` as ``make_context_loader`` does, ``CommandTableError`` naming an RPC or a
    command that has no handler, ``PermissionsError`` naming an RPC that has no rule.
    """
    loader = make_context_loader(settings)
    model, handlers, permissions = make_model(loader), handlers_of(loader), shipped()
    rpc.check(permissions)

    def build(runtime: Runtime) -> Parts:
        calendars = repository_at(settings.calendars_dir)
        publishing.keep_shipped(calendars.folder, calendars.shipped)
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

    return ServiceDefinition(model, permissions, build, ledger=settings.ledger())
