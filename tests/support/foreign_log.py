"""A real municipality's log, counted straight from its file with nothing of the system."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.paths import ROOT

FILE = ROOT.parent / "shared" / "data" / "receipt.csv"
MAPPING = ROOT / "examples" / "mappings" / "receipt.toml"
ZONE = ZoneInfo("Europe/Amsterdam")
CHANNELS = {
    "Internet": "online",
    "Desk": "counter",
    "Post": "post",
    "e-mail": "email",
    "Intern": "internal",
}
Row = dict[str, str]


def read() -> list[Row]:
    """Return the rows of the file; the test is skipped where it is not at hand."""
    if not FILE.exists():
        pytest.skip(f"{FILE} is not there")
    with FILE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def cases(rows: list[Row]) -> dict[str, Row]:
    """Return the first row of each case: it has the attributes of the case."""
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(row["case:concept:name"], row)
    return found


def key_of(case: Row, by: str) -> str:
    """Return the line of a report to which a case belongs."""
    return case["case:department"] if by == "unit" else CHANNELS[case["case:channel"]]


def counts(
    rows: list[Row], first: date, last: date, by: str, as_of: datetime | None = None
) -> dict[str, Counter[str]]:
    """Count a period line by line; ``""`` is the total. Without ``as_of`` all is known that is in
    the file.
    """
    lines: dict[str, Counter[str]] = defaultdict(Counter)
    for case in cases(rows).values():
        for name in _count(case, first, last, as_of):
            lines[key_of(case, by)][name] += 1
            lines[""][name] += 1
    return dict(lines)


def _count(case: Row, first: date, last: date, as_of: datetime | None) -> Iterator[str]:
    start, due, end = (_moment(case[f"case:{n}"]) for n in ("startdate", "deadline", "enddate"))
    assert start is not None
    if as_of is not None:
        end = None if end is None or end > as_of else end
        if start > as_of:
            return
        last_look = min(last, as_of.astimezone(ZONE).date())
    else:
        last_look = last
    if start.date() > last or (end is not None and end.date() < first):
        return
    yield "carried_over" if start.date() < first else "received"
    if end is None or end.date() > last:
        yield "pending"
        in_time = due is None or due.date() >= last_look
        yield "pending_in_time" if in_time else "pending_overdue"
    else:
        yield "resolved"
        days = 0 if due is None else (end.date() - due.date()).days
        yield "on_time" if days == 0 else "late" if days > 0 else "early"


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(ZONE) if text else None


def write_csv(path: Path, rows: list[Row]) -> Path:
    """Write rows as a CSV file with the columns of the first."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
