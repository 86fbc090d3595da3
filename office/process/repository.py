"""The repository of processes: reads YAML files and refuses processes in which a case gets stuck.

docs/processes.md explains every key. A file holds one document for each version of a process.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from kernel.documents.mistakes import DocumentError, DocumentMistake
from kernel.documents.toml_files import unreadable
from kernel.documents.yaml_files import open_yaml
from kernel.messages.catalogue import BilingualText
from office.process.catalogue_view import known_procedures
from office.process.model.process import Process, Processes
from office.process.parsing.parsed_process import ParsedProcess
from office.process.parsing.parser import read_process
from office.process.parsing.process_file import ProcessReader
from office.process.verification.child_cycles import ProcedureProcesses, check_child_cycles
from office.process.verification.infinite_loops import check_infinite_loops
from office.process.verification.rules import ROLES, ProcessCheck
from office.texts import OFFICE_TEXTS

STANDARD_FOLDER = Path(__file__).parent / "data"
OWN_FOLDER = "MOTCUA_PROCESSES"
"""The variable that names a folder of an office's own files, read beside the shipped ones."""


class ProcessError(DocumentError):
    """Processes that can't be used; ``mistakes`` are all that was found."""


def installed_processes(own: Path | None, procedures: Path) -> Processes:
    """Return the shipped processes and those of the office's own folder, checked with the
    procedures that ship and those that are published; raise ``ProcessError``.
    """
    return load_processes(installed_files(own), known_procedures(procedures))


def installed_files(own: Path | None) -> list[Path]:
    """Return the shipped files and those of the office's own folder; raise ``ProcessError`` when
    that folder is missing.
    """
    files = files_in(STANDARD_FOLDER)
    if own:
        if not own.is_dir():
            text = OFFICE_TEXTS.text("process.no_folder")
            raise ProcessError(_useless(str(own), "unreadable", text, OWN_FOLDER).mistakes)
        files += files_in(own)
    return files


def files_in(folder: Path) -> list[Path]:
    """Return the process files of a folder, sorted by name."""
    return sorted(folder.glob("*.yaml"))


def load_processes(
    files: Sequence[Path], works: Mapping[str, ProcedureProcesses] | None = None
) -> Processes:
    """Return the processes of files; raise ``ProcessError`` with all mistakes."""
    processes, mistakes = check_files(files, works=works)
    if mistakes:
        raise ProcessError(mistakes)
    return Processes(processes)


def check_files(
    files: Sequence[Path],
    units: Collection[str] | None = None,
    roles: Collection[str] = ROLES,
    procedures: Collection[str] | None = None,
    companions: Sequence[Path] = (),
    works: Mapping[str, ProcedureProcesses] | None = None,
) -> tuple[list[Process], list[DocumentMistake]]:
    """Return the processes of files and all mistakes.

    ``units`` and ``procedures`` are the known codes; None leaves them unchecked. ``companions`` are
    files that will be in use together with these; they are not checked. ``works`` are the known
    processes of each procedure.
    """
    others = [read for f in companions for read in _read(_open_file(f))]
    readers = {path: _open_file(path) for path in files}
    found = [read for path in files for read in _checked(readers[path], units, roles, procedures)]
    every = [reader for path in files for reader in readers[path]]
    _check_versions(others, found, whole=all(reader.complete for reader in every))
    known = [read.process for read in (*others, *found)]
    for read in found:
        check_child_cycles(read, known, works or {})
    return [read.process for read in found], _mistakes(every)


def check_text(
    text: str,
    file: str = "",
    units: Collection[str] | None = None,
    roles: Collection[str] = ROLES,
    procedures: Collection[str] | None = None,
) -> tuple[list[ParsedProcess], list[DocumentMistake]]:
    """Return the processes in the text of one file and all mistakes, sorted by line."""
    readers = _open(text, file)
    return _checked(readers, units, roles, procedures), _mistakes(readers)


def _open_file(path: Path) -> list[ProcessReader]:
    """Return a reader of each document in a file; one with the mistake if it can't be read."""
    try:
        return _open(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        return [_useless(str(path), "unreadable", unreadable(error))]


def _open(text: str, file: str) -> list[ProcessReader]:
    none = OFFICE_TEXTS.text("process.none")
    return open_yaml(text, file, ProcessReader) or [_useless(file, "missing", none)]


def _useless(file: str, rule: str, text: BilingualText, where: str = "") -> ProcessReader:
    """Return a reader of a file without a document, with the mistake."""
    reader = ProcessReader(file, None)
    reader.note((0, 0), where, rule, text)
    reader.complete = rule != "unreadable"
    return reader


def _read(readers: Iterable[ProcessReader]) -> list[ParsedProcess]:
    found = (read_process(reader) for reader in readers if reader.content is not None)
    return [read for read in found if read is not None]


def _checked(
    readers: Iterable[ProcessReader],
    units: Collection[str] | None,
    roles: Collection[str],
    procedures: Collection[str] | None,
) -> list[ParsedProcess]:
    """Return the processes in documents after checking each by itself."""
    found = _read(readers)
    for read in found:
        ProcessCheck(read, units, roles, procedures).run()
        check_infinite_loops(read)
    return found


def _mistakes(readers: Iterable[ProcessReader]) -> list[DocumentMistake]:
    return [mistake for reader in readers for mistake in reader.in_order()]


def _check_versions(
    others: Sequence[ParsedProcess], found: Sequence[ParsedProcess], *, whole: bool
) -> None:
    """Note the mistakes in version numbers, which count 1, 2, 3 ... within a name without gaps.

    Gaps are noted only if ``whole``: all files could be read.
    """
    seen: dict[str, dict[int, str]] = {}
    unsure = {read.process.name for read in found if () in read.parts.unsound}
    for read in (*others, *found):
        process = read.process
        if read in found and () in read.parts.unsound:
            continue
        versions = seen.setdefault(process.name, {})
        if read in found and process.version in versions:
            text = OFFICE_TEXTS.text(
                "process.version_twice",
                name=process.name,
                version=process.version,
                place=versions[process.version],
            )
            read.parts.wrong("duplicate", text)
        versions.setdefault(process.version, read.place)
    for read in found if whole and "" not in unsure else ():
        process, before = read.process, read.process.version - 1
        if process.name not in unsure and before and before not in seen[process.name]:
            text = OFFICE_TEXTS.text("process.version_gap", version=before)
            read.parts.wrong("version-gap", text)
