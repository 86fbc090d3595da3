"""Which processes the procedures of the catalogue use, as far as its files are present.

Only the verification of processes reads this; cases take their process from the log.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from kernel.base.instants import zone
from office.catalogue.data_files import PROCEDURES
from office.catalogue.dossier_code import OFFICE_ZONE
from office.process.verification.child_cycles import ProcedureProcesses


class ListedVersion(NamedTuple):
    """One version of a procedure in the catalogue, with what matters for processes."""

    code: str
    version: int
    valid_from: date
    unit: str
    process: str


def known_procedures(folder: Path) -> Mapping[str, ProcedureProcesses]:
    """Return the processes of the shipped procedures and of those published in a folder that can be
    read.

    Intake reports releases that can't be read; they are skipped here.
    """
    return processes_in_use(
        [*_shipped(), *_published(folder)], datetime.now(zone(OFFICE_ZONE)).date()
    )


def processes_in_use(
    versions: Iterable[ListedVersion], day: date
) -> Mapping[str, ProcedureProcesses]:
    """Return the unit and the processes of each procedure in the versions in force on a local day
    or later.
    """
    by_code: dict[str, list[ListedVersion]] = {}
    for version in sorted(versions):
        by_code.setdefault(version.code, []).append(version)
    return {code: _processes_of(found, day) for code, found in by_code.items()}


def _processes_of(versions: list[ListedVersion], day: date) -> ProcedureProcesses:
    followers = [version.valid_from for version in versions[1:]]
    ends = [*followers, date.max]
    used = [version for version, end in zip(versions, ends, strict=True) if end > day]
    return ProcedureProcesses(
        used[0].unit, tuple(dict.fromkeys(version.process for version in used))
    )


def _shipped() -> Iterator[ListedVersion]:
    for procedure in tomllib.loads(PROCEDURES.read_text("utf-8"))["procedure"]:
        for version in procedure["version"]:
            yield ListedVersion(
                procedure["code"],
                version["version"],
                version["valid_from"],
                procedure["unit"],
                version["process"],
            )


def _published(folder: Path) -> Iterator[ListedVersion]:
    for path in sorted(folder.glob("release-*.json")):
        try:
            document = json.loads(path.read_text("utf-8"))
            yield from [_listed(version) for version in document["procedures"]]
        except (OSError, ValueError, KeyError, TypeError):
            continue


def _listed(version: Mapping[str, Any]) -> ListedVersion:
    begins = date.fromisoformat(version["valid_from"])
    return ListedVersion(
        version["code"], version["version"], begins, version["unit"], version["process"]
    )
