"""Message catalogues: the texts for people, in Vietnamese and English, in files for translators.

A catalogue is a gettext file, ``vi.po``, in the folder of the package whose texts it holds. Each
entry has a key (``msgctxt``), the English text (``msgid``) and the Vietnamese one (``msgstr``);
``{name}`` stands for a parameter. docs/translating.md explains the format.

Naming a text reads no file: a catalogue is read when one of its texts is rendered for the first
time, or by ``load_catalogues``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

COUNT: Final = "count"
"""The parameter by which an entry with a plural chooses its form."""
FILE: Final = "vi.po"


class BilingualText(Protocol):
    """A text in both languages."""

    @property
    def vi(self) -> str:
        """The text in Vietnamese."""

    @property
    def en(self) -> str:
        """The text in English."""


@dataclass(frozen=True, slots=True)
class FixedText:
    """A text that no catalogue holds, such as a name that an operator gave."""

    vi: str
    en: str


def listed(texts: Iterable[BilingualText]) -> FixedText:
    """Return texts with commas between."""
    found = list(texts)
    return FixedText(", ".join(each.vi for each in found), ", ".join(each.en for each in found))


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One entry of a catalogue; each language has one form, or one for each plural."""

    vi: tuple[str, ...]
    en: tuple[str, ...]


class Params(Protocol):
    """The values of a text's parameters; a value may be a text in both languages."""

    def __getitem__(self, name: str, /) -> object:
        """Return a value."""


@dataclass(frozen=True, slots=True)
class _InLanguage:
    """Parameters, texts among them in one language."""

    params: Params
    language: str

    def __getitem__(self, name: str) -> object:
        value = self.params[name]
        return getattr(value, self.language, value)


class _Once(dict[str, object]):
    """Parameters, each asked for once, whatever the number of languages."""

    def __init__(self, params: Params) -> None:
        super().__init__()
        self._params = params

    def __missing__(self, name: str) -> object:
        value = self[name] = self._params[name]
        return value


@dataclass(frozen=True, slots=True)
class CatalogueText:
    """A text by its key and parameters, rendered when ``vi`` or ``en`` is asked for."""

    catalogue: MessageCatalogue
    key: str
    params: Params = field(default_factory=dict[str, object])

    @property
    def vi(self) -> str:
        """The text in Vietnamese, which has one form for all numbers."""
        return self.catalogue.entry(self.key).vi[0].format_map(_InLanguage(self.params, "vi"))

    @property
    def en(self) -> str:
        """The text in English."""
        forms = self.catalogue.entry(self.key).en
        singular = len(forms) > 1 and str(self.params[COUNT]) == "1"
        return forms[0 if singular else -1].format_map(_InLanguage(self.params, "en"))


@dataclass(frozen=True, slots=True)
class MessageCatalogue:
    """The texts of one package."""

    path: Path
    _found: dict[str, CatalogueEntry] = field(default_factory=dict, compare=False, repr=False)
    """The entries by key, empty until they are read."""

    @classmethod
    def beside(cls, place: str | Path) -> MessageCatalogue:
        """Return the catalogue in the folder that holds ``place``, a module's ``__file__``."""
        made = cls(Path(place).with_name(FILE))
        _OF_MODULES.append(made)
        return made

    def text(self, key: str, **params: object) -> CatalogueText:
        """Return a text; a parameter may be a text in both languages itself."""
        return CatalogueText(self, key, params)

    def filled(self, key: str, params: Params) -> FixedText:
        """Return a text filled with what ``params`` has under the names in it, when it is asked."""
        text = CatalogueText(self, key, _Once(params))
        return FixedText(text.vi, text.en)

    def both(self, key: str, **params: object) -> tuple[str, str]:
        """Return a text in Vietnamese and in English."""
        text = self.text(key, **params)
        return text.vi, text.en

    def entry(self, key: str) -> CatalogueEntry:
        """Return the entry of a key; raise ``KeyError`` that names it and the file."""
        try:
            return self._entries()[key]
        except KeyError:
            raise KeyError(f"{key} is not in {self.path}") from None

    def __contains__(self, key: str) -> bool:
        return key in self._entries()

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries())

    def load(self) -> None:
        """Read the file, once; raise ``ValueError`` for one that is incomplete."""
        self._entries()

    def _entries(self) -> Mapping[str, CatalogueEntry]:
        if not self._found:
            self._found.update(_read(self.path))
        return self._found


_OF_MODULES: Final[list[MessageCatalogue]] = []
"""The catalogues of the modules that are imported."""


def load_catalogues() -> None:
    """Read the catalogues of all imported modules, so that no refusal waits for it (0.1 s)."""
    for catalogue in _OF_MODULES:
        catalogue.load()


def _read(path: Path) -> Mapping[str, CatalogueEntry]:
    """Return the entries of a file by key; raise ``ValueError`` for one that is incomplete."""
    # A process that renders no text does without the library, which takes 4 MB.
    from babel.messages.pofile import read_po

    found: dict[str, CatalogueEntry] = {}
    with path.open("rb") as file:
        for message in read_po(file, abort_invalid=True):
            if not message.id:
                continue
            entry = CatalogueEntry(_forms(message.string), _forms(message.id))
            if not message.context or not all((*entry.vi, *entry.en)) or message.fuzzy:
                raise ValueError(f"{path}: the entry {message.context or message.id} is incomplete")
            found[message.context] = entry
    return found


def _forms(texts: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts or ())
