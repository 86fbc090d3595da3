"""The processes as they are installed here: those that ship and the office's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from cli.printer import fail, failed
from cli.settings import settings
from office.catalogue.files.additions import CatalogueAddition, extended_catalogue
from office.catalogue.files.document import ProcedureDocument
from office.catalogue.files.file_errors import ProcedureFileError
from office.catalogue.messages import broken_rule
from office.catalogue.model import Catalogue
from office.catalogue.rules import note
from office.process import repository
from office.process.catalogue_view import ListedVersion, processes_in_use
from office.process.model.process import Process, Processes
from office.process.repository import ProcessError
from office.process.verification.child_cycles import ProcedureProcesses, child_cycle


def office_processes() -> Processes:
    """Read them; end the program with a line for each mistake when they can't be used."""
    given = settings()
    return _read(lambda: repository.installed_processes(given.processes_dir, given.procedures_dir))


def installed_processes() -> list[Process]:
    """List them in all versions, whether or not the catalogue uses them.

    End the program as ``office_processes`` does.
    """
    own = settings().processes_dir
    return list(_read(lambda: repository.load_processes(repository.installed_files(own))).all())


def _read(load: Callable[[], Processes]) -> Processes:
    try:
        return load()
    except ProcessError as error:
        for mistake in error.mistakes:
            fail(str(mistake))
        raise failed("the office's processes can't be used (motcua process check)") from error


def works_of(catalogue: Catalogue, day: date) -> Mapping[str, ProcedureProcesses]:
    """Return by which processes the procedures of a catalogue are worked on a day and later."""
    return processes_in_use(
        (
            ListedVersion(it.code, it.version, it.valid_from, it.unit, it.process)
            for versions in catalogue.procedures.values()
            for it in versions
        ),
        day,
    )


def refuse_child_cycles(
    document: ProcedureDocument,
    added: CatalogueAddition,
    existing: Catalogue,
    processes: list[Process],
    day: date,
) -> None:
    """Raise ``ProcedureFileError`` when new versions close a cycle of child dossiers.

    Routing would not start with such processes. Each version in the cycle is named.
    """
    works = works_of(extended_catalogue(existing, added, ""), day)
    cycles = [cycle for it in processes if (cycle := child_cycle(it, processes, works))]
    new = {(version.code, version.version) for version in added.versions}
    for entry in document.versions:
        for cycle in cycles if (entry.code, entry.version) in new else ():
            if (entry.process, entry.code) in _links_of(cycle):
                rule = broken_rule("process.cycle", " → ".join(cycle))
                note(document.reader, (*entry.path, "process"), rule)
    if document.reader.mistakes:
        raise ProcedureFileError(document.reader.mistakes)


def _links_of(cycle: list[str]) -> set[tuple[str, str]]:
    """Pair each process in a cycle with the procedure by which it is reached."""
    return set(zip(cycle[2::2], cycle[1::2], strict=True))
