"""The keys of a calendar file, and the rules that a wrong value breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from office.worktime.calendars.model import CalendarError, DayKind
from office.worktime.calendars.span_index import FIRST_YEAR, LAST_YEAR

_LONGEST_CLOSURE: Final = 366
_NAME: Final = r"^[a-z0-9][a-z0-9-]{0,39}$"
_REVISION: Final = r"^[0-9A-Za-z.]{1,20}$"
_COUNTRY: Final = r"^[A-Z]{2}$"
_Year = Annotated[int, Field(ge=1950, le=2100)]
KeyPath = tuple[str | int, ...]


class _CalendarTable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class HolidaysEntry(_CalendarTable):
    """The ``[holidays]`` table: a country's days off, as the ``holidays`` library knows them."""

    country: Annotated[str, Field(pattern=_COUNTRY)]
    subdivision: str | None = None
    first_year: _Year
    last_year: _Year
    announced_until: date | None = None
    label_vi: str = ""
    label_en: str = ""


class DayEntry(_CalendarTable):
    """A ``[[day]]``: one dated rule, for a day or for several."""

    on: Annotated[date, Field(alias="date")]
    until: date | None = None
    kind: Annotated[DayKind, Field(strict=False)]
    sessions: str | None = None
    closed: str | None = None
    instead_of: date | None = None
    reason_vi: str = ""
    reason_en: str = ""
    source: str = ""
    estimated: bool = False

    def dates(self) -> Iterator[date]:
        """Yield the dates of the rule; only the first where the last can't be one."""
        day, last = self.on, self.until or self.on
        if not 0 <= (last - day).days < _LONGEST_CLOSURE:
            last = day
        for after in range((last - day).days + 1):
            yield day + timedelta(days=after)


class CalendarFile(_CalendarTable):
    """A whole file."""

    name: Annotated[str, Field(pattern=_NAME)]
    revision: Annotated[str, Field(pattern=_REVISION)]
    time_zone: str
    hours_per_day: Annotated[float, Field(gt=0, le=24)] = 8
    sessions: dict[str, str]
    holidays: HolidaysEntry | None = None
    day: list[DayEntry] = []


@dataclass(frozen=True)
class ParsedCalendarFile:
    """A file as far as it could be read; placeholders stand for the parts with mistakes."""

    file: CalendarFile
    places: list[int]
    """The numbers, from 1, that the days of ``file`` have in the file on disk."""
    wrong: set[KeyPath] = field(default_factory=set)
    """The paths of the parts with mistakes; places in the list of days count from 0."""

    def sound(self, *path: str | int) -> bool:
        """Return whether a part and all that contain it were read without a mistake."""
        return not any(path[: n + 1] in self.wrong for n in range(len(path)))


_PLACEHOLDERS: Final[Mapping[str, Any]] = {
    "name": "wrong", "revision": "0", "time_zone": "UTC", "sessions": {},
}  # fmt: skip
_HOLIDAYS_PLACEHOLDERS: Final = {"country": "VN", "first_year": 2000, "last_year": 2000}
_DAY_PLACEHOLDERS: Final = {"date": date(1950, 1, 1), "kind": DayKind.CLOSURE}
_KEYS: Final[Mapping[str, type[_CalendarTable]]] = {
    "": CalendarFile,
    "holidays": HolidaysEntry,
    "day": DayEntry,
}


def parse_calendar_file(
    name: str, content: dict[str, Any], mistakes: list[CalendarError]
) -> ParsedCalendarFile:
    """Validate the keys of a file; append every mistake to ``mistakes``."""
    try:
        file = CalendarFile.model_validate(content)
        return ParsedCalendarFile(file, list(range(1, len(file.day) + 1)))
    except ValidationError as error:
        problems = error.errors(include_url=False)
    wrong: set[KeyPath] = set()
    meant = {
        _misspelt_key(problem["loc"]) for problem in problems if problem["type"] == _UNKNOWN_KEY
    }
    for problem in problems:
        path = tuple(problem["loc"])
        wrong.add(path)
        if problem["type"] == "missing" and path in meant:
            continue  # the key is there, misspelt
        where = ".".join(str(p + 1) if isinstance(p, int) else p for p in path)
        mistakes.append(CalendarError(name, where or "file", _broken_rule(path, dict(problem))))
    sound = {key: value for key, value in content.items() if (key,) not in wrong}
    if isinstance(sound.get("sessions"), dict):
        sound["sessions"] = _with_placeholders(sound["sessions"], ("sessions",), wrong, {})
    if isinstance(sound.get("holidays"), dict):
        sound["holidays"] = _with_placeholders(
            sound["holidays"], ("holidays",), wrong, _HOLIDAYS_PLACEHOLDERS
        )
    days = list(enumerate(sound.pop("day", [])))
    kept = [(place, entry) for place, entry in days if ("day", place) not in wrong]
    sound["day"] = [
        _with_placeholders(entry, ("day", place), wrong, _DAY_PLACEHOLDERS) for place, entry in kept
    ]
    places = [place + 1 for place, _ in kept]
    return ParsedCalendarFile(
        CalendarFile.model_validate({**_PLACEHOLDERS, **sound}), places, wrong
    )


def _with_placeholders(
    table: dict[str, Any], at: KeyPath, wrong: set[KeyPath], placeholders: Mapping[str, Any]
) -> dict[str, Any]:
    kept = {key: value for key, value in table.items() if (*at, key) not in wrong}
    return {**{key: value for key, value in placeholders.items() if (*at, key) in wrong}, **kept}


def contradictions(entry: DayEntry, wrong: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the contradictions in a dated rule: the key, and the rule that it breaks.

    ``wrong`` are keys with mistakes; nothing that depends on them is checked.
    """
    last = entry.on if entry.until is None or {"date", "until"} & wrong else entry.until
    kept = range(FIRST_YEAR + 1, LAST_YEAR)
    if entry.on.year not in kept or last.year not in kept:
        key = "until" if entry.on.year in kept else "date"
        yield key, f"must lie in the years {kept[0]} to {kept[-1]}"
    elif not 0 <= (last - entry.on).days < _LONGEST_CLOSURE:
        yield "until", "must be the date itself or lie within a year after it"
    if "kind" in wrong:
        return
    if entry.kind is DayKind.OWN and entry.sessions is None and "sessions" not in wrong:
        yield "sessions", f"is missing: {entry.kind.value} needs sessions"
    if entry.kind is DayKind.CLOSURE and entry.sessions is not None:
        yield "sessions", "a closure has no sessions; say with closed when nobody works"
    if entry.kind is DayKind.OFF and entry.sessions:
        yield "sessions", f"a {entry.kind.value} has no sessions"
    if entry.closed is not None and entry.kind is not DayKind.CLOSURE:
        yield "closed", "belongs to a closure"


def file_order(mistake: CalendarError) -> tuple[int, int]:
    """Return the sort key of a mistake: unknown keys first, then keys in the order of the schema,
    days by their number.
    """
    key, _, rest = mistake.field.partition(".")
    number = rest.partition(".")[0]
    keys = list(CalendarFile.model_fields)
    return keys.index(key) if key in keys else -1, int(number) if number.isdigit() else 0


_FORMS: Final = {
    _NAME: "must be at most 40 small letters a-z, digits and hyphens",
    _REVISION: "must be at most 20 letters, digits and dots, such as 2026.1",
    _COUNTRY: "must be a country's two capital letters, such as VN",
}
_UNKNOWN_KEY: Final = "extra_forbidden"
_DAY_FORM: Final = "must be a day such as 2026-09-02, without quotes"
_RULES: Final = {
    "missing": "is missing",
    "string_type": "must be a text, in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be {ge:g} at the least",
    "less_than_equal": "must be {le:g} at the most",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "list_type": "must be tables, each under [[day]]",
}


def _misspelt_key(path: KeyPath) -> KeyPath:
    """Return the path of the key that an unknown one resembles; () when there is none."""
    within = str(path[0]) if len(path) > 1 else ""
    known = [field.alias or key for key, field in _KEYS[within].model_fields.items()]
    near = get_close_matches(str(path[-1]), known, 1)
    return (*path[:-1], near[0]) if near else ()


def _broken_rule(path: KeyPath, problem: dict[str, Any]) -> str:
    kind, context = str(problem["type"]), problem.get("ctx") or {}
    if kind == _UNKNOWN_KEY:
        meant = _misspelt_key(path)
        return f"is no key here; is {meant[-1]} meant?" if meant else "is no key here"
    if kind == "string_pattern_mismatch":
        return _FORMS[context["pattern"]]
    if kind == "enum":
        return f"must be {str(context['expected']).replace(chr(39), '')}"
    if kind.startswith("date"):
        return _DAY_FORM
    return _RULES[kind].format(**context) if kind in _RULES else "has not the right form"
