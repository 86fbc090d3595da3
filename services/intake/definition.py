"""The intake service: submission, the desk's checks, money, and the result handed over."""

from __future__ import annotations

from pathlib import Path

from kernel.commands.command_table import check_contract
from kernel.eventsourcing.service_model import Model
from kernel.files.folder_store import FolderStore, folder_of
from kernel.runtime.definition import Parts, Runtime, ServiceDefinition
from kernel.runtime.periodic_tasks import PeriodicTask
from kernel.telemetry.logs import get_logger
from office.catalogue.files.release_repository import ReleaseError, ReleaseRepository
from office.catalogue.loader import shipped_catalogue
from office.catalogue.unit_overlay import UnitOverlay
from office.forms.typesetting import FormTemplates
from office.people.repository import open_directory
from office.permissions import shipped
from office.sealed_text import seal_texts
from office.streams import DOSSIER
from office.worktime.calendars import publishing
from office.worktime.calendars.repository import repository_at
from services.intake import file_rpc, rpc, tables
from services.intake.application.command_table import DESK_COMMANDS
from services.intake.application.decision_context import ContextLoader
from services.intake.application.files.inspection import Inspection
from services.intake.application.files.transfers import FileTransfers
from services.intake.application.files.uploads import Uploads
from services.intake.application.form_printer import FormPrinter
from services.intake.application.handlers import DossierHandlers
from services.intake.application.metrics import METRICS
from services.intake.application.pin_access import PinAccess
from services.intake.application.reactions import ChildDossierOpener, reactions_of
from services.intake.domain.state import State, evolve
from services.intake.schedulers.desk_checks import scan_desk_checks
from services.intake.schedulers.upload_sweep import UploadSweep
from services.intake.settings import IntakeSettings
from services.intake.views import dossier

_log = get_logger(__name__)


def make_model(opener: ChildDossierOpener) -> Model:
    """Return what the service does with events; ``opener`` opens child dossiers."""
    return Model(
        source=tables.SOURCE,
        stream_kind=DOSSIER,
        tables=tables.KERNEL,
        projections=dossier.PROJECTIONS,
        reactions=reactions_of(opener),
        initial=State(),
        evolve=evolve,
        by_stream=[tables.DOSSIERS],
        operational=tables.OPERATIONAL,
        seal=seal_texts,
        migrations=Path(__file__).with_name("migrations"),
    )


def define(settings: IntakeSettings) -> ServiceDefinition:
    """Return the whole service.

    Raise ``DocumentError`` for a directory of people or templates of forms that can't be used,
    ``CommandTableError`` naming an RPC that has no handler, ``PermissionsError`` naming one that
    has no rule.
    """
    people = open_directory(settings.people_directory)
    units = UnitOverlay(people)
    templates = FormTemplates(settings.forms_dir)
    opener, permissions = ChildDossierOpener(), shipped()
    servicers = {rpc.IntakeServicer: rpc.SERVICE, file_rpc.FileServicer: file_rpc.SERVICE}
    check_contract(servicers, DESK_COMMANDS, permissions)

    def build(runtime: Runtime) -> Parts:
        repository = _release_repository(settings.procedures_dir, units)
        calendars = repository_at(settings.calendars_dir)
        publishing.keep_shipped(calendars.folder, calendars.shipped)
        handlers = DossierHandlers(
            ContextLoader(repository, calendars, units, settings.check_warning),
            runtime.clock,
            Uploads(settings.file_limits),
        )
        opener.handlers = handlers
        pins = PinAccess(runtime.writer, runtime.reads, runtime.keyring)
        forms = FormPrinter(templates, people, settings.portal_url, runtime.keyring)
        servicer = rpc.IntakeServicer(
            handlers, runtime.commands, runtime.reads, pins, runtime.keyring, forms
        )
        store = FolderStore(folder_of(settings.files_url))
        inspection = Inspection(settings.file_limits.file, settings.scanner_address)
        file_servicer = file_rpc.FileServicer(
            handlers, runtime.commands, runtime.reads, runtime.writer, pins, runtime.keyring,
            FileTransfers(store, inspection),
        )  # fmt: skip
        sweep = UploadSweep(
            runtime.engine, runtime.writer, runtime.keyring, store, runtime.caught_up
        )
        return Parts(
            servicers=[rpc.service(servicer, handlers), file_rpc.service(file_servicer, handlers)],
            workers=[repository, sweep],
            periodic_tasks=[PeriodicTask("checks", 1.0, scan_desk_checks)],
        )

    return ServiceDefinition(
        make_model(opener), permissions, build, METRICS, ledger=settings.ledger(refuses=True)
    )


def _release_repository(folder: Path, units: UnitOverlay) -> ReleaseRepository:
    try:
        return ReleaseRepository(
            folder,
            units.of(shipped_catalogue()),
            on_release=lambda release: _log.info("procedures.taken", release=release),
            on_error=lambda reason: _log.error("procedures.unreadable", reason=reason),
        )
    except ReleaseError as error:
        _log.error("procedures.unreadable", reason=str(error))
        raise
