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
from services.routing.application.handlers import CaseHandlers
from services.routing.application.reactions import reactions_of
from services.routing.config.escalation_files import configured_ladders
from services.routing.domain import decider
from services.routing.schedulers.deadlines import watch_deadlines
from services.routing.schedulers.missing_processes import watch_processes
from services.routing.schedulers.step_timers import watch_timers
from services.routing.views import case


def make_office() -> CaseHandlers:
    """Return the office with its processes, calendars, ladders and people, read from its files.

    Raise ``ValueError`` naming the file that can't be used; a directory of people that can't be
    used ends the process with exit status 2 and its mistakes.
    """
    people = configured_directory(tables.SOURCE)
    ladders = configured_ladders(known_units(people() if people else None))
    return CaseHandlers(standard_processes(), office_calendars, ladders, people)


def make_model(office: CaseHandlers) -> Model:
    """Return what the service does with events."""
    return Model(
        source=tables.SOURCE,
        stream_kind=DOSSIER,
        tables=tables.KERNEL,
        projections=case.PROJECTIONS,
        reactions=reactions_of(office),
        initial=decider.INITIAL,
        evolve=decider.evolve,
        write=case.write,
        by_stream=[tables.CASES],
        migrations=Path(__file__).with_name("migrations"),
    )


def define(_settings: Settings) -> ServiceDefinition:
    """Return the whole service; raise ``ValueError`` as ``make_office`` does."""
    office = make_office()
    model = make_model(office)

    def build(runtime: Runtime) -> Parts:
        publishing.keep_shipped(office_calendars().folder, office_calendars().shipped)
        servicer = rpc.RoutingServicer(
            runtime.commands, runtime.reads, runtime.clock, office, model
        )
        return Parts(
            servicers=[rpc.service(servicer)],
            periodic_tasks=[
                PeriodicTask("deadlines", 1.0, watch_deadlines(office)),
                PeriodicTask("timers", 1.0, watch_timers(office)),
                PeriodicTask("processes", 3600.0, watch_processes(office)),
            ],
        )

    return ServiceDefinition(model, shipped(), build)
