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
from typing import Annotated, Any, Final, Self, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from kernel.documents.mistakes import DocumentError, DocumentMistake, KeyPath, Position
from kernel.documents.toml_files import FileUnreadable, parse_toml, unreadable
from kernel.messages.catalogue import BilingualText
from kernel.messages.texts import TEXTS

_Table = TypeVar("_Table", bound="DocumentTable")
_NAMES: Final = ("id", "code", "name", "unit", "version")
"""Keys by which a table in a list is named."""
_UNKNOWN: Final = "extra_forbidden"
_OWN: Final = "rule"
_TEXT_OF: Final = {
    "missing": "missing",
    "string_type": "text",
    "string_too_short": "empty",
    "string_too_long": "long",
    "int_type": "number",
    "int_from_float": "number",
    "float_type": "number",
    "bool_type": "yes_no",
    "greater_than": "above",
    "greater_than_equal": "least",
    "less_than_equal": "most",
    "dict_type": "table",
    "model_type": "table",
    "model_attributes_type": "table",
    "list_type": "list",
    "set_type": "list",
    "frozen_set_type": "list",
    "tuple_type": "list",
    "too_short": "short_list",
    "too_long": "long_list",
    "literal_error": "choice",
    "enum": "choice",
}
"""The texts of pydantic's errors."""
_LIMITS: Final = ("gt", "ge", "le", "min_length", "max_length")


class UnsoundValue(AttributeError):
    """A value was asked for that has a mistake, or is missing."""


def broken(rule: str, text: BilingualText) -> PydanticCustomError:
    """Return what a validator raises: the code of the rule that is broken, and its text."""
    return PydanticCustomError(_OWN, "{rule}", {"rule": rule, "text": text})


def must(holds: Callable[[Any], object], rule: str, text: BilingualText) -> AfterValidator:
    """Return a validator of values for which ``holds`` is true, such as a pattern's ``fullmatch``.

    A person is told the text, never the pattern.
    """

    def check(value: Any) -> Any:
        if not holds(value):
            raise broken(rule, text)
        return value

    return AfterValidator(check)


class DocumentReader:
    """The mistakes of one document while it is read."""

    def __init__(
        self,
        file: str,
        content: Any,
        positions: Callable[[], Mapping[KeyPath, Position]] = dict,
        setting: str = "",
    ) -> None:
        """``positions`` is called when there is a mistake."""
        self.file = file
        self.content = content
        self.mistakes: list[DocumentMistake] = []
        self.wrong_paths: set[KeyPath] = set()
        self._positions = positions
        self._setting = setting
        self._paths = dict(_tables(content, ()))

    def value_at(self, path: KeyPath) -> Any:
        """Return the content at a path; None for what is not there."""
        value = self.content
        for part in path:
            value = _item(value, part)
        return value

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

    def wrong(self, path: KeyPath, rule: str, text: BilingualText) -> None:
        """Note the mistake of the value at a path, unless it is noted already."""
        positions, at = self._positions(), path
        while at and at not in positions:
            at = at[:-1]
        line, column = positions.get(at, (1, 1) if positions else (0, 0))
        self.wrong_paths.add(path)
        mistake = DocumentMistake(self.file, line, column, self.where(path), rule, text)
        if all((m.where, m.line, m.rule) != (mistake.where, line, rule) for m in self.mistakes):
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

    def raise_mistakes(self) -> None:
        """Raise ``DocumentError`` if there is a mistake, the mistakes in the order of the file."""
        if self.mistakes:
            ordered = sorted(self.mistakes, key=lambda mistake: (mistake.line, mistake.column))
            raise DocumentError(ordered, self._setting)


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
        path = reader.path_of(data)
        try:
            made = handler(data)
        except ValidationError as error:
            made = cls._partial(data, error, reader, path)
        made._path = path
        return made

    @classmethod
    def _partial(
        cls, data: dict[str, Any], error: ValidationError, reader: DocumentReader, path: KeyPath
    ) -> Self:
        """Return a table of the sound values; note the mistakes of the others."""
        problems = error.errors(include_url=False)
        known = [field.alias or name for name, field in cls.model_fields.items()]
        strange = [str(p["loc"][0]) for p in problems if p["type"] == _UNKNOWN]
        missing = [key for key in known if key not in data]
        near = {key: get_close_matches(key.lower(), missing, 1) for key in strange}
        meant = {key for keys in near.values() for key in keys}
        for problem in problems:
            loc = tuple(problem["loc"])
            if problem["type"] == _UNKNOWN and len(loc) == 1:
                key = str(loc[0])
                text = _unknown_key(near[key], known)
                reader.wrong((*path, *loc), "unknown", text)
            elif not (problem["type"] == "missing" and loc[0] in meant):
                reader.wrong((*path, *loc), *_rule_of(dict(problem)))
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
                sound[name] = _validator(cls, name).validate_python(kept, context=reader)
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
            reader.wrong((*path, *problem["loc"]), *_rule_of(dict(problem)))
        return None


_GONE: Final = object()


@cache
def _validator(model: type[BaseModel], name: str) -> TypeAdapter[Any]:
    field = model.model_fields[name]
    kind: Any = field.annotation
    for each in field.metadata:
        kind = Annotated[kind, each]
    config = None if isinstance(kind, type) and issubclass(kind, BaseModel) else model.model_config
    own = {key: config[key] for key in ("strict", "arbitrary_types_allowed")} if config else None
    return TypeAdapter(kind, config=own)  # type: ignore[arg-type]


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


def _unknown_key(near: list[str], known: list[str]) -> BilingualText:
    if near:
        return TEXTS.text("document.unknown.near", near=near[0])
    return TEXTS.text("document.unknown", known=", ".join(known))


def _rule_of(problem: Mapping[str, Any]) -> tuple[str, BilingualText]:
    """Return the code and the text of what pydantic found."""
    kind, context = str(problem["type"]), problem.get("ctx") or {}
    if kind == _OWN:
        return context["rule"], context["text"]
    if kind.startswith("date"):
        return "day", TEXTS.text("document.day")
    rule = _TEXT_OF.get(kind, "form")
    if rule == "choice":
        choices = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return rule, TEXTS.text("document.choice", choices=choices)
    limit = next((context[name] for name in _LIMITS if name in context), None)
    if limit is None:
        return rule, TEXTS.text(f"document.{rule}")
    return rule, TEXTS.text(f"document.{rule}", limit=f"{limit:g}", count=limit)


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
    return isinstance(value, dict) and isinstance(value.get(key), str | int) and value[key] != ""


def open_toml(path: Path, setting: str = "") -> DocumentReader:
    """Return a reader of a TOML file; raise ``DocumentError`` for one that can't be read."""
    try:
        raw = path.read_bytes()
        content = parse_toml(raw)
    except FileUnreadable as error:
        text = TEXTS.text("toml.none", cause=error.cause) if error.line else error.cause
        mistake = DocumentMistake(str(path), error.line, error.column, "", "toml", text)
        raise DocumentError([mistake], setting) from error
    except (OSError, ValueError) as error:
        mistake = DocumentMistake(str(path), 0, 0, "", "file", unreadable(error))
        raise DocumentError([mistake], setting) from error

    @cache
    def positions() -> Mapping[KeyPath, Position]:
        # Services whose files have no mistake do without the parser, which takes 1 MB.
        from kernel.documents.positions import toml_positions

        return toml_positions(raw.decode())

    return DocumentReader(str(path), content, positions, setting)
