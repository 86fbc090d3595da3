"""The mapping file: which column of another system's log means what."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator


class MappingError(Exception):
    """The mapping file is wrong; the text names the file, the field and the rule."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """Where the log comes from."""

    name: str = Field(min_length=1, max_length=100)
    """Names the other system; part of every request's identity."""
    format: Literal["csv", "xes"]
    time_zone: str
    """In which the dossiers' days are counted, and times without an offset are read (IANA name)."""
    delimiter: str = Field(",", min_length=1, max_length=1)
    """Between the cells of a CSV file."""

    @field_validator("time_zone")
    @classmethod
    def known(cls, value: str) -> str:
        """Refuse a zone that nobody knows."""
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value} is no IANA time zone") from error
        return value


class Columns(_Part):
    """The column for each fact. Facts of the case are read from its first good row."""

    case: str
    channel: str
    unit: str
    started: str
    activity: str
    time: str
    due: str = ""
    ended: str = ""
    group: str = ""
    performer: str = ""
    result: str = ""
    external_code: str = ""
    """A further number by which the dossier is known, beside the case's name."""

    def named(self) -> set[str]:
        """Return the columns that the log must have."""
        return {name for name in self.model_dump().values() if name}


class MappedProcedure(_Part):
    """The procedure to which all dossiers of the log belong."""

    code: str = Field(min_length=1)
    field: str = ""


class Mapping(_Part):
    """A whole mapping file."""

    source: Source
    columns: Columns
    channels: dict[str, Literal["online", "counter", "post", "email", "internal"]]
    procedure: MappedProcedure
    rejected_results: frozenset[str] = frozenset()
    """Values of the result column that mean a rejection; everything else is granted."""


@dataclass(frozen=True)
class LoadedMapping:
    """A mapping and the bytes that it was read from."""

    mapping: Mapping
    content: bytes


def load_mapping(path: Path) -> LoadedMapping:
    """Read a mapping file; raise ``MappingError``."""
    try:
        content = path.read_bytes()
        return LoadedMapping(Mapping.model_validate(tomllib.loads(content.decode())), content)
    except OSError as error:
        raise MappingError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MappingError(f"{path}: is no TOML file: {error}") from None
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise MappingError(f"{path}: " + "; ".join(lines)) from None
