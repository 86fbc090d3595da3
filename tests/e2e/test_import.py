"""The import under kills, bad rows and other files; each test has cases of its own."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from kernel.storage.engines import open_engine
from tests.support.feed import wait_until
from tests.support.foreign_log import write_csv
from tests.support.stack import Stack, running

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(180)]

MAPPING = """
[source]
name = "elsewhere"
format = "{format}"
time_zone = "Europe/Amsterdam"
[columns]
case = "case:concept:name"
channel = "case:channel"
unit = "case:unit"
started = "case:start"
due = "case:due"
ended = "case:end"
activity = "concept:name"
time = "time:timestamp"
performer = "org:resource"
[channels]
"Web" = "online"
"Desk" = "counter"
[procedure]
code = "ELSEWHERE-1"
field = "environment"
"""
STEPS = ("Receive", "Check", "Ask", "Decide", "Send", "File")
Row = dict[str, str]


@pytest.fixture(scope="module")
def stack(session_dir: Path) -> Iterator[Stack]:
    """A stack of this module's own, in real time."""
    with running(session_dir, clock="real") as stack:
        yield stack


def rows_of(name: str, number: int) -> list[Row]:
    """Return the rows of cases ``name-1`` …: six steps each, the last one after the case's end."""
    return [
        {
            "case:concept:name": f"{name}-{case}",
            "case:channel": "Web" if case % 2 else "Desk",
            "case:unit": f"U{case % 3}",
            "case:start": "2011-05-02T09:00:00+02:00",
            "case:due": "2011-06-01T09:00:00+02:00",
            "case:end": "" if case % 5 == 0 else "2011-05-06T12:00:00+02:00",
            "concept:name": step,
            "time:timestamp": f"2011-05-{2 + day:02}T1{case % 10}:00:00+02:00",
            "org:resource": f"R{case % 4}",
        }
        for case in range(1, number + 1)
        for day, step in enumerate(STEPS)
    ]


def files(folder: Path, rows: list[Row], kind: str = "csv") -> list[str]:
    """Write a log and its mapping; gives the arguments of the import."""
    mapping = folder / f"{kind}.toml"
    mapping.write_text(MAPPING.format(format=kind), encoding="utf-8")
    log = folder / f"log.{kind}"
    write_csv(log, rows) if kind == "csv" else write_xes(log, rows)
    return ["import", str(log), "--mapping", str(mapping), "--json"]


def write_xes(path: Path, rows: list[Row]) -> None:
    """Write rows as XES: what belongs to the case at the trace, the rest at its events."""
    log = ElementTree.Element("log", xmlns="http://www.xes-standard.org/")
    traces: dict[str, ElementTree.Element] = {}
    for row in rows:
        name = row["case:concept:name"]
        if name not in traces:
            traces[name] = ElementTree.SubElement(log, "trace")
            _attributes(traces[name], row, "case:")
        _attributes(ElementTree.SubElement(traces[name], "event"), row, "")
    ElementTree.ElementTree(log).write(path, encoding="utf-8", xml_declaration=True)


def _attributes(parent: ElementTree.Element, row: Row, prefix: str) -> None:
    for name, value in row.items():
        if name.startswith("case:") == bool(prefix) and value:
            kind = "date" if value[:4] == "2011" else "string"
            ElementTree.SubElement(parent, kind, key=name.removeprefix(prefix), value=value)


def events(stack: Stack, name: str) -> list[dict[str, Any]]:
    """Read the events of a test's cases from the log."""
    stack.wait_settled()
    log = stack.motcua("replay", "--json")
    return [e for e in log if e["event"]["stream_id"].startswith(f"{name}-")]


def steps(stack: Stack, name: str) -> Counter[tuple[str, str]]:
    """Count the steps in the log by case and activity."""
    return Counter(
        (e["event"]["stream_id"], e["event"]["payload"]["activity"])
        for e in events(stack, name)
        if e["type"] == "StepRecorded"
    )


def begin(stack: Stack, arguments: list[str]) -> "subprocess.Popen[str]":
    """Start an import beside the test."""
    command = [sys.executable, "-m", "cli.main", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=stack.env, cwd="/", stdout=pipe, stderr=pipe, text=True)


def recorded(stack: Stack, name: str) -> int:
    """Count the steps that routing has written so far."""
    url = f"sqlite:///{stack.folder / 'routing.sqlite3'}"
    engine = open_engine(url, "routing", read_only=True)
    try:
        with engine.connect() as connection:
            found = connection.exec_driver_sql(
                "select count(*) from events where source = 'routing' and stream_id like ?",
                (f"{name}-%",),
            )
            return int(found.scalar_one())
    finally:
        engine.dispose()


def expected(rows: list[Row]) -> Counter[tuple[str, str]]:
    """Count the steps that the rows tell of."""
    return Counter((row["case:concept:name"], row["concept:name"]) for row in rows)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_import_goes_on(stack: Stack, tmp_path: Path, number: int) -> None:
    """Ended in the middle and run again, it has brought in each row once."""
    name = f"cut{number}"
    rows = rows_of(name, 150)
    arguments = files(tmp_path, rows)
    first = begin(stack, arguments)
    wait_until(lambda: recorded(stack, name) > 200, 60, "a part is brought in")
    first.send_signal(number)
    out, err = first.communicate(timeout=30)
    assert first.returncode == (1 if number == signal.SIGINT else -signal.SIGKILL), err
    assert out == ""
    if number == signal.SIGINT:
        hint = "interrupted; what came in stays; run the same command again to go on where it was"
        assert err == f"{hint}\n"
    assert recorded(stack, name) < 150 * 8

    again = stack.motcua(*arguments, timeout=120)
    assert (again["kept"], again["rejected"]) == (len(rows), 0)
    assert steps(stack, name) == expected(rows)
    assert stack.motcua("verify", "--json")["ok"] is True


def test_kills_of_services_lose_and_double_no_row(stack: Stack, tmp_path: Path) -> None:
    """Intake and routing die while the import runs, which waits for them and goes on."""
    rows = rows_of("kill", 200)
    work = begin(stack, files(tmp_path, rows))
    for least, service in ((100, "routing"), (300, "intake"), (500, "routing")):
        wait_until(lambda: recorded(stack, "kill") > least, 60, f"{least} events")  # noqa: B023
        gone = stack.kill(service)
        stack.wait_back(service, gone)
    out, err = work.communicate(timeout=150)
    assert work.returncode == 0, out + err
    stack.wait_ready()
    assert steps(stack, "kill") == expected(rows)
    kinds = Counter(e["type"] for e in events(stack, "kill"))
    assert kinds["DossierSubmitted"] == kinds["DossierAccepted"] == kinds["CaseOpened"] == 200
    assert (kinds["CaseResolved"], kinds["HistoryImported"]) == (160, 200)
    assert stack.motcua("verify", "--json")["ok"] is True


def test_rows_that_can_not_be_used_are_named_with_their_reasons(
    stack: Stack, tmp_path: Path
) -> None:
    """Rows in = rows kept + rows rejected; what only a service can tell is a reason too."""
    rows = rows_of("bad", 3)
    rows[1]["time:timestamp"] = "soon"
    rows[2]["concept:name"] = "x" * 201
    rows[4]["case:channel"] = "Fax"
    for row in rows[6:12]:
        row["case:concept:name"] = f"bad-{'9' * 80}"
    rejects = tmp_path / "rejects.csv"
    run = stack.run(*files(tmp_path, rows), "--rejects", str(rejects))
    assert run.returncode == 3, run.stderr
    done = json.loads(run.stdout)

    with rejects.open(newline="") as file:
        lines = {int(line["row"]): line for line in csv.DictReader(file)}
    assert sorted(lines) == [3, 4, 6, 8, 9, 10, 11, 12, 13]
    assert lines[3]["reason"] == "time:timestamp: 'soon' is no time in ISO 8601"
    assert lines[4]["reason"] == "concept:name: has more than 200 characters"
    assert lines[6]["reason"] == "case:channel: the mapping has no channel for 'Fax'"
    too_long = "case:concept:name: has more than 64 characters"
    assert all(lines[n]["reason"] == too_long for n in range(8, 14))
    for number, line in lines.items():
        assert {name: line[name] for name in rows[number - 2]} == rows[number - 2]
    assert (done["rows"], done["kept"], done["rejected"], done["dossiers"]) == (18, 9, 9, 2)
    assert sum(steps(stack, "bad").values()) == 9

    for row in rows:
        row["time:timestamp"] = row["time:timestamp"].replace("soon", "2011-05-03T10:00:00+02:00")
    good = [row for row in rows if row["case:concept:name"] == "bad-1"]
    good[2]["concept:name"] = "Ask"
    good[4]["case:channel"] = "Web"
    mended = stack.motcua(*files(tmp_path, good), "--rejects", str(rejects))
    assert (mended["kept"], mended["rejected"], mended["rejects_file"]) == (6, 0, None)
    assert not rejects.exists()
    assert sum(steps(stack, "bad").values()) == 12


def test_xes_brings_in_the_same_as_csv(stack: Stack, tmp_path: Path) -> None:
    """The same log as XES raises no event after the CSV: it names the same dossiers and steps."""
    rows = rows_of("xes", 6)
    first = stack.motcua(*files(tmp_path, rows))
    before = events(stack, "xes")
    again = stack.motcua(*files(tmp_path, rows, "xes"))
    for count in ("rows", "kept", "rejected", "dossiers", "ended", "steps_after_end"):
        assert again[count] == first[count]
    assert len(events(stack, "xes")) == len(before)


def test_xes_alone_brings_in_every_event(stack: Stack, tmp_path: Path) -> None:
    """A log that came as XES only is whole."""
    rows = rows_of("only", 5)
    done = stack.motcua(*files(tmp_path, rows, "xes"))
    assert (done["rows"], done["kept"], done["open"]) == (30, 30, 1)
    assert steps(stack, "only") == expected(rows)


def test_a_later_export_adds_what_is_new(stack: Stack, tmp_path: Path) -> None:
    """Of the same cases, only rows that were not there before become events; an end that has come
    meanwhile ends its case.
    """
    rows = rows_of("more", 5)
    (tmp_path / "one").mkdir()
    stack.motcua(*files(tmp_path / "one", rows))
    new = rows[-1] | {"concept:name": "Reopen", "time:timestamp": "2011-05-20T10:00:00+02:00"}
    later = [new, *rows]
    for row in later:
        row["case:end"] = row["case:end"] or "2011-05-21T12:00:00+02:00"
    done = stack.motcua(*files(tmp_path, later))
    assert (done["kept"], done["rejected"], done["open"]) == (31, 0, 0)
    assert steps(stack, "more") == expected(later)
    kinds = Counter(e["type"] for e in events(stack, "more"))
    assert kinds["CaseResolved"] == 5
    assert stack.motcua("timeline", "more-5", "--json")


def test_another_log_with_the_names_of_known_cases_is_rejected(
    stack: Stack, tmp_path: Path
) -> None:
    """Other values of a case that is there already reject its rows; nothing of it is changed."""
    rows = rows_of("same", 2)
    (tmp_path / "one").mkdir()
    stack.motcua(*files(tmp_path / "one", rows))
    before = events(stack, "same")
    other = [row | {"case:unit": "Elsewhere", "concept:name": "Other"} for row in rows]
    rejects = tmp_path / "rejects.csv"
    done = json.loads(stack.run(*files(tmp_path, other), "--rejects", str(rejects)).stdout)
    assert (done["rows"], done["kept"], done["rejected"], done["dossiers"]) == (12, 0, 12, 0)
    with rejects.open(newline="") as file:
        reasons = {line["reason"] for line in csv.DictReader(file)}
    assert reasons == {
        f"dossier: was brought in before with other values: unit was {unit!r}, here 'Elsewhere'"
        for unit in ("U1", "U2")
    }
    assert len(events(stack, "same")) == len(before)


def test_a_further_number_of_a_dossier_finds_it_and_belongs_to_one(
    stack: Stack, tmp_path: Path
) -> None:
    """The column named as external code is kept beside the code; a second dossier can't have it."""
    rows = [
        row | {"case:number": f"09.H44.{n}"}
        for n, name in ((1, "numbered"), (1, "doubled"), (2, "other"))
        for row in rows_of(name, 1)
    ]
    arguments = files(tmp_path, rows)
    mapping = tmp_path / "csv.toml"
    named = mapping.read_text("utf-8").replace(
        "[channels]", 'external_code = "case:number"\n[channels]'
    )
    mapping.write_text(named, "utf-8")
    rejects = tmp_path / "rejects.csv"
    done = json.loads(stack.run(*arguments, "--rejects", str(rejects)).stdout)
    assert (done["kept"], done["rejected"], done["dossiers"]) == (12, 6, 2)
    with rejects.open(newline="") as file:
        refused = {(line["case"], line["reason"]) for line in csv.DictReader(file)}
    assert len(refused) == 1
    assert {case for case, _ in refused} <= {"numbered-1", "doubled-1"}
    assert all("another dossier has its external code" in reason for _, reason in refused)
    numbers = Counter(
        e["event"]["payload"]["code"]
        for name in ("numbered", "doubled", "other")
        for e in events(stack, name)
        if e["type"] == "ExternalCodeRecorded"
    )
    assert numbers == {"09.H44.1": 1, "09.H44.2": 1}


def test_an_import_without_services_says_so_at_once(tmp_path: Path) -> None:
    """Nothing is read into rejects because nobody answers."""
    arguments = files(tmp_path, rows_of("none", 1))
    env = dict(os.environ) | {"MOTCUA_DATA_DIR": str(tmp_path), "INTAKE_PORT": "1"}
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        env=env,
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "intake does not answer; is it running? (motcua status)\n"
    assert time.monotonic() - begun < 30
