"""What is wrong with a file as such is message in plain words, with line and column."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kernel.documents.mistakes import DocumentError
from kernel.documents.reading import open_toml


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nb 2\n", "line 2, column 3: a key is followed by = and a value"),
        ("a", "line 1, column 2: a key is followed by = and a value"),
        ("a = [1,\n", "line 2, column 1: no value stands here"),
        ("a = [1\nb = 2\n", "line 2, column 1: a list is not closed"),
        ("a = {b = 1\n", "line 1, column 11: a table is not closed"),
        ('a = "x\nb = 1\n', "line 1, column 7: a quotation mark is not closed on its line"),
        ('a = """x\n', "line 2, column 1: a quotation mark is not closed"),
        ('a = x"\n', "line 1, column 5: no value stands here: a text needs quotes"),
        ('a = "x" y\n', "line 1, column 9: after a value the line must end"),
        ("a = 2021-02-30\n", "line 1, column 5: there is no such day or time"),
        ("[a\n", "line 1, column 3: a [table] is not closed by ]"),
        ("[[a]\n", "line 1, column 4: a [[table]] is not closed by ]]"),
        ("a = 1\na = 2\n", "line 2, column 6: this key stands here twice"),
        ("[a]\n[a]\n", "line 2, column 3: this [table] stands here twice"),
        ('a = "\\q"\n', "line 1, column 8: after \\ stands a letter without a meaning"),
        ("= 1\n", "line 1, column 1: neither a key nor a [table] begins here"),
        ("a. = 1\n", "line 1, column 4: a key, made of letters, digits, - and _, is missing"),
        ("a = '\x01'\n", "line 1, column 6: a control character stands here"),
        ("a = {b = 1, b = 2}\n", "line 1, column 18: this key stands here twice"),
        ("a = {b = 1}\na.c = 2\n", "line 2, column 8: this table was closed before"),
        ("a = " + "[" * 5000, "nested too deeply"),
        (f"a = 1\nb = {'9' * 5000}\n", "line 2, column 5: a number is too long"),
        (f"a = [1, -{'9' * 5000}]\n", "line 1, column 9: a number is too long"),
        (f"[a]\nb = 0x{'f' * 5000}\n", "line 2, column 5: a number is too long"),
    ],
)
def test_what_is_no_toml(tmp_path: Path, text: str, message: str) -> None:
    """Every kind of mistake that the language knows, none in a parser's words."""
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(DocumentError) as caught:
        open_toml(path)
    expected = re.sub(r"^(?:line (\d+), column (\d+): )?", ":\\1:\\2: is no TOML: ", message)
    assert f"a.toml{expected.replace(':::', ':')}" in str(caught.value)


def test_what_is_no_text(tmp_path: Path) -> None:
    """Another encoding, a folder, and what is not there."""
    path = tmp_path / "a.toml"
    path.write_bytes('a = "Tỉnh"'.encode("utf-16"))
    with pytest.raises(DocumentError, match=r"is no text in UTF-8 \(byte 1\)"):
        open_toml(path)
    with pytest.raises(DocumentError, match="is a folder, not a file"):
        open_toml(tmp_path)
    with pytest.raises(DocumentError, match="there is no such file"):
        open_toml(tmp_path / "none.toml")
    with pytest.raises(DocumentError, match="no file can have this name"):
        open_toml(tmp_path / "a\0b.toml")
