"""The notify service: messages to citizens and officers, and the mails that carry them."""

from __future__ import annotations

from pathlib import Path

from kernel.commands.command_table import check_contract
from kernel.eventsourcing.service_model import Model
from kernel.runtime.definition import Parts, Runtime, ServiceDefinition
from office.people.repository import open_directory
from office.permissions import shipped
from office.sealed_text import seal_texts
from office.streams import DOSSIER
from services.notify import rpc
from services.notify.application import reactions
from services.notify.application.handlers import MESSAGE_COMMANDS
from services.notify.delivery.metrics import METRICS
from services.notify.delivery.sender import MailSender
from services.notify.domain.decider import State, evolve
from services.notify.settings import NotifySettings
from services.notify.tables import KERNEL, OPERATIONAL, RECIPIENTS
from services.notify.views import messages


def make_model() -> Model:
    """Return what the service does with events."""
    return Model(
        source="notify",
        stream_kind=DOSSIER,
        tables=KERNEL,
        projections=messages.PROJECTIONS,
        reactions=reactions.REACTIONS,
        initial=State(),
        evolve=evolve,
        by_stream=(RECIPIENTS,),
        operational=OPERATIONAL,
        seal=seal_texts,
        migrations=Path(__file__).with_name("migrations"),
    )


def define(settings: NotifySettings) -> ServiceDefinition:
    """Return the whole service.

    Raise ``DocumentError`` for a directory of people that can't be used, ``CommandTableError``
    naming an RPC that has no handler, ``PermissionsError`` naming one that has no rule.
    """
    people, permissions = open_directory(settings.people_directory), shipped()
    check_contract({rpc.NotifyServicer: rpc.SERVICE}, MESSAGE_COMMANDS, permissions)

    def build(runtime: Runtime) -> Parts:
        return Parts(
            servicers=(rpc.service(rpc.NotifyServicer(runtime.reads), runtime.commands),),
            workers=(MailSender(runtime, settings, people),),
        )

    return ServiceDefinition(make_model(), permissions, build, METRICS, ledger=settings.ledger())
