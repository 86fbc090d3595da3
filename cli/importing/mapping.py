"""The mapping file: which column of another system's log means what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from kernel.documents.mistakes import DocumentError
from kernel.documents.reading import DocumentTable, open_toml, read_document
from kernel.documents.rules import must
from kernel.messages.catalogue import MessageCatalogue

TEXTS: Final = MessageCatalogue.beside(Path(__file__).parent)


class MappingError(Exception):
    """The mapping file is wrong; the text names the file, the field and the rule."""


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name).key)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones
        return False


class Source(DocumentTable):
    """Where the log comes from."""

    name: str = Field(min_length=1, max_length=100)
    """Names the other system; part of every request's identity."""
    format: Literal["csv", "xes"]
    time_zone: Annotated[str, must(_is_zone, "time_zone", TEXTS.text("mapping.time_zone"))]
    """In which the dossiers' days are counted, and times without an offset are read (IANA name)."""
    delimiter: str = Field(",", min_length=1, max_length=1)
    """Between the cells of a CSV file."""


class Columns(DocumentTable):
    """The column for each attribute. Those of the case are read from its first good row."""

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


class MappedProcedure(DocumentTable):
    """The procedure to which all dossiers of the log belong."""

    code: str = Field(min_length=1)
    field: str = ""


class Mapping(DocumentTable):
    """A whole mapping file."""

    source: Source
    columns: Columns
    channels: dict[str, Literal["online", "counter", "post", "email", "internal"]]
    procedure: MappedProcedure
    rejected_results: Annotated[frozenset[str], Field(strict=False)] = frozenset()
    """Values of the result column that mean a rejection; everything else is granted."""


@dataclass(frozen=True)
class LoadedMapping:
    """A mapping and the bytes that it was read from."""

    mapping: Mapping
    content: bytes


def load_mapping(path: Path) -> LoadedMapping:
    """Read a mapping file; raise ``MappingError`` with all mistakes."""
    try:
        reader = open_toml(path)
        mapping = read_document(Mapping, reader)
        reader.raise_mistakes()
        assert mapping is not None
        return LoadedMapping(mapping, path.read_bytes())
    except DocumentError as error:
        raise MappingError(str(error)) from error
