"""What is wrong with a table in a CSV file as such."""

from __future__ import annotations

from pathlib import Path

from kernel.documents.csv_file import CsvColumns, open_csv

COLUMNS = CsvColumns(("id", "name"), ("id",))


def test_a_byte_that_is_no_text(tmp_path: Path) -> None:
    """It is named by its place in the whole file, however far from the beginning."""
    path = tmp_path / "officers.csv"
    before = b"\xef\xbb\xbfid,name\n" + b"an,An\n" * 5_000 + b"binh,"
    path.write_bytes(before + b"\xff\n")

    reader = open_csv(path, "officer", COLUMNS)

    place = len(before) + 1
    assert [str(mistake) for mistake in reader.mistakes] == [
        f"officers.csv: is no text in UTF-8 (byte {place})"
    ]
    assert not reader.complete


def test_an_empty_file(tmp_path: Path) -> None:
    """It lacks the columns of the heading; it is not a table without rows."""
    path = tmp_path / "officers.csv"
    path.write_bytes(b"")

    reader = open_csv(path, "officer", COLUMNS)

    assert [str(mistake) for mistake in reader.mistakes] == [
        "officers.csv:1:1: id: this column is missing"
    ]
