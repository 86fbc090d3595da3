"""Reader of the directory of people, which reports all mistakes of its files at once.

The file is TOML: ``units`` (a file of ``[[unit]]``), ``officers`` (a CSV file, optional), and
``[[officer]]`` tables; paths are relative to it. docs/identity.md explains every key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

from kernel.documents.csv_file import open_csv
from kernel.documents.mistakes import DocumentError
from kernel.documents.reading import DocumentReader, DocumentTable, open_toml, read_document
from office.people.directory import (
    Absence,
    Directory,
    DirectoryUnit,
    Officer,
    check_successors,
    within,
)
from office.people.file_entries import (
    OFFICER_COLUMNS,
    AbsenceLine,
    OfficerLine,
    OfficerRows,
    PeopleFile,
    UnitFile,
)
from office.texts import OFFICE_TEXTS


def read_directory(path: Path, roles: Iterable[str]) -> Directory:
    """Return a directory; ``roles`` are the known ones. Raise ``DocumentError`` with all
    mistakes.
    """
    return _DirectoryReader(path, sorted(roles)).read()


def files_of(path: Path) -> list[Path]:
    """Return the file of a directory and those that it names; only itself if it can't be read."""
    try:
        content = open_toml(path).content
    except DocumentError:
        return [path]
    named = (content.get(key) for key in ("units", "officers"))
    return [path, *(path.parent / name for name in named if _is_name(name))]


def _is_name(name: object) -> bool:
    return isinstance(name, str) and name != "" and name.isprintable()


class _DirectoryReader:
    """The files of one directory while they are read.

    What is not complete is marked, so that nothing is called unknown which might be there.
    """

    def __init__(self, path: Path, roles: list[str]) -> None:
        self._path = path
        self._roles = roles
        self._readers: list[DocumentReader] = [open_toml(path, name=path.name)]
        self._units: dict[str, DirectoryUnit] = {}
        self._units_known = True
        self._lines: list[tuple[DocumentReader, OfficerLine]] = []
        self._officers: dict[str, tuple[DocumentReader, OfficerLine]] = {}
        self._officers_known = True

    def read(self) -> Directory:
        own = self._readers[0]
        file = read_document(PeopleFile, own)
        self._read_units(getattr(file, "units", ""))
        sheet = getattr(file, "officers", None)
        if sheet:
            rows = open_csv(self._path.parent / sheet, "officer", OFFICER_COLUMNS)
            self._readers.append(rows)
            self._note_officers(rows, read_document(OfficerRows, rows))
            self._officers_known &= rows.complete
        self._officers_known &= sheet is not None
        self._note_officers(own, file)
        for reader, line in self._lines:
            self._check(reader, line)
        own.raise_mistakes(*self._readers[1:])
        return Directory(self._units, {line.id: _officer(line) for _, line in self._lines})

    def _read_units(self, name: str) -> None:
        if not name:
            self._units_known = False
            return
        try:
            reader = open_toml(self._path.parent / name, name=name)
        except DocumentError as error:
            self._readers[0].mistakes += error.mistakes
            self._units_known = False
            return
        self._readers.append(reader)
        file = read_document(UnitFile, reader)
        for line in getattr(file, "unit", ()):
            self._note_order(reader, line, "valid_from", "valid_to")
            if not hasattr(line, "code"):
                self._units_known = False
                continue
            if line.code in self._units:
                reader.wrong((*line.path, "code"), "twice", OFFICE_TEXTS.text("people.code_twice"))
                continue
            self._units[line.code] = DirectoryUnit(
                line.code,
                getattr(line, "name_vi", ""),
                getattr(line, "level", ""),
                getattr(line, "valid_from", None),
                getattr(line, "valid_to", None),
                # Where the last day is wrong, the successor is not checked.
                getattr(line, "successor", "") if hasattr(line, "valid_to") else "",
                getattr(line, "address", ""),
                getattr(line, "phone", ""),
            )
        self._units_known &= hasattr(file, "unit")
        paths = {getattr(line, "code", ""): line.path for line in getattr(file, "unit", ())}

        def note(code: str, rule: str) -> None:
            if rule != "successor_unknown" or self._units_known:
                text = OFFICE_TEXTS.text(f"people.{rule}")
                reader.wrong((*paths[code], "successor"), rule, text)

        check_successors(self._units, note)

    def _note_officers(self, reader: DocumentReader, file: OfficerRows | None) -> None:
        self._officers_known &= hasattr(file, "officer")
        for line in getattr(file, "officer", ()):
            self._lines.append((reader, line))
            if not hasattr(line, "id"):
                self._officers_known = False
            elif line.id in self._officers:
                first, other = self._officers[line.id]
                place = f"{first.file}: {first.where(other.path)}"
                text = OFFICE_TEXTS.text("people.id_twice", place=place)
                reader.wrong((*line.path, "id"), "twice", text)
            else:
                self._officers[line.id] = (reader, line)

    def _check(self, reader: DocumentReader, line: OfficerLine) -> None:
        """Note what an officer refers to that there is not, and what contradicts itself."""
        self._note_order(reader, line, "valid_from", "valid_to")
        for place, role in enumerate(getattr(line, "roles", ())):
            if role not in self._roles:
                known = ", ".join(self._roles)
                text = OFFICE_TEXTS.text("people.no_role", role=role, known=known)
                reader.wrong((*line.path, "roles", place), "role", text)
        with reader.rule():
            unit = self._units.get(line.unit)
            if unit is None and self._units_known:
                text = OFFICE_TEXTS.text("people.no_unit", unit=line.unit)
                reader.wrong((*line.path, "unit"), "unit", text)
            last = unit.valid_to if unit else None
            if last and (line.valid_to is None or line.valid_to > last):
                text = OFFICE_TEXTS.text("people.dissolved", unit=line.unit, last=last)
                reader.wrong((*line.path, "unit"), "unit", text)
        for absence in getattr(line, "absence", ()):
            self._note_order(reader, absence, "first", "last")
            with reader.rule():
                self._check_substitute(reader, line, absence)
        for earlier, later in pairwise(sorted(_days_away(line))):
            if later[0] <= earlier[1]:
                text = OFFICE_TEXTS.text("people.overlap", day=later[0])
                reader.wrong((*line.path, "absence"), "overlap", text)

    def _note_order(
        self, reader: DocumentReader, line: DocumentTable, begin: str, end: str
    ) -> None:
        with reader.rule():
            first, last = getattr(line, begin), getattr(line, end)
            if first and last and last < first:
                text = OFFICE_TEXTS.text("people.order", first=first, last=last)
                reader.wrong((*line.path, end), "order", text)

    def _check_substitute(
        self, reader: DocumentReader, line: OfficerLine, absence: AbsenceLine
    ) -> None:
        name = absence.substitute
        if not name:
            return
        found = self._officers.get(name)
        rule = ""
        if name == line.id or (found is None and self._officers_known):
            rule = "no_other"
        elif found is not None:
            other = found[1]
            first, last = absence.first, absence.last
            if first > last:
                return
            if not (
                within(first, other.valid_from, other.valid_to)
                and within(last, other.valid_from, other.valid_to)
            ):
                rule = "not_in_service"
            elif any(begin <= last and first <= end for begin, end in _days_away(other)):
                rule = "away"
        if rule:
            text = OFFICE_TEXTS.text(f"people.{rule}", officer=name)
            reader.wrong((*absence.path, "substitute"), rule, text)


def _days_away(line: OfficerLine) -> Iterator[tuple[date, date]]:
    """Yield the first and last days of the sound absences."""
    for absence in getattr(line, "absence", ()):
        first, last = getattr(absence, "first", None), getattr(absence, "last", None)
        if first and last and first <= last:
            yield first, last


def _officer(line: OfficerLine) -> Officer:
    return Officer(
        line.id,
        line.name,
        line.unit,
        frozenset(line.roles),
        line.valid_from,
        line.valid_to,
        tuple(Absence(each.first, each.last, each.substitute) for each in line.absence),
        line.email,
    )
