"""Tables for terminals, pipes and files."""

import io

import pytest
from rich.table import Table

from cli.printer import LINE, Printer, counted, grid, line_width

LONG = "a sentence that is longer than a line of any terminal, " * 5


def _printed(width: int, terminal: bool, table: Table | str) -> list[str]:
    stream = io.StringIO()
    Printer(file=stream, width=width, force_terminal=terminal, color_system=None).print(table)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("width", [40, 80, LINE])
def test_rows_are_folded_to_the_width(width: int, terminal: bool) -> None:
    """Nothing is cut off, on a terminal and in a pipe."""
    lines = _printed(width, terminal, grid(("name", "text"), [("a", LONG)]))
    assert max(map(len, lines)) <= width
    assert sum(line.count("terminal") for line in lines) == 5


def test_a_pipe_gets_no_blanks_at_the_end_of_lines() -> None:
    """What is kept in a file has no trailing blanks."""
    lines = _printed(LINE, False, grid(("name", "text"), [("a", "b"), ("longer", "")]))
    assert lines == ["name    text", "a       b", "longer"]


def test_columns_that_are_to_stay_whole_give_way_before_anything_is_lost() -> None:
    """A line that can't hold them folds them; it never cuts them."""
    cells = ("k" * 50, "z" * 45, "words")
    lines = _printed(80, False, grid(("key", "other", "text"), [cells], whole=("key", "other")))
    assert max(map(len, lines)) <= 80
    whole = "".join(lines[1:])
    assert [whole.count(letter) for letter in "kz"] == [50, 45]


def test_sentences_break_between_words_and_go_on_indented() -> None:
    """A path that is longer than the line stays in one piece."""
    path = "/a/" + "folder/" * 20
    lines = _printed(80, False, f"  {LONG}{path}")
    assert max(len(line) for line in lines if path not in line) <= 80
    assert all(line.startswith("    ") for line in lines[1:])
    assert sum(path in line for line in lines) == 1


def test_a_title_is_a_sentence_too() -> None:
    """It has the whole line, however narrow its table is, and is printed again with the table."""
    table = grid(("a", "b"), [("1", "2")], title=f"{LONG}.")
    for _ in range(2):
        *title, heading, row = _printed(80, False, table)
        assert max(map(len, title)) > 60
        assert all(line.startswith("  ") for line in title[1:])
        assert " ".join(line.strip() for line in title) == f"{LONG}."
        assert (heading.split(), row.split()) == (["a", "b"], ["1", "2"])


def test_a_program_that_reads_errors_gets_each_on_one_line() -> None:
    """On a terminal they are broken as everything else."""
    for terminal, lines in ((False, 1), (True, 4)):
        stream = io.StringIO()
        given = {"width": 80, "force_terminal": terminal, "color_system": None}
        Printer(whole_lines=True, file=stream, **given).print(LONG, markup=False)
        assert len(stream.getvalue().splitlines()) == lines


@pytest.mark.parametrize(
    ("columns", "width"), [("132", 132), ("80", 80), ("20", 80), ("0", LINE), ("", LINE)]
)
def test_the_width_is_that_of_columns(
    monkeypatch: pytest.MonkeyPatch, columns: str, width: int
) -> None:
    """COLUMNS says how wide; without it a pipe has a width that fits a page."""
    monkeypatch.setenv("COLUMNS", columns)
    assert line_width(io.StringIO()) == width


def test_things_are_counted_in_words() -> None:
    """One is one."""
    assert [counted(n, "process", "processes") for n in (0, 1, 2)] == [
        "0 processes",
        "1 process",
        "2 processes",
    ]
    assert counted(2, "file") == "2 files"


def test_a_column_that_is_to_stay_whole_is_not_folded() -> None:
    """The others give way."""
    lines = _printed(40, True, grid(("key", "text"), [("k" * 20, LONG)], whole=["key"]))
    assert "k" * 20 in lines[1]


def test_cells_are_never_markup() -> None:
    """What another system wrote in a name can't paint or break the table."""
    lines = _printed(LINE, False, grid(("x",), [("[red]a[/red] [/] :smile:",)]))
    assert lines == ["x", "[red]a[/red] [/] :smile:"]
