"""The postal service: jobs for postal partners, their reports, and proof of delivery."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from kernel.auth.identity import Caller
from kernel.base.clock import Clock
from kernel.base.instants import local_date
from kernel.commands.command_table import check_contract
from kernel.eventsourcing.service_model import Model
from kernel.runtime.definition import Parts, Runtime, ServiceDefinition
from office.catalogue.dossier_code import OFFICE_ZONE
from office.people.access_scope import AccessScope, access_scope_of
from office.people.directory import Directory, answers_for
from office.people.repository import open_directory
from office.permissions import shipped
from office.sealed_text import seal_texts
from office.streams import DOSSIER
from office.worktime.calendars.repository import repository_at
from services.postal import partner_rpc, rpc
from services.postal.application.command_table import JOB_COMMANDS, handlers_of
from services.postal.application.handlers import JobHandlers
from services.postal.application.reactions import reactions_of
from services.postal.config.partners import SHIPPED, Partners, load
from services.postal.domain.evolve import evolve
from services.postal.domain.state import INITIAL
from services.postal.queries.jobs import Queries
from services.postal.queries.pickup import PickupPoints
from services.postal.schedulers import leases
from services.postal.settings import PostalSettings
from services.postal.tables import KERNEL, SUBMISSIONS
from services.postal.views import jobs

SERVICERS: Final = {
    rpc.PostalServicer: rpc.SERVICE,
    partner_rpc.PartnerServicer: partner_rpc.SERVICE,
}


def make_model(partners: Partners) -> Model:
    """Return what the service does with events; jobs are offered to ``partners``."""
    return Model(
        source="postal",
        stream_kind=DOSSIER,
        tables=KERNEL,
        projections=jobs.PROJECTIONS,
        reactions=reactions_of(partners),
        initial=INITIAL,
        evolve=evolve,
        by_stream=(SUBMISSIONS,),
        seal=seal_texts,
        migrations=Path(__file__).with_name("migrations"),
    )


def define(settings: PostalSettings) -> ServiceDefinition:
    """Return the whole service.

    Raise ``DocumentError`` for a file that can't be used, ``CommandTableError`` naming an RPC that
    has no handler, ``PermissionsError`` naming one that has no rule.
    """
    permissions = shipped()
    check_contract(SERVICERS, JOB_COMMANDS, permissions)
    partners = load(settings.partners or SHIPPED, settings.mode)
    people = open_directory(settings.people_directory)

    def build(runtime: Runtime) -> Parts:
        covers = _covering(runtime.clock, people)
        job_handlers = JobHandlers(partners, settings.lease, covers)
        calendars = partial(repository_at, settings.calendars_dir)
        pickups = PickupPoints(runtime.clock, calendars, people)
        queries = Queries(runtime.keyring, partners, pickups)
        commits = partner_rpc.CommitCounter()
        runtime.writer.on_publish(commits.note_commit)
        commands, reads, handlers = runtime.commands, runtime.reads, handlers_of(job_handlers)
        servicer = rpc.PostalServicer(reads, queries, _access_scopes(runtime.clock, people))
        for_partners = partner_rpc.PartnerServicer(commands, reads, queries, commits)
        return Parts(
            servicers=(
                rpc.service(servicer, commands, handlers),
                partner_rpc.service(for_partners, partners, handlers),
            ),
            periodic_tasks=(leases.leases(job_handlers),),
        )

    return ServiceDefinition(make_model(partners), permissions, build, ledger=settings.ledger())


def _covering(clock: Clock, people: Callable[[], Directory] | None) -> Callable[[str, str], bool]:
    """Return the function that says whether a unit's work is an officer's, by the directory of
    now.
    """

    def covers(unit: str, own: str) -> bool:
        units = people().units if people else {}
        return answers_for(unit, own, units, local_date(clock.now(), OFFICE_ZONE))

    return covers


def _access_scopes(
    clock: Clock, people: Callable[[], Directory] | None
) -> Callable[[Caller], AccessScope | None]:
    """Return the function that returns which units' jobs a caller sees, by the directory of now."""

    def scope_of(who: Caller) -> AccessScope | None:
        units = people().units if people else {}
        return access_scope_of(who, units, local_date(clock.now(), OFFICE_ZONE))

    return scope_of
