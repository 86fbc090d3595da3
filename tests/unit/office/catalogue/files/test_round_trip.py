"""What is exported and imported again is the same, in every form."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from office.catalogue.files.additions import check_addition, extended_catalogue
from office.catalogue.files.document import all_entries
from office.catalogue.files.reader import read_file
from office.catalogue.files.writer import FORMATS, write
from office.catalogue.loader import shipped_catalogue
from office.catalogue.model import Catalogue, build_catalogue
from tests.support.procedure_files import TEXTS, catalogues, versions


def again(folder: Path, form: str, given: Catalogue) -> Catalogue:
    """Export a catalogue, and import the file on top of its units alone."""
    path = folder / f"out.{form}"
    path.write_bytes(write(form, *all_entries(given)))
    nothing = build_catalogue(given.units.values(), [], [], "00000000")
    return extended_catalogue(nothing, check_addition(read_file(path), nothing), "11111111")


@given(given_catalogue=catalogues())
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
def test_round_trip_is_the_identity(tmp_path: Path, given_catalogue: Catalogue) -> None:
    """Export and import give every field and version back, value for value and in order, in every
    form: to draw a catalogue takes longer than to write and read it.
    """
    for form in FORMATS:
        found = again(tmp_path, form, given_catalogue)

        assert all_entries(found) == all_entries(given_catalogue), form
        assert dict(found.procedures) == dict(given_catalogue.procedures), form


@pytest.mark.parametrize("form", FORMATS)
def test_shipped_catalogue_survives(tmp_path: Path, form: str) -> None:
    """The catalogue that ships goes out and comes back the same, and is nothing new to itself."""
    shipped = shipped_catalogue()
    path = tmp_path / f"shipped.{form}"
    path.write_bytes(write(form, *all_entries(shipped)))
    added = check_addition(read_file(path), shipped)

    assert all_entries(again(tmp_path, form, shipped)) == all_entries(shipped)
    assert added.empty
    assert added.unchanged == sum(len(entries) for entries in all_entries(shipped))


@given(text=TEXTS, other=st.data())
@settings(max_examples=60)
def test_no_cell_is_a_formula(text: str, other: st.DataObject) -> None:
    """Whatever a name is, no exported cell is computed by the program that opens it."""
    version = other.draw(versions("1.000001", 1))
    made = type(version)(
        **{name: getattr(version, name) for name in version.__slots__} | {"name_vi": text}
    )
    table = csv.reader(io.StringIO(write("csv", [], [made]).decode("utf-8-sig"), newline=""))
    book = load_workbook(io.BytesIO(write("xlsx", [], [made])))

    for cells in table:
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@＝＋－＠\t\r")]
    for row in book["procedures"].iter_rows():
        assert {cell.data_type for cell in row} <= {"s", "n"}
        assert all(cell.data_type == "s" or cell.value is None for cell in row)


def test_workbook_holds_texts_only(tmp_path: Path) -> None:
    """A workbook has no part besides its sheet that could do anything: no macros, no links."""
    raw = write("xlsx", *all_entries(shipped_catalogue()))
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        names = " ".join(packed.namelist())

    assert "vba" not in names.lower()
    assert "externalLink" not in names
    assert "<f>" not in zipfile.ZipFile(io.BytesIO(raw)).read("xl/worksheets/sheet1.xml").decode()
