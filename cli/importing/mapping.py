"""The mapping file: which column of another system's log means what."""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from cli.importing.rows import Layout
from cli.importing.times import EXCEL, ISO, is_format
from kernel.documents.mistakes import DocumentError
from kernel.documents.reading import DocumentReader, DocumentTable, open_toml, read_document
from kernel.documents.rules import must
from kernel.messages.catalogue import MessageCatalogue
from office.normalization.lines import folded, line

TEXTS: Final = MessageCatalogue.beside(Path(__file__).parent)
FACTS: Final = ("channel", "unit")
"""What a dossier needs, by a column, a constant or a default."""
GRANTED: Final = frozenset(
    map(
        folded,
        ("đồng ý", "chấp thuận", "phê duyệt", "đã cấp", "cấp", "granted", "approved", "accepted"),
    )
)
"""Results that mean a grant when the mapping lists none."""
TRANSITION: Final = "lifecycle:transition"
"""The attribute of XES's lifecycle extension."""
_Value = TypeVar("_Value")


class MappingError(Exception):
    """The mapping file is wrong; the text names the file, the field and the rule."""


def _folded_keys(table: dict[str, _Value]) -> dict[str, _Value]:
    return {folded(key): value for key, value in table.items()}


def _folded_all(values: frozenset[str]) -> frozenset[str]:
    return frozenset(map(folded, values))


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name).key)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones
        return False


Line = Annotated[str, AfterValidator(line)]
Values = Annotated[frozenset[str], Field(strict=False), AfterValidator(_folded_all)]
TimeFormat = Annotated[str, must(is_format, "time_format", TEXTS.text("mapping.time_format"))]


class Source(DocumentTable):
    """Where the log comes from."""

    name: str = Field(min_length=1, max_length=100)
    """Names the other system; part of every request's identity."""
    format: Literal["csv", "xes", "xlsx"]
    time_zone: Annotated[str, must(_is_zone, "time_zone", TEXTS.text("mapping.time_zone"))]
    """In which the dossiers' days are counted, and times without an offset are read (IANA name)."""
    delimiter: str = Field("", max_length=1)
    """Between the cells of a CSV file; comma, semicolon and tab are recognised."""
    encoding: Literal["", "utf-8", "utf-16", "windows-1258"] = ""
    """Of a CSV file; UTF-8, and UTF-16 with its mark, are recognised."""
    sheet: str = ""
    """Of an XLSX file; the first one when left out."""
    time_format: Annotated[list[TimeFormat], BeforeValidator(_listed)] = Field(
        default_factory=lambda: [ISO], min_length=1
    )
    """How times are written: ``iso``, ``excel`` or such as ``%d/%m/%Y %H:%M``; one or several."""


class Columns(DocumentTable):
    """The column for each attribute. Those of the case are read from its first good row."""

    case: Line
    activity: Line
    time: Line
    channel: Line = ""
    unit: Line = ""
    started: Line = ""
    """Left out, a case begins with its first step."""
    due: Line = ""
    ended: Line = ""
    group: Line = ""
    performer: Line = ""
    result: Line = ""
    external_code: Line = ""
    """A further number by which the dossier is known, beside the case's name."""
    procedure: Line = ""
    transition: Line = ""
    """How far the activity has come: start, complete; in XES ``lifecycle:transition``."""

    def named(self) -> set[str]:
        """Return the columns that the log must have."""
        return {name for name in self.model_dump().values() if name}


class FixedFacts(DocumentTable):
    """Values of facts that no column holds."""

    channel: Line = ""
    unit: Line = ""
    procedure: Line = ""
    group: Line = ""
    performer: Line = ""


class FactPlace(NamedTuple):
    """Where a fact stands: a column, a constant in its place, a default for an empty cell."""

    column: str
    constant: str
    default: str

    def value(self, values: Table[str, str]) -> str:
        """Return the fact of a row."""
        return self.constant or line(values.get(self.column, "")) or self.default


class MappedProcedure(DocumentTable):
    """The procedure to which all dossiers of the log belong."""

    code: str = Field(min_length=1)
    field: str = ""


class Mapping(DocumentTable):
    """A whole mapping file."""

    source: Source
    columns: Columns
    constants: FixedFacts = Field(default_factory=FixedFacts)
    """What is so in all rows."""
    defaults: FixedFacts = Field(default_factory=FixedFacts)
    """What is so where the column is empty."""
    channels: Annotated[
        dict[str, Literal["online", "counter", "post", "email", "internal"]],
        AfterValidator(_folded_keys),
    ]
    procedure: MappedProcedure | None = None
    procedures: Annotated[dict[str, str], AfterValidator(_folded_keys)] = Field(
        default_factory=dict
    )
    """The code of each value of the procedure column; without any, the values are codes."""
    units: Annotated[dict[str, str], AfterValidator(_folded_keys)] = Field(default_factory=dict)
    """The unit of each value of the unit column; without any, the values are kept."""
    rejected_results: Values = frozenset()
    """Values of the result column that mean a rejection."""
    granted_results: Values = GRANTED
    """Values of the result column that mean a grant."""
    transitions: Values = frozenset({"complete"})
    """Transitions of an activity that are steps; rows with others are left out."""

    def places(self) -> dict[str, FactPlace]:
        """Return where each fact stands."""
        constants, defaults = self.constants.model_dump(), self.defaults.model_dump()
        return {
            fact: FactPlace(column, constants.get(fact, ""), defaults.get(fact, ""))
            for fact, column in self.columns.model_dump().items()
        }

    def name_of(self, fact: str) -> str:
        """Return what a fact is called in the log: its column, or the fact itself without one."""
        return getattr(self.columns, fact, "") or fact

    @property
    def transition_column(self) -> str:
        """The column with the transition of an activity; empty when there is none."""
        standard = TRANSITION if self.source.format == "xes" else ""
        return self.columns.transition or standard

    @property
    def time_formats(self) -> list[str]:
        """How times are written; cells of a sheet that are dates are ISO 8601."""
        known = self.source.time_format
        return list(dict.fromkeys([*known, ISO])) if self.source.format == "xlsx" else known

    @property
    def layout(self) -> Layout:
        """How the log is to be read."""
        source = self.source
        columns = frozenset(self.columns.named())
        return Layout(
            source.format,
            source.delimiter,
            source.encoding,
            source.sheet,
            EXCEL in source.time_format,
            columns,
        )


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
        if mapping is not None:
            with reader.rule():
                _check_facts(mapping, reader)
        reader.raise_mistakes()
        assert mapping is not None
        return LoadedMapping(mapping, path.read_bytes())
    except DocumentError as error:
        raise MappingError(str(error)) from error


def _check_facts(mapping: Mapping, reader: DocumentReader) -> None:
    """Note a fact that neither a column nor a fixed value gives."""
    fixed = (mapping.columns, mapping.constants, mapping.defaults)
    for fact in FACTS:
        if not any(getattr(table, fact) for table in fixed):
            reader.wrong(("columns", fact), "missing", TEXTS.text("mapping.fact", fact=fact))
    if mapping.procedure is None and not any(table.procedure for table in fixed):
        reader.wrong(("procedure",), "missing", TEXTS.text("mapping.procedure"))
