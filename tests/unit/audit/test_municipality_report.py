"""The report on a real municipality's dossiers, against counts made straight from its file."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime

import pytest
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import (
    CHANNEL_COUNTER,
    CHANNEL_EMAIL,
    CHANNEL_INTERNAL,
    CHANNEL_ONLINE,
    CHANNEL_POST,
)
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierSubmitted
from motcua.routing.v1.case_events_pb2 import (
    CaseOpened,
    CaseResolved,
    HistoryImported,
    StepRecorded,
)

from kernel.base.instants import from_datetime, to_timestamp
from services.audit.reports.indicators import Indicators
from tests.support.audit_histories import Numbering, folded, reported
from tests.support.paths import ROOT

FILE = ROOT / ".." / "shared" / "data" / "receipt.csv"
CHANNELS = {
    "Internet": (CHANNEL_ONLINE, "online"),
    "Desk": (CHANNEL_COUNTER, "counter"),
    "Post": (CHANNEL_POST, "post"),
    "e-mail": (CHANNEL_EMAIL, "email"),
    "Intern": (CHANNEL_INTERNAL, "internal"),
}
MONTHS = [
    ("2010-10-01", "2010-10-31"),
    ("2010-12-01", "2010-12-31"),
    ("2011-03-01", "2011-03-31"),
    ("2011-06-01", "2011-06-30"),
    ("2011-10-01", "2011-10-31"),
    ("2012-01-01", "2012-01-31"),
    ("2010-10-01", "2012-01-31"),
]


@pytest.fixture(scope="module")
def cases() -> dict[str, list[dict[str, str]]]:
    if not FILE.exists():
        pytest.skip(f"{FILE} is not there")
    rows = defaultdict(list)
    with FILE.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rows[row["case:concept:name"]].append(row)
    return rows


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _us(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text))


def _events(code: str, rows: list[dict[str, str]]) -> list[Event]:
    """Return a case's events as an import writes them: its end first, then every activity."""
    case, numbering = rows[0], Numbering()
    start, due, end = case["case:startdate"], case["case:deadline"], case["case:enddate"]
    accepted = DossierAccepted()
    if due:
        accepted.due_at.CopyFrom(to_timestamp(_us(due)))
    submitted = DossierSubmitted(
        unit=case["case:department"],
        channel=CHANNELS[case["case:channel"]][0],
        time_zone="Europe/Amsterdam",
        imported_from="receipt",
    )
    payloads: list[tuple[Message, str]] = [
        (submitted, start),
        (accepted, start),
        (CaseOpened(imported=True), start),
    ]
    if end:
        payloads.append((CaseResolved(), end))
    for row in rows:
        payloads.append((StepRecorded(activity=row["concept:name"]), row["time:timestamp"]))
    payloads.append((HistoryImported(steps=len(rows)), rows[-1]["time:timestamp"]))
    return [numbering.event(payload, _us(when), code) for payload, when in payloads]


def _count(case: dict[str, str], first: date, last: date) -> Iterator[str]:
    """Count one case from the dates that the file shows, with nothing of the system."""
    came = datetime.fromisoformat(case["case:startdate"]).date()
    end, due = _moment(case["case:enddate"]), _moment(case["case:deadline"])
    done = None if end is None else end.date()
    if came > last or (done is not None and done < first):
        return
    yield "carried_over" if came < first else "received"
    if done is None or done > last:
        yield "pending"
        yield "pending_overdue" if due is not None and due.date() < last else "pending_in_time"
    else:
        yield "resolved"
        late = 0 if due is None else (done - due.date()).days
        yield "on_time" if late == 0 else "late" if late > 0 else "early"


@pytest.mark.parametrize("by", ["channel", "unit"])
@pytest.mark.parametrize(("first", "last"), MONTHS)
def test_the_report_equals_the_files_own_counts(
    cases: dict[str, list[dict[str, str]]], first: str, last: str, by: str
) -> None:
    """By channel and by department, each period's numbers are those that one counts in the file."""
    period = date.fromisoformat(first), date.fromisoformat(last)
    report = Indicators(int(first.replace("-", "")), int(last.replace("-", "")))
    for code, rows in cases.items():
        row = folded(_events(code, rows))
        report.add([(row[by], "")], reported(row), 20261122)
    expected: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for rows in cases.values():
        case = rows[0]
        key = case["case:department"] if by == "unit" else CHANNELS[case["case:channel"]][1]
        for name in _count(case, *period):
            expected[key][name] += 1
            expected[""][name] += 1
        arrived = date.fromisoformat(case["case:startdate"][:10])
        beside = {"online": "received_online", "post": "received_by_post"}
        channel = CHANNELS[case["case:channel"]][1]
        if channel in beside and period[0] <= arrived <= period[1]:
            expected[key][beside[channel]] += 1
            expected[""][beside[channel]] += 1

    lines = {key: counts for (key, _), counts in report.rows()}
    counted = {"": report.total, **lines}
    assert len(cases) == 1434
    assert counted.keys() == expected.keys()
    for key, counts in counted.items():
        assert {n: getattr(counts, n) for n in counts.__slots__ if getattr(counts, n)} == {
            name: count for name, count in expected[key].items() if count
        }


def test_no_case_is_left_out(cases: dict[str, list[dict[str, str]]]) -> None:
    """Over the whole time of the file, every case is received and stands resolved or pending."""
    report = Indicators(20101001, 20120131)
    for code, rows in cases.items():
        row = folded(_events(code, rows))
        report.add([(row["channel"], "")], reported(row), 20261122)

    assert (report.total.received, report.total.carried_over) == (1434, 0)
    assert report.total.resolved == sum(bool(rows[0]["case:enddate"]) for rows in cases.values())
    assert [key for (key, _), _ in report.rows()] == [
        "counter",
        "email",
        "internal",
        "online",
        "post",
    ]
