"""Documents to checked values: pydantic models, with all mistakes at once.

A model of a document derives from ``DocumentTable``. ``read_document`` validates a file and
returns a model even where there are mistakes: what is wrong or missing is not there, and whoever
asks for it meets ``UnsoundValue``. So a rule between values is written as if all were sound, within
``DocumentReader.rule()``, and is skipped where a value that it needs has a mistake of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Self, TypeVar, cast, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    create_model,
    model_validator,
)

from kernel.documents.mistakes import DocumentError, DocumentMistake, KeyPath, Position
from kernel.documents.rules import UNKNOWN_KEY, Words, rule_of
from kernel.documents.toml_files import FileUnreadable, parse_toml, unreadable
from kernel.messages.catalogue import BilingualText
from kernel.messages.texts import TEXTS

_Table = TypeVar("_Table", bound="DocumentTable")
_NAMES: Final = ("id", "code", "name")
"""Keys by which a table in a list is named."""
_LONGEST: Final = 64
"""Characters of such a name."""


NOTED: Final = object()
"""Stands in the content for a value whose mistake is noted already."""


class UnsoundValue(AttributeError):
    """A value was asked for that has a mistake, or is missing."""


class DocumentReader:
    """The mistakes of one document while it is read."""

    mistake: ClassVar[type[DocumentMistake]] = DocumentMistake
    """How its mistakes are written."""

    def __init__(
        self,
        file: str,
        content: Any,
        positions: Callable[[], Mapping[KeyPath, Position]] = dict,
        setting: str = "",
        words: Words = rule_of,
    ) -> None:
        """``positions`` is called when there is a mistake; ``words`` gives the code and the text of
        a pydantic error.
        """
        self.file = file
        self.content = content
        self.mistakes: list[DocumentMistake] = []
        self._positions = positions
        self._setting = setting
        self.words = words
        self.complete = True
        """Whether the whole document could be read."""
        self.made: dict[tuple[int, type], DocumentTable] = {}
        """The models of the content's tables, each made once."""
        self._wrong: set[KeyPath] = set()
        """The paths of the mistakes, and all above them."""
        self.index()

    def index(self) -> None:
        """Learn where the tables of the content stand."""
        self._paths = dict(_tables(self.content, ()))

    def value_at(self, path: KeyPath) -> Any:
        """Return the content at a path; None for what is not there."""
        value = self.content
        for part in path:
            value = _item(value, part)
        return value

    def rows(self, key: str) -> list[dict[str, Any]]:
        """Return the tables in the list under a key, also those with mistakes."""
        found = self.content.get(key) if isinstance(self.content, dict) else None
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []

    def tables(self, *path: str) -> Iterator[str]:
        """Yield the keys under which tables of any names stand; note a value that is no table."""
        value = self.value_at(path)
        if isinstance(value, dict):
            yield from value
        elif value is not None:
            self.wrong(path, "table", TEXTS.text("document.table"))

    def path_of(self, table: dict[str, Any]) -> KeyPath:
        """Return where a table stands in the content."""
        return self._paths.get(id(table), ())

    def has_mistake(self, path: KeyPath) -> bool:
        """Return whether the value at a path has a mistake, or one in it has."""
        return path in self._wrong

    def wrong(self, path: KeyPath, rule: str, text: BilingualText) -> None:
        """Note the mistake of the value at a path, unless it is noted already."""
        self.note(self.place_of(path), self.where(path), rule, text, path)

    def place_of(self, path: KeyPath) -> Position:
        """Return where a value stands; where it is missing, the table in which it is."""
        positions = self._positions()
        while path and path not in positions:
            path = path[:-1]
        return positions.get(path, (1, 1) if positions else (0, 0))

    def note(
        self, place: Position, where: str, rule: str, text: BilingualText, path: KeyPath = ()
    ) -> None:
        """Note a mistake by its place and the words for it, unless it is noted already."""
        self.add(self.mistake(self.file, *place, where, rule, text, path))

    def add(self, mistake: DocumentMistake) -> None:
        """Add a mistake, unless it is noted already."""
        self._wrong.update(mistake.path[:end] for end in range(len(mistake.path) + 1))
        if mistake not in self.mistakes:
            self.mistakes.append(mistake)

    def where(self, path: KeyPath) -> str:
        """Return a path in the words of the document: ``unit 3 (H22.12), name``."""
        words: list[str] = []
        value = self.content
        for part in path:
            value = _item(value, part)
            if isinstance(part, str):
                words.append(part)
                continue
            called = next((value[key] for key in _NAMES if _is_name(value, key)), "")
            words[-1] += f" {part + 1}" + (f" ({called})" if called else "")
        return ", ".join(words)

    @contextmanager
    def rule(self) -> Iterator[None]:
        """Skip the rest of a rule that needs a value with a mistake of its own."""
        try:
            yield
        except UnsoundValue:
            pass

    def in_order(self) -> list[DocumentMistake]:
        """Return the mistakes in the order of the lines."""
        return sorted(self.mistakes, key=lambda each: (each.line, each.column))

    def raise_mistakes(self, *others: DocumentReader) -> None:
        """Raise ``DocumentError`` if there is a mistake, here or in the documents that this one
        names; each document's in the order of its lines.
        """
        found = [mistake for reader in (self, *others) for mistake in reader.in_order()]
        if found:
            raise DocumentError(found, self._setting)


class DocumentTable(BaseModel):
    """A table of a document. Unknown keys are mistakes, and no value is converted silently."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True
    )
    _path: KeyPath = PrivateAttr(default=())

    @property
    def path(self) -> KeyPath:
        """Where the table stands in its document."""
        return self._path

    def __getattr__(self, name: str) -> Any:
        if name in type(self).model_fields:
            raise UnsoundValue(name)
        return super().__getattr__(name)  # type: ignore[misc]

    @model_validator(mode="wrap")
    @classmethod
    def _keep_sound_parts(
        cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        reader = info.context
        if not isinstance(reader, DocumentReader) or not isinstance(data, dict):
            return handler(data)
        known = reader.made.get((id(data), cls))
        if known is not None:
            return cast("Self", known)
        path = reader.path_of(data)
        try:
            made = handler(data)
        except ValidationError as error:
            made = cls._partial(data, error, reader, path)
        made._path = path
        reader.made[id(data), cls] = made
        return made

    @classmethod
    def _partial(
        cls, data: dict[str, Any], error: ValidationError, reader: DocumentReader, path: KeyPath
    ) -> Self:
        """Return a table of the sound values; note the mistakes of the others."""
        problems = error.errors(include_url=False)
        known = [field.alias or name for name, field in cls.model_fields.items()]
        strange = [str(p["loc"][0]) for p in problems if p["type"] == UNKNOWN_KEY]
        missing = [key for key in known if key not in data]
        near = {key: get_close_matches(key.lower(), missing, 1) for key in strange}
        meant = {key for keys in near.values() for key in keys}
        misspelt = {("missing", key) for key in meant}
        for problem in problems:
            loc = tuple(problem["loc"])
            if problem["type"] == UNKNOWN_KEY and len(loc) == 1:
                problem["ctx"] = {"near": near[str(loc[0])], "known": known}
            if problem["input"] is not NOTED and (problem["type"], loc[0]) not in misspelt:
                rule, text = reader.words(dict(problem))
                if rule == "list" and _lists_tables(cls, str(loc[0])):
                    text = TEXTS.text("document.tables", table=loc[0])
                reader.wrong((*path, *loc), rule, text)
        wrong = {tuple(problem["loc"]) for problem in problems}
        sound: dict[str, Any] = {}
        unsound = set()
        for name, field in cls.model_fields.items():
            key = field.alias or name
            if key in meant:
                unsound.add(name)
            if key not in data:
                continue
            kept = _without_wrong(data[key], key, wrong)
            try:
                if kept is _GONE:
                    raise UnsoundValue(name)
                alone = _field_alone(cls, name).model_validate({"value": kept}, context=reader)
                sound[name] = cast(Any, alone).value
            except (UnsoundValue, ValidationError):
                unsound.add(name)
        made = cls.model_construct(**sound)
        unsound |= {name for name in cls.model_fields if name not in made.__dict__}
        for name in unsound:
            made.__dict__.pop(name, None)
        return cast("Self", made)


def read_document(model: type[_Table], reader: DocumentReader, path: KeyPath = ()) -> _Table | None:
    """Return the model of a document, or of a table in it, as far as it is sound; its mistakes are
    noted. Return None for what is no table.
    """
    try:
        return model.model_validate(reader.value_at(path), context=reader)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            reader.wrong((*path, *problem["loc"]), *reader.words(dict(problem)))
        return None


_GONE: Final = object()


@cache
def _field_alone(model: type[BaseModel], name: str) -> type[BaseModel]:
    """Return a model with one field of another model, called ``value``."""
    field = model.model_fields[name]
    kind: Any = field.annotation
    for each in field.metadata:
        kind = Annotated[kind, each]
    config = ConfigDict(strict=True, arbitrary_types_allowed=True)
    return create_model(name, __config__=config, value=(kind, ...))


def _lists_tables(model: type[BaseModel], key: str) -> bool:
    kinds = get_args(model.model_fields[key].annotation) if key in model.model_fields else ()
    return any(isinstance(kind, type) and issubclass(kind, DocumentTable) for kind in kinds)


def _without_wrong(value: Any, key: str, wrong: set[KeyPath]) -> Any:
    """Return a value without its wrong items; ``_GONE`` where it is wrong as a whole."""
    if (key,) in wrong:
        return _GONE
    if isinstance(value, list):
        return [item for place, item in enumerate(value) if not _meets((key, place), wrong)]
    if isinstance(value, dict) and any(path[0] == key for path in wrong):
        return {name: item for name, item in value.items() if not _meets((key, name), wrong)}
    return value


def _meets(path: KeyPath, wrong: set[KeyPath]) -> bool:
    return any(each[: len(path)] == path for each in wrong)


def _tables(value: Any, path: KeyPath) -> Iterator[tuple[int, KeyPath]]:
    items: Any = ()
    if isinstance(value, dict):
        yield id(value), path
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield from _tables(item, (*path, key))


def _item(value: Any, part: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(str(part))
    return value[part] if isinstance(value, list) and isinstance(part, int) else None


def _is_name(value: Any, key: str) -> bool:
    """Return whether the value under a key is one by which a reader finds a table."""
    name = value.get(key) if isinstance(value, dict) else None
    return (
        isinstance(name, str | int) and 0 < len(str(name)) <= _LONGEST and str(name).isprintable()
    )


def open_toml(
    path: Path, setting: str = "", name: str = "", words: Words = rule_of
) -> DocumentReader:
    """Return a reader of a TOML file, which mistakes call by ``name``, else by its path; raise
    ``DocumentError`` for one that can't be read.
    """
    name = name or str(path)
    try:
        raw = path.read_bytes()
        content = parse_toml(raw)
    except FileUnreadable as error:
        text = TEXTS.text("toml.none", cause=error.cause) if error.line else error.cause
        mistake = DocumentMistake(name, error.line, error.column, "", "toml", text)
        raise DocumentError([mistake], setting) from error
    except (OSError, ValueError) as error:
        mistake = DocumentMistake(name, 0, 0, "", "file", unreadable(error))
        raise DocumentError([mistake], setting) from error

    @cache
    def positions() -> Mapping[KeyPath, Position]:
        # Services whose files have no mistake do without the parser, which takes 1 MB.
        from kernel.documents.positions import toml_positions

        return toml_positions(raw.decode())

    return DocumentReader(name, content, positions, setting, words)
