"""The mapping file is checked before anything is sent."""

from pathlib import Path

import pytest

from cli.importing.mapping import LoadedMapping, MappingError, load_mapping
from tests.support.paths import ROOT

GOOD = """
[source]
name = "elsewhere"
format = "csv"
time_zone = "Europe/Amsterdam"
[columns]
case = "c"
channel = "ch"
unit = "u"
started = "s"
activity = "a"
time = "t"
[channels]
"Web" = "online"
[procedure]
code = "X-1"
"""
SHIPPED = sorted((ROOT / "examples" / "mappings").glob("*.toml"))


def _load(tmp_path: Path, text: str) -> LoadedMapping | None:
    file = tmp_path / "map.toml"
    file.write_text(text, encoding="utf-8")
    return load_mapping(file)


def test_a_good_mapping_is_read(tmp_path: Path) -> None:
    """Optional columns that are not given are not asked of the log."""
    loaded = _load(tmp_path, GOOD)
    assert loaded is not None
    assert loaded.mapping.columns.named() == {"c", "ch", "u", "s", "a", "t"}
    assert loaded.content == GOOD.encode()


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_mappings_that_are_shipped_are_good(file: Path) -> None:
    """Examples can be used as they are."""
    assert load_mapping(file).mapping.columns.case


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('format = "csv"', 'format = "xls"', "source, format: must be one of csv, xes, xlsx"),
        ('"Europe/Amsterdam"', '"Europe/Nowhere"', "source, time_zone: is no IANA time zone"),
        ('"Europe/Amsterdam"', '"Europe"', "source, time_zone: is no IANA time zone"),
        ('case = "c"', "", "columns, case: is missing"),
        ('case = "c"', 'case = "c"\nkase = "k"', "columns, kase: is no key here"),
        ('"online"', '"fax"', "channels, Web: must be one of online, "),
        ('code = "X-1"', 'code = ""', "procedure, code: must not be empty"),
        ('channel = "ch"', "", "columns, channel: is missing: name a column, or give a channel in"),
        ('[procedure]\ncode = "X-1"', "", "procedure: is missing: give the code of the procedure"),
        ('"csv"', '"csv"\ntime_format = "dd/mm/yyyy"', "time_format 1: is no format of times"),
        ("[source]", "[source", "is no TOML"),
    ],
)
def test_a_wrong_mapping_names_the_file_and_the_field(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    """One line, so that it can be mended at once."""
    with pytest.raises(MappingError) as problem:
        _load(tmp_path, GOOD.replace(old, new))
    assert str(problem.value).startswith(str(tmp_path / "map.toml"))
    assert words in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_mapping_that_is_not_there_says_so(tmp_path: Path) -> None:
    """The text names the file."""
    with pytest.raises(MappingError, match="there is no such file"):
        load_mapping(tmp_path / "none.toml")
