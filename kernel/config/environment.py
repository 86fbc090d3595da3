"""Settings from the environment: read once at the start, all that is wrong said at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, TypeVar

from pydantic import AliasChoices, BeforeValidator, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from kernel.documents.rules import rule_of

SERVICE: Final = "<SERVICE>"
"""Stands in the name of a variable for the name of the service, in capital letters."""
_Kind = TypeVar("_Kind", bound="Environment")


class SettingsError(ValueError):
    """Settings that can't be used; ``problems`` are the variables, each with the broken rule."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in problems.items()))
        self.problems = problems


class Environment(BaseSettings):
    """The base of all settings. The validation alias of a field names its variable, or several of
    which the first one set counts; an empty variable is not set.
    """

    model_config = SettingsConfigDict(
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )

    @classmethod
    def variables(cls) -> dict[str, tuple[str, ...]]:
        """Return the variables of each field that has any."""
        own = cls.model_fields.get("service")
        service = own.get_default() if own else None
        names = {field: _names(each, service) for field, each in cls.model_fields.items()}
        return {field: each for field, each in names.items() if each}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_args: Any,
        **_others: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let values that are given by name go before variables, and read nothing else."""
        return init_settings, _Variables(settings_cls)


class _Variables(PydanticBaseSettingsSource):
    """Reads the variables that a class names, and no others: pydantic's own source would take a
    field's name for the name of a variable, too.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the value of a field, None when it is not set; its name; and that it is text."""
        own = self.settings_cls.model_fields.get("service")
        service = self.current_state.get("service") or (own.get_default() if own else None)
        return os.environ.get(_first(_names(field, service))), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the values of the fields that are set."""
        fields = self.settings_cls.model_fields.items()
        found = {name: self.get_field_value(field, name)[0] for name, field in fields}
        return {name: value for name, value in found.items() if value}


def load(kind: type[_Kind]) -> _Kind:
    """Return the settings of the environment; raise ``SettingsError`` with all that is wrong."""
    try:
        return kind()
    except ValidationError as error:
        raise SettingsError(dict(_problems(kind, error))) from None


def _names(field: FieldInfo, service: str | None) -> tuple[str, ...]:
    alias = field.validation_alias
    names = alias.choices if isinstance(alias, AliasChoices) else [alias] if alias else []
    return tuple(str(name).replace(SERVICE, (service or SERVICE).upper()) for name in names)


def _first(names: Sequence[str]) -> str:
    """Return the first variable that is set, otherwise the first one."""
    return next((name for name in names if os.environ.get(name)), next(iter(names), ""))


def _problems(kind: type[Environment], error: ValidationError) -> Iterator[tuple[str, str]]:
    variables = kind.variables()
    for problem in error.errors(include_url=False, include_input=False):
        if problem["type"] == "default_factory_not_called":
            continue  # it follows from another problem
        field = str(problem["loc"][0])
        cause = problem.get("ctx", {}).get("error")
        text = str(cause) if cause else rule_of(dict(problem))[1].en
        yield _first(variables.get(field, (field,))), text


def read_by(parse: Callable[[str], Any]) -> BeforeValidator:
    """Return a validator that reads text by a function, which raises ``ValueError`` with the broken
    rule; what is no text stays as it is.
    """
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise ValueError(f"must be a port number, got {text!r}")
    return int(text)


Port = Annotated[int, read_by(_port)]
"""A TCP port; 0 is one that the system chooses, or none."""
