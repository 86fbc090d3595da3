"""The desk's process: `python -m services.intake.main`."""

from __future__ import annotations

from pathlib import Path

from services.intake import reactions, tables, views
from services.intake.catalogue_files import shipped_catalogue
from services.intake.facts import Facts
from services.intake.office import Office
from services.intake.office_units import OfficeUnits
from services.intake.pins import Pins
from services.intake.procedures.shelf import Shelf, ShelfError
from services.intake.rpc import IntakeServicer, service
from services.intake.settings import check_warning, shelf_folder
from services.intake.state import State, evolve
from services.intake.watches import watch_checks
from services.kernel.calendars import publishing
from services.kernel.calendars.shelf import office_shelf
from services.kernel.logs import get_logger
from services.kernel.model import Model
from services.kernel.service import Parts, Runtime, refuse, run
from services.kernel.watches import Watch
from services.people.shelf import configured

_log = get_logger(__name__)
UNITS = OfficeUnits(configured(tables.SOURCE))
"""Those of the directory of people count more; a wrong one ends the program."""
MODEL = Model(
    source=tables.SOURCE,
    tables=tables.KERNEL,
    projections=views.PROJECTIONS,
    reactions=reactions.REACTIONS,
    initial=State(),
    evolve=evolve,
    by_dossier=[tables.DOSSIERS],
    operational=tables.OPERATIONAL,
)


def build(runtime: Runtime) -> Parts:
    """Put the desk together.

    Raises ``CalendarError`` for calendars, ``ValueError`` for settings that can't be used.
    """
    shelf, calendars = _shelf(runtime.settings.data_dir), office_shelf()
    publishing.keep(calendars.folder, calendars.shipped)
    office = Office(Facts(shelf, calendars, UNITS, check_warning()), runtime.clock)
    reactions.DESK.office = office
    pins = Pins(runtime.writer, runtime.reads, runtime.keyring)
    servicer = IntakeServicer(office, runtime.commands, runtime.reads, pins, runtime.keyring)
    return Parts(
        servicers=[service(servicer, office)],
        workers=[shelf],
        watches=[Watch("checks", 1.0, watch_checks)],
    )


def _shelf(data_dir: Path) -> Shelf:
    try:
        return Shelf(
            shelf_folder(data_dir),
            UNITS.of(shipped_catalogue()),
            taken=lambda edition: _log.info("procedures.taken", edition=edition),
            trouble=lambda words: _log.error("procedures.unreadable", reason=words),
        )
    except ShelfError as error:
        _log.error("procedures.unreadable", reason=str(error))
        raise


def main() -> None:
    """Run the desk; exit status 2, with the reason, for settings that can't be used."""
    try:
        check_warning()
    except ValueError as wrong:
        refuse(tables.SOURCE, wrong)
    run(tables.SOURCE, MODEL, build)


if __name__ == "__main__":
    main()
