"""A real municipality's dossiers in a whole stack, by the `motcua` command alone."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from openpyxl import load_workbook

from tests.support import foreign_log
from tests.support.foreign_log import FILE, MAPPING
from tests.support.stack import Stack, running

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]

IMPORT = ("import", str(FILE), "--mapping", str(MAPPING), "--json")
COUNTS = (
    "carried_over",
    "received",
    "resolved",
    "early",
    "on_time",
    "late",
    "returned",
    "pending",
    "pending_in_time",
    "pending_overdue",
)
PERIODS = [
    ("2010-10-01", "2010-10-31"),
    ("2010-12-01", "2010-12-31"),
    ("2011-03-01", "2011-03-31"),
    ("2011-10-01", "2011-10-31"),
    ("2012-01-01", "2012-01-31"),
    ("2010-10-01", "2012-01-31"),
]
BESIDE = ("checked_late", "received_online", "received_by_post")
SHARES = ("share", "in_time_share", "online_share")
INSTANTS = ["2011-03-01T00:00:00+01:00", "2011-05-15T12:34:56+02:00", "2011-12-31T23:59:59+01:00"]


@pytest.fixture(scope="module")
def stack(session_dir: Path) -> Iterator[Stack]:
    """A stack of this module's own, in real time."""
    with running(session_dir, clock="real") as stack:
        yield stack


@pytest.fixture(scope="module")
def imported(stack: Stack) -> dict[str, Any]:
    """What the import says of itself; the log is in the system afterwards."""
    foreign_log.read()
    done: dict[str, Any] = stack.motcua(*IMPORT, timeout=200)
    stack.wait_settled()
    return done


def events(stack: Stack) -> int:
    """Count the events that audit has, without those that services write of themselves."""
    found = stack.motcua("replay", "--json")
    return sum(each["event"]["stream_kind"] != "service" for each in found)


# -- the import and its reports -------------------------------------------------------------------


def test_every_row_is_kept(stack: Stack, imported: dict[str, Any]) -> None:
    """Rows in = rows kept + rows rejected, and each row is one event of its dossier in the log."""
    rows = foreign_log.read()
    first = foreign_log.cases(rows).values()
    assert (imported["rows"], imported["kept"], imported["rejected"]) == (len(rows), len(rows), 0)
    assert imported["dossiers"] == len(first)
    assert imported["ended"] == sum(bool(case["case:enddate"]) for case in first)
    assert imported["steps_after_end"] == sum(_after_end(row) for row in rows)
    assert imported["seconds"] > 0

    output = Counter(
        (entry["event"]["stream_id"], entry["event"]["payload"]["source_row"])
        for entry in stack.motcua("replay", "--json")
        if entry["type"] == "StepRecorded"
    )
    assert output == Counter(
        (row["case:concept:name"], str(number)) for number, row in enumerate(rows, 2)
    )


@pytest.mark.parametrize("by", ["channel", "unit"])
@pytest.mark.usefixtures("imported")
def test_reports_equal_the_files_own_counts(stack: Stack, by: str) -> None:
    """Each period's lines are those that one counts in the file."""
    rows = foreign_log.read()
    for first, last in PERIODS:
        report = stack.motcua(
            "report", "--from", first, "--to", last, "--by", by, "--format", "json"
        )
        assert set(report) == {"from", "to", "as_of", "by", "rows", "total"}
        assert (report["from"], report["to"], report["as_of"], report["by"]) == (
            first,
            last,
            None,
            by,
        )
        period = date.fromisoformat(first), date.fromisoformat(last)
        _compare(report, foreign_log.counts(rows, *period, by))


@pytest.mark.parametrize("as_of", INSTANTS)
@pytest.mark.usefixtures("imported")
def test_reports_as_of_an_instant_know_only_what_had_happened(stack: Stack, as_of: str) -> None:
    """The same counts, from the rows up to that instant."""
    rows = foreign_log.read()
    first, last = "2010-10-01", "2011-12-31"
    report = stack.motcua(
        *("report", "--from", first, "--to", last, "--as-of", as_of),
        *("--by", "channel", "--format", "json"),
    )
    assert datetime.fromisoformat(report["as_of"]) == datetime.fromisoformat(as_of)
    period = date.fromisoformat(first), date.fromisoformat(last)
    moment = datetime.fromisoformat(as_of)
    _compare(report, foreign_log.counts(rows, *period, "channel", moment))


@pytest.mark.usefixtures("imported")
def test_a_report_reads_the_same_as_csv_and_as_a_table(stack: Stack) -> None:
    """All three forms have the same numbers; the table is not squeezed in a pipe."""
    period = ("report", "--from", "2011-01-01", "--to", "2011-06-30", "--by", "unit")
    document = stack.motcua(*period, "--json")
    lines = [*document["rows"], document["total"] | {"key": "total"}]
    wanted = [[row["key"], *[str(row[name]) for name in COUNTS]] for row in lines]
    names = (*BESIDE, *SHARES)
    beside = [["" if row[name] is None else str(row[name]) for name in names] for row in lines]

    text = stack.run(*period, "--format", "csv").stdout
    assert text.startswith("\ufeff")
    spread = list(csv.reader(io.StringIO(text[1:])))
    assert spread == [
        ["key", *COUNTS, *names],
        *[[*row, *more] for row, more in zip(wanted, beside, strict=True)],
    ]
    table = stack.run(*period).stdout.splitlines()
    shown = [line.rsplit(maxsplit=len(COUNTS)) for line in table]
    assert [line for line in shown if line in wanted] == wanted


@pytest.mark.usefixtures("imported")
def test_a_cross_table_its_dossiers_and_who_is_late_agree_with_the_file(
    stack: Stack, tmp_path: Path
) -> None:
    """By unit and channel, from the file's own cases; the workbook has the same figures."""
    first, last = date(2011, 1, 1), date(2011, 6, 30)
    options = ("--from", str(first), "--to", str(last))
    report = stack.motcua("report", *options, "--by", "unit", "--cross", "channel", "--json")
    rows = foreign_log.read()
    wanted = foreign_log.counts(rows, first, last, "unit")
    assert {row["key"] for row in report["rows"]} == set(wanted) - {""}
    for row in report["rows"]:
        own = [case for case in rows if foreign_log.key_of(case, "unit") == row["key"]]
        expected = foreign_log.counts(own, first, last, "channel").get(row["cross"], Counter())
        assert {n: row[n] for n in COUNTS if row[n]} == dict(expected)
    late = stack.motcua("report", "late", *options, "--by", "unit", "--json")
    for group in late:
        line = wanted[group["key"]]
        assert (group["late"], group["pending_overdue"]) == (line["late"], line["pending_overdue"])
        assert all(dossier["days_late"] > 0 for dossier in group["dossiers"])
    assert sum(len(group["dossiers"]) for group in late) == sum(
        wanted[""][name] for name in ("late", "pending_overdue")
    )
    early = stack.motcua("report", "dossiers", *options, "--figure", "early", "--json")
    assert len({dossier["dossier"] for dossier in early}) == len(early) == wanted[""]["early"]

    file = tmp_path / "06a.xlsx"
    done = stack.run(
        *("report", *options, "--form", "06a", "--format", "xlsx", "--output", str(file))
    )
    assert done.returncode == 0, done.stderr
    (*_, total) = load_workbook(file).active.iter_rows(values_only=True)
    line = wanted[""]
    assert total[0] == "Tổng cộng"
    assert total[1] == line["carried_over"] + line["received"]
    assert total[5:9] == tuple(line[name] for name in ("resolved", "early", "on_time", "late"))
    assert total[9:12] == tuple(
        line[name] for name in ("pending", "pending_in_time", "pending_overdue")
    )


@pytest.mark.usefixtures("imported")
def test_exports_have_every_dossier_with_its_steps(stack: Stack, tmp_path: Path) -> None:
    """In XES, OCEL 2.0 and CSV, as one counts them in the file: cases, their units, the steps."""
    rows = foreign_log.read()
    cases = foreign_log.cases(rows)
    steps = Counter(row["case:concept:name"] for row in rows)
    units = {code: case["case:department"] for code, case in cases.items()}
    made = {form: tmp_path / f"log.{form}" for form in ("xes", "ocel", "csv")}
    for form, file in made.items():
        done = stack.motcua("export", "--format", form, "--output", str(file), "--json")
        assert done["dossiers"] >= len(cases)

    space = "{http://www.xes-standard.org/}"
    traces = {}
    for trace in ElementTree.parse(made["xes"]).getroot().iter(f"{space}trace"):
        facts = {each.get("key"): each.get("value") for each in trace.findall(f"{space}string")}
        names = [
            each.get("value")
            for each in trace.iterfind(f"{space}event/{space}string[@key='concept:name']")
        ]
        traces[facts["concept:name"]] = (facts.get("unit"), Counter(names)["StepRecorded"])
    expected = {code: (units[code], steps[code]) for code in cases}
    assert {code: found for code, found in traces.items() if code in cases} == expected

    log = json.loads(made["ocel"].read_text("utf-8"))
    objects = {each["id"]: each for each in log["objects"]}
    types = {each["name"] for each in log["eventTypes"]}
    assert {each["type"] for each in objects.values()} <= {t["name"] for t in log["objectTypes"]}
    recorded: Counter[str] = Counter()
    for event in log["events"]:
        assert event["type"] in types
        related = [each["objectId"] for each in event["relationships"]]
        assert set(related) <= set(objects)
        recorded[related[0]] += event["type"] == "StepRecorded"
    assert {code: recorded[code] for code in cases} == steps

    with made["csv"].open(encoding="utf-8-sig", newline="") as lined:
        table = list(csv.DictReader(lined))
    lines = Counter(row["dossier"] for row in table if row["type"] == "StepRecorded")
    assert {code: lines[code] for code in cases} == steps
    assert len(table) == len(log["events"]) == len({row["event_id"] for row in table})


@pytest.mark.usefixtures("imported")
def test_what_if_begins_with_what_was(stack: Stack) -> None:
    """Its own totals are the file's; with a limit of a year nothing was ever late."""
    first, last = date(2011, 1, 1), date(2011, 6, 30)
    options = ("--from", str(first), "--to", str(last), "--format", "json")
    wanted = foreign_log.counts(foreign_log.read(), first, last, "unit")[""]
    names = ("early", "on_time", "late", "pending_in_time", "pending_overdue")
    found = stack.motcua("what-if", *options, "--limit", "*=365cd")
    assert found["totals"]["was"] == {name: wanted[name] for name in names}
    would_be = found["totals"]["would_be"]
    assert (would_be["late"], would_be["pending_overdue"]) == (0, 0)
    assert sum(would_be.values()) == sum(found["totals"]["was"].values())
    late = [row for row in found["changed"] if row["was"] in ("late", "pending_overdue")]
    assert len(late) == wanted["late"] + wanted["pending_overdue"]
    assert (
        stack.motcua("pauses", "--from", str(first), "--to", str(last), "--json")["resolved"]
        == (wanted["resolved"])
    )


def _compare(line: dict[str, Any], expected: dict[str, Counter[str]]) -> None:
    for row in [*line["rows"], line["total"]]:
        before = row["carried_over"] + row["received"]
        assert before == row["resolved"] + row["returned"] + row["pending"]
        assert set(row) - {"key"} == {*COUNTS, *BESIDE, *SHARES}
    lines = {row["key"]: row for row in line["rows"]} | {"": line["total"]}
    found = {key: {n: row[n] for n in COUNTS if row[n]} for key, row in lines.items()}
    assert found == {key: dict(numbers) for key, numbers in expected.items()}


def _after_end(row: dict[str, str]) -> bool:
    moment = datetime.fromisoformat
    end = row["case:enddate"]
    return bool(end) and moment(row["time:timestamp"]) > moment(end)


@pytest.mark.parametrize("journal", ["kept", "lost"])
@pytest.mark.usefixtures("imported")
def test_the_same_import_again_changes_nothing(stack: Stack, journal: str) -> None:
    """With or without its notes of what is done, a second run raises no event."""
    before = events(stack)
    if journal == "lost":
        for note in (stack.folder / "imports").glob("*.done"):
            note.unlink()
    again = stack.motcua(*IMPORT, timeout=200)
    assert (again["kept"], again["rejected"]) == (again["rows"], 0)
    assert again["dossiers_done_before"] == (1434 if journal == "kept" else 0)
    stack.wait_settled()
    assert events(stack) == before


# -- what scripts read ----------------------------------------------------------------------------


@pytest.mark.usefixtures("imported")
def test_a_timeline_holds_the_events_of_a_dossier_in_order(stack: Stack) -> None:
    """Each event says who wrote it, its number, its type, both times and the actor."""
    output = stack.motcua("timeline", "case-10011", "--json")
    assert all(
        {"source", "sequence", "type", "occurred_at", "recorded_at", "actor"} <= entry.keys()
        for entry in output
    )
    by_desk = [entry["type"] for entry in output if entry["source"] == "intake"]
    assert by_desk == ["DossierSubmitted", "DossierAccepted"]
    assert output[0]["type"] == "DossierSubmitted"
    assert output[0]["actor"] == {"kind": "importer", "id": "motcua-import", "unit": ""}
    for source in ("intake", "routing"):
        numbers = [entry["sequence"] for entry in output if entry["source"] == source]
        assert numbers == list(range(1, len(numbers) + 1))
    begun = datetime.fromisoformat("2011-10-11 13:42:22.688000+02:00")
    assert datetime.fromisoformat(output[0]["occurred_at"]) == begun
    earlier = stack.motcua("timeline", "case-10011", "--as-of", "2011-10-12", "--json")
    assert len(earlier) < len(output)


@pytest.mark.usefixtures("imported")
def test_a_state_is_told_for_any_instant(stack: Stack) -> None:
    """A case that has an end was under way before it."""
    case = next(c for c in foreign_log.cases(foreign_log.read()).values() if c["case:enddate"])
    code, end = case["case:concept:name"], datetime.fromisoformat(case["case:enddate"])
    now = stack.motcua("state", code, "--json")
    begun = case["case:startdate"].replace(" ", "T")
    then = stack.motcua("state", code, "--as-of", begun, "--json")
    assert now["dossier_code"] == then["dossier_code"] == code
    assert datetime.fromisoformat(now["resolved_at"]) == end
    assert then["resolved_at"] is None
    assert now["state"] != then["state"]


@pytest.mark.usefixtures("imported")
def test_nothing_of_an_imported_case_was_known_before_the_import(stack: Stack) -> None:
    """As of then it was so; known at then nothing was, and known by now everything is."""
    code, then = "case-10011", "2011-12-31"
    period = ("report", "--from", "2011-01-01", "--to", "2011-12-31", "--json")
    known = stack.motcua(*period, "--known-at", then)
    assert not any(known["total"].values())
    assert known["rows"] == []
    assert known["known_at"].startswith(then)
    assert stack.motcua(*period, "--as-of", then)["total"]["received"]
    assert (
        stack.motcua(*period, "--known-at", "2999-01-01")["total"] == stack.motcua(*period)["total"]
    )
    for command in (("timeline",), ("state",), ("deadlines", "explain")):
        done = stack.run(*command, code, "--known-at", then)
        assert done.returncode == 1
        assert f"nothing of this dossier had been recorded: {code!r}" in done.stdout + done.stderr
    assert stack.motcua("deadlines", "--known-at", then, "--json") == []
    entries = stack.motcua("timeline", code, "--json")
    first = entries[0]["recorded_at"]
    moment = datetime.fromisoformat
    assert stack.motcua("timeline", code, "--known-at", first, "--json") == [
        entry for entry in entries if moment(entry["recorded_at"]) <= moment(first)
    ]


@pytest.mark.usefixtures("imported")
def test_deadlines_are_those_of_the_open_cases(stack: Stack) -> None:
    """What is overdue are the cases without an end, by due date."""
    open_cases = {
        code: case["case:deadline"]
        for code, case in foreign_log.cases(foreign_log.read()).items()
        if not case["case:enddate"] and case["case:deadline"]
    }
    output = stack.motcua("deadlines", "--overdue", "--json")
    assert {row["dossier_code"] for row in output} == open_cases.keys()
    assert [row["due_at"] for row in output] == sorted(row["due_at"] for row in output)
    assert {row["status"] for row in output} == {"overdue"}
    moment = datetime.fromisoformat
    for row in output:
        assert moment(row["due_at"]) == moment(open_cases[row["dossier_code"]])
    due = min(map(moment, open_cases.values()))
    soon = stack.motcua("deadlines", "--as-of", f"{due:%Y-%m-%dT00:00}", "--within", "3d", "--json")
    assert [row["status"] for row in soon]


@pytest.mark.usefixtures("imported")
def test_the_log_is_proven_and_read_again(stack: Stack, tmp_path: Path) -> None:
    """`verify` finds nothing wrong, and `replay` gives as many events, on screen and in a file."""
    proof = stack.motcua("verify", "--json")
    assert {"events", "dossiers", "gaps", "duplicates", "broken_hashes", "ok"} <= proof.keys()
    assert (proof["ok"], proof["gaps"], proof["duplicates"], proof["broken_hashes"]) == (
        *(True, 0, 0, 0),
    )
    assert proof["dossiers"] == 1434
    replayed = len(stack.run("replay").stdout.splitlines())
    later = stack.motcua("verify", "--json")["events"]  # a service may say something of itself
    assert proof["events"] <= replayed <= later
    target = tmp_path / "log.jsonl"
    quiet = stack.run("replay", "--dossier", "case-10011", "--to-file", str(target))
    assert (quiet.returncode, quiet.stdout) == (0, "")
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert {line["event"]["stream_id"] for line in lines} == {"case-10011"}


def test_an_empty_quarantine_is_an_empty_list(stack: Stack) -> None:
    """`quarantine list --json` of all services."""
    assert stack.motcua("quarantine", "list", "--json") == []


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("timeline", "no-such-dossier"), 1, "no such dossier"),
        (("state", "no-such-dossier", "--json"), 1, "no such dossier"),
        (("replay", "--dossier", "no-such-dossier"), 1, "'no-such-dossier'"),
        (("replay", "--dossier", "no-such-dossier", "--json"), 1, "'no-such-dossier'"),
        (("deadlines", "--unit", "NOPE"), 1, "'NOPE'"),
        (("report", "--from", "2021-08-09", "--to", "2021-08-01"), 2, "before"),
        (("report", "--from", "2021-8-9", "--to", "2021-08-13"), 2, "--from"),
        (("report", "--from", "2021-08-09"), 2, "--to"),
        (("deadlines", "--within", "soon"), 2, "--within"),
        (("quarantine", "list", "mailroom"), 2, "mailroom"),
        (("quarantine", "show", "audit", "0:1"), 1, "quarantined"),
        (("rebuild", "mailroom"), 2, "mailroom"),
        (("import", "none.csv", "--mapping", str(MAPPING)), 2, "No such file"),
        (("import", str(MAPPING), "--mapping", "none.toml"), 2, "no such file"),
        (("up",), 1, "already running"),
        (("nonsense",), 2, "nonsense"),
    ],
)
def test_failures_are_told_on_stderr_by_words_and_status(
    stack: Stack, arguments: tuple[str, ...], status: int, words: str
) -> None:
    """1 for work that failed, 2 for wrong usage; nothing on stdout, no stack trace."""
    done = stack.run(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert status == 2 or len(done.stderr.splitlines()) == 1
