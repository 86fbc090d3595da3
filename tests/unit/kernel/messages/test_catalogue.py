"""A message catalogue gives texts in both languages, with parameters and plurals."""

from pathlib import Path

import pytest

from kernel.messages.catalogue import FixedText, MessageCatalogue, load_catalogues

CATALOGUE = """\
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgctxt "greeting"
msgid "Hello {name!r} in {place}."
msgstr "Tại {place}, chào {name!r}."

msgctxt "rows"
msgid "{count} row"
msgid_plural "{count} rows"
msgstr[0] "{count} dòng"
"""


def catalogue(tmp_path: Path, text: str = CATALOGUE) -> MessageCatalogue:
    """Return a catalogue in a file of its own."""
    path = tmp_path / "vi.po"
    path.write_text(text, "utf-8")
    return MessageCatalogue(path)


def test_a_text_is_rendered_in_both_languages(tmp_path: Path) -> None:
    """Each language puts the parameters where it wants them; a parameter can be a text."""
    place = FixedText("Hà Nội", "Hanoi")
    text = catalogue(tmp_path).text("greeting", name="An", place=place)
    assert text.en == "Hello 'An' in Hanoi."
    assert text.vi == "Tại Hà Nội, chào 'An'."


def test_a_parameter_is_no_format(tmp_path: Path) -> None:
    """What a value holds is never taken for a place."""
    text = catalogue(tmp_path).text("greeting", name="{place.__class__}", place="{0}")
    assert text.en == "Hello '{place.__class__}' in {0}."


@pytest.mark.parametrize(("count", "en"), [(1, "1 row"), (0, "0 rows"), (2, "2 rows")])
def test_a_number_chooses_its_form(tmp_path: Path, count: int, en: str) -> None:
    """English tells one from several, Vietnamese does not."""
    assert catalogue(tmp_path).both("rows", count=count) == (f"{count} dòng", en)


def test_naming_a_text_reads_no_file(tmp_path: Path) -> None:
    """A decision names texts; only who renders one needs the file."""
    absent = MessageCatalogue(tmp_path / "nowhere" / "vi.po")
    assert absent.text("greeting", name="An").key == "greeting"
    with pytest.raises(FileNotFoundError):
        absent.both("greeting", name="An")


def test_a_key_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the file in which it is missing."""
    with pytest.raises(KeyError, match=r"farewell is not in .*vi\.po"):
        catalogue(tmp_path).both("farewell")
    assert "farewell" not in catalogue(tmp_path)
    assert list(catalogue(tmp_path)) == ["greeting", "rows"]


@pytest.mark.parametrize(
    "entry",
    [
        'msgid "no key"\nmsgstr "không có khóa"\n',
        'msgctxt "empty"\nmsgid "not translated"\nmsgstr ""\n',
        '#, fuzzy\nmsgctxt "guessed"\nmsgid "by a machine"\nmsgstr "máy đoán"\n',
    ],
)
def test_an_incomplete_entry_is_refused(tmp_path: Path, entry: str) -> None:
    """Nobody is answered with half a text."""
    with pytest.raises(ValueError, match="is incomplete"):
        list(catalogue(tmp_path, f"{CATALOGUE}\n{entry}"))


def test_the_catalogues_of_modules_are_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After it no text needs a file."""
    monkeypatch.setattr("kernel.messages.catalogue._OF_MODULES", [])
    path = catalogue(tmp_path).path
    beside = MessageCatalogue.beside(tmp_path / "texts.py")
    assert beside.path == path
    load_catalogues()
    path.unlink()
    assert beside.both("rows", count=1) == ("1 dòng", "1 row")
