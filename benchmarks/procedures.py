"""How long a province's whole list of procedures takes: written, checked, published, loaded."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from benchmarks.harness import Figures, Servers, Size, TargetMissed
from office.catalogue.files import release_repository
from office.catalogue.files.additions import check_addition
from office.catalogue.files.document import all_entries
from office.catalogue.files.reader import read_file
from office.catalogue.files.writer import FORMATS, write
from office.catalogue.loader import shipped_catalogue
from office.catalogue.model import Catalogue, Field, Procedure, build_catalogue

NAME = "procedures: a whole province's list, published"
COUNTS = {Size.SMALL: 40, Size.USUAL: 1_875, Size.FULL: 1_875}
"""The largest: as many as the province's article of 2021 counts."""
TARGET = 10.0
"""Seconds that a file of any form may take from reading to published."""
T = TypeVar("T")


def province(count: int) -> list[Procedure]:
    """Return a list as long as the province's: the shipped procedures under codes of their own."""
    models = [versions[-1] for versions in shipped_catalogue().procedures.values()]
    return [
        replace(
            models[place % len(models)],
            code=f"3.{100_000 + place}",
            version=1,
            valid_from=date(2021, 1, 1),
            valid_to=None,
            name_vi=f"{models[place % len(models)].name_vi} ({place})",
        )
        for place in range(count)
    ]


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Run work, and return the seconds it took with its result."""
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


def run(size: Size, servers: Servers) -> Figures:
    """Print a line for each form of file."""
    shipped = shipped_catalogue()
    fields, _ = all_entries(shipped)
    base: Catalogue = build_catalogue(shipped.units.values(), [], [], "")
    versions = province(COUNTS[size])
    parts = sum(len(it.parts) + len(it.fees) for it in versions)
    print(f"{len(versions):,} procedures with {parts:,} papers and fees")
    print("form        MB   write s   read+check s   publish s   load s")
    folder = servers.folder()
    seconds = {form: _line(form, folder, fields, versions, base) for form in FORMATS}
    slowest = max(seconds.values())
    print(f"slowest import {slowest:.2f} s (target: at most {TARGET:.0f} s)")
    if size is not Size.SMALL and slowest > TARGET:
        raise TargetMissed(f"the slowest import took {slowest:.2f} s")
    return seconds


def _line(
    form: str, place: Path, fields: list[Field], versions: list[Procedure], base: Catalogue
) -> float:
    """Measure one form, and return the seconds from reading to published."""
    path, folder = place / f"list.{form}", place / form
    wrote, raw = timed(lambda: write(form, fields, versions))
    path.write_bytes(raw)
    checked, added = timed(lambda: check_addition(read_file(path), base))
    before = release_repository.load(folder, base)
    published, _ = timed(
        lambda: release_repository.publish(
            folder, before, added, at="2021-08-09T08:00:00+00:00", by="bench", source=""
        )
    )
    loaded, found = timed(lambda: release_repository.load(folder, base))
    if len(found.catalogue.procedures) != len(versions):
        raise AssertionError("procedures were lost")
    print(
        f"{form:<7} {len(raw) / 2**20:6.1f} {wrote:9.2f} {checked:14.2f} "
        f"{published:11.2f} {loaded:8.2f}"
    )
    return checked + published
