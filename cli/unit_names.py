"""The names of units, for people who read tables of codes."""

from __future__ import annotations

from collections.abc import Iterable

from cli.settings import settings
from kernel.documents.mistakes import DocumentError
from office.catalogue.known_units import known_units
from office.people.directory import Directory
from office.people.files import read_directory
from office.permissions import shipped


def unit_lines(codes: Iterable[str]) -> list[str]:
    """Return a line with code and name for each unit that is known, in the order of the codes."""
    names = unit_names()
    wanted = [code for code in sorted(set(codes)) if code in names]
    width = max(map(len, wanted), default=0)
    return [f"{code:<{width}}  {names[code]}" for code in wanted]


def unit_names() -> dict[str, str]:
    """Return the names of the units that are known, by their codes."""
    return {code: unit.name for code, unit in known_units(_directory()).items()}


def _directory() -> Directory | None:
    """Return the directory of people; None when there is none or it can't be used, since names are
    no more than a help here.
    """
    path = settings().people_directory
    try:
        return read_directory(path, shipped().roles) if path else None
    except DocumentError:
        return None
