"""The audit service: the stored log, its hash chains, states as of any instant, reports."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from kernel.commands.command_table import check_contract
from kernel.eventsourcing.service_model import Model
from kernel.runtime.definition import Parts, Runtime, ServiceDefinition
from office.permissions import shipped
from office.streams import DOSSIER
from office.worktime.calendars.repository import find_calendar
from services.audit import rpc
from services.audit.record import recorder
from services.audit.record.log_source import log_of
from services.audit.record.verifier import LogVerifier
from services.audit.rpc import AuditServicer
from services.audit.settings import AuditSettings
from services.audit.tables import DOSSIERS, KERNEL


def make_model() -> Model:
    """Return what the service does with events."""
    return Model(
        source="audit",
        stream_kind=DOSSIER,
        tables=KERNEL,
        every=recorder.keep,
        by_stream=[DOSSIERS],
        migrations=Path(__file__).with_name("migrations"),
    )


def define(settings: AuditSettings) -> ServiceDefinition:
    """Return the whole service.

    Raise ``CommandTableError`` naming an RPC that has no method, and ``PermissionsError`` naming
    one that has no rule.
    """
    permissions = shipped()
    check_contract({rpc.AuditServicer: rpc.SERVICE}, (), permissions)
    calendar_of = partial(find_calendar, settings.calendars_dir)

    def build(runtime: Runtime) -> Parts:
        verifier = LogVerifier(
            runtime.engine,
            log_of(settings.cluster, settings.topic),
            runtime.model.authenticator,
        )
        servicer = AuditServicer(runtime.reads, runtime.clock, verifier, calendar_of)
        return Parts(servicers=[rpc.service(servicer)])

    return ServiceDefinition(make_model(), permissions, build)
