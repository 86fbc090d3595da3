"""The templates of forms, and their pages as PDF.

A template is a file of Typst, named after its kind (``receipt.typ``), that defines
``template(form)``. It reaches no file, no network and no other data (docs/adr/0056): it is one
source with ``common.typ`` before it, and the words by which Typst reads something are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kernel.documents.mistakes import DocumentError, DocumentMistake
from kernel.documents.toml_files import unreadable
from kernel.messages.catalogue import BilingualText
from office.forms.choice import FormKind
from office.forms.contents import CONTENTS, document_of, names_of
from office.forms.samples import bare_sample, sample
from office.texts import OFFICE_TEXTS

if TYPE_CHECKING:
    import typst

OWN_FOLDER: Final = "MOTCUA_FORMS"
"""The variable that names a folder of an office's own templates, which take the shipped ones'
place.
"""
_SHIPPED: Final = files("office.forms") / "templates"
_COMMON: Final = "common.typ"
_READS: Final = re.compile(
    r"(?<![\w-])(?:import|include|read|json|csv|yaml|toml|xml|cbor|bibliography|plugin|eval|std|sys"
    r"|datetime)(?![\w-])"
)
"""The words by which a template would get at a file, a package, other data or the clock."""
_FIELD: Final = re.compile(r"(?<![\w-])form\.([^\W\d][\w-]*)(?![\w(-])")
"""A field of the form; what is called is a method of dictionaries."""
_PLACE: Final = re.compile(r"__typst_py_bytes__\.typ:(\d+):(\d+)")
_CALL: Final = "\n#template(json(bytes(sys.inputs.form)))\n"


class FormTemplates:
    """The templates in use, each checked before; threads may share it."""

    def __init__(self, own: Path | None = None) -> None:
        """Take the shipped templates and those of the folder ``own``.

        Raise ``DocumentError`` with all mistakes in these: a field that the form does not have, a
        word that reads something, what Typst can't set.
        """
        common = _shipped(_COMMON)
        by_name = {f"{kind.value}.typ": kind for kind in CONTENTS}
        sources = {kind: _shipped(name) for name, kind in by_name.items()}
        mistakes: list[DocumentMistake] = []
        for path in _own_files(own):
            try:
                text = path.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                mistakes.append(_mistake(path, 0, 0, "unreadable", unreadable(error)))
                continue
            if path.name == _COMMON:
                common = text
            elif (kind := by_name.get(path.name)) is not None:
                sources[kind] = text
                mistakes += _wrong_words(path, text, names_of(kind))
            else:
                names = ", ".join([_COMMON, *by_name])
                unknown = OFFICE_TEXTS.text("form.unknown_file", names=names)
                mistakes.append(_mistake(path, 0, 0, "unknown", unknown))
        if own and (own / _COMMON).is_file():
            mistakes += _wrong_words(own / _COMMON, common, None)
        self._sources = {
            kind: f"{common}\n{text}{_CALL}".encode() for kind, text in sources.items()
        }
        if own and not mistakes:
            lines = common.count("\n") + 1
            mistakes = [each for kind in sources for each in self._not_set(kind, own, lines)]
        if mistakes:
            raise DocumentError(mistakes, OWN_FOLDER)

    def pdf(self, kind: FormKind, content: Any, at: int) -> bytes:
        """Return a form as PDF; the same content and instant (in seconds) give the same bytes.

        Raise ``typst.TypstError`` where the template can't be set with this content.
        """
        import typst  # 9 MB that a service which prints nothing does without

        values = json.dumps(document_of(content), ensure_ascii=False)
        made = typst.Compiler(**_options()).compile(
            self._sources[kind], format="pdf", sys_inputs={"form": values}, timestamp=at
        )
        assert isinstance(made, bytes), "there is no output file"
        return made

    def _not_set(self, kind: FormKind, own: Path, common: int) -> Iterator[DocumentMistake]:
        """Yield what keeps Typst from setting the samples; ``common`` counts lines before."""
        import typst

        for content in (sample(kind), bare_sample(kind)):
            values = json.dumps(document_of(content), ensure_ascii=False)
            try:
                _, warnings = typst.Compiler(**_options()).compile_with_warnings(
                    self._sources[kind], format="pdf", sys_inputs={"form": values}, timestamp=0
                )
                found: list[Any] = list(warnings)
            except typst.TypstError as error:
                found = [error]
            for each in found:
                line, column = _place(each.diagnostic)
                file = own / (_COMMON if 0 < line <= common else f"{kind.value}.typ")
                text = OFFICE_TEXTS.text("form.not_set", message=each.message)
                at = line if line <= common else line - common
                yield _mistake(file, at, column, "typst", text)
            if found:
                return


@cache
def _fonts() -> typst.Fonts:
    """Return the fonts within Typst (OFL): the same on every machine."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


def _options() -> Mapping[str, Any]:
    return {"root": str(_SHIPPED), "font_paths": _fonts(), "ignore_system_fonts": True}


def _shipped(name: str) -> str:
    return (_SHIPPED / name).read_text("utf-8")


def _own_files(own: Path | None) -> list[Path]:
    """Return the office's own templates; raise ``DocumentError`` when the folder is missing."""
    if own is None:
        return []
    if not own.is_dir():
        missing = OFFICE_TEXTS.text("form.no_folder")
        raise DocumentError([_mistake(own, 0, 0, "unreadable", missing)], OWN_FOLDER)
    return sorted(own.glob("*.typ"))


def _wrong_words(path: Path, text: str, fields: frozenset[str] | None) -> Iterator[DocumentMistake]:
    """Yield the words that read something, and the fields that are none; None: any are."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in _READS.finditer(line):
            words = OFFICE_TEXTS.text("form.reads", word=found[0])
            yield _mistake(path, number, found.start() + 1, "reads", words)
        for found in _FIELD.finditer(line):
            if fields is not None and found[1] not in fields:
                known = ", ".join(sorted(fields))
                words = OFFICE_TEXTS.text("form.no_field", field=found[1], fields=known)
                yield _mistake(path, number, found.start(1) + 1, "field", words)


def _place(diagnostic: str) -> tuple[int, int]:
    found = _PLACE.search(diagnostic)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _mistake(path: Path, line: int, column: int, rule: str, text: BilingualText) -> DocumentMistake:
    return DocumentMistake(str(path), line, column, "", rule, text)
