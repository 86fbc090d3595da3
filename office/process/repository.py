"""The repository of processes: reads YAML files and refuses processes in which a case gets stuck.

docs/processes.md explains every key. A file holds one document for each version of a process.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from kernel.documents.toml_files import unreadable
from office.process.catalogue_view import known_procedures
from office.process.model.process import Process, Processes
from office.process.parsing.parser import ParsedProcess, read_process
from office.process.parsing.yaml_documents import parse_documents
from office.process.parsing.yaml_nodes import MistakeList, ProcessMistake
from office.process.verification.child_cycles import ProcedureProcesses, check_child_cycles
from office.process.verification.infinite_loops import check_infinite_loops
from office.process.verification.rules import ROLES, ProcessCheck

STANDARD_FOLDER = Path(__file__).parent / "data"
OWN_FOLDER = "MOTCUA_PROCESSES"
"""The variable that names a folder of an office's own files, read beside the shipped ones."""


class ProcessError(ValueError):
    """Processes that can't be used; ``mistakes`` are all that was found."""

    def __init__(self, mistakes: Sequence[ProcessMistake]) -> None:
        super().__init__("; ".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


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
            mistake = ProcessMistake(str(own), 0, "unreadable", OWN_FOLDER, "is no folder")
            raise ProcessError([mistake])
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
) -> tuple[list[Process], list[ProcessMistake]]:
    """Return the processes of files and all mistakes.

    ``units`` and ``procedures`` are the known codes; None leaves them unchecked. ``companions`` are
    files that will be in use together with these; they are not checked. ``works`` are the known
    processes of each procedure.
    """
    mistakes: list[ProcessMistake] = []
    found: list[tuple[str, ParsedProcess]] = []
    others = [(str(f), read) for f in companions for read in check_text(f.read_text("utf-8"))[0]]
    whole = True
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            mistakes.append(ProcessMistake(str(path), 0, "unreadable", "", unreadable(error).en))
            whole = False
            continue
        read, wrong = check_text(text, str(path), units, roles, procedures)
        found += [(str(path), parsed) for parsed in read]
        mistakes += wrong
        whole = whole and not any(mistake.rule == "yaml" for mistake in wrong)
    mistakes += _versions(others, found, whole=whole)
    known = [read.process for _, read in (*others, *found)]
    for file, parsed in found:
        mistakes += check_child_cycles(
            file, parsed.process, parsed.places.lines, known, works or {}
        )
    return [read.process for _, read in found], mistakes


def check_text(
    text: str,
    file: str = "",
    units: Collection[str] | None = None,
    roles: Collection[str] = ROLES,
    procedures: Collection[str] | None = None,
) -> tuple[list[ParsedProcess], list[ProcessMistake]]:
    """Return the processes in the text of one file and all mistakes, sorted by line."""
    mistake_list = MistakeList(file)
    processes = [read_process(node, mistake_list) for node in parse_documents(text, mistake_list)]
    if not processes and not mistake_list.mistakes:
        mistake_list.add(0, "missing", "", "there is no process in it")
    for parsed in processes:
        ProcessCheck(parsed, mistake_list, units, roles, procedures).run()
        check_infinite_loops(parsed.process, parsed.places.lines, mistake_list)
    return processes, sorted(mistake_list.mistakes, key=lambda mistake: mistake.line)


def _versions(
    others: Sequence[tuple[str, ParsedProcess]],
    found: Sequence[tuple[str, ParsedProcess]],
    *,
    whole: bool,
) -> list[ProcessMistake]:
    """Return the mistakes in version numbers, which count 1, 2, 3 ... within a name without gaps.

    Gaps are reported only if ``whole``: all files could be read.
    """
    seen: dict[str, dict[int, str]] = {}
    unsure = {read.process.name for _, read in found if () in read.places.unsound}
    mistakes = []
    for file, read in others:
        place = f"{file}:{_line(read)}"
        seen.setdefault(read.process.name, {}).setdefault(read.process.version, place)
    for file, read in found:
        process = read.process
        if () in read.places.unsound:
            continue
        versions = seen.setdefault(process.name, {})
        if process.version in versions:
            text = f"there are two processes {process.name} in version {process.version}"
            text += f"; the other one: {versions[process.version]}"
            where = f"process {process.name}"
            mistakes.append(ProcessMistake(file, _line(read), "duplicate", where, text))
        versions.setdefault(process.version, f"{file}:{_line(read)}")
    for file, read in found:
        process = read.process
        if not whole or process.name in unsure or "" in unsure:
            continue
        if process.version > 1 and process.version - 1 not in seen[process.name]:
            text = f"version {process.version - 1} is missing: older versions stay"
            where = f"process {process.name}"
            mistakes.append(ProcessMistake(file, _line(read), "version-gap", where, text))
    return mistakes


def _line(read: ParsedProcess) -> int:
    return read.places.lines.get((), 0)
