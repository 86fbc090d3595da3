"""`motcua calendar due`: one due date, its explanation, and many at once from stdin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.support.paths import ROOT

# Worked out by hand, with the swap of 02/01/2026.
VECTORS = [
    ("2021-08-09T16:35:00", "3wd", "2021-08-12T16:35:00"),
    ("2021-08-09T17:30:00", "3wd", "2021-08-12T17:00:00"),
    ("2021-04-29T15:30:00", "2wd", "2021-05-05T15:30:00"),
    ("2021-02-09T16:00:00", "2wd", "2021-02-18T16:00:00"),
    ("2021-09-01T09:00:00", "1wd", "2021-09-06T09:00:00"),
    ("2025-12-31T10:00:00", "2wd", "2026-01-06T10:00:00"),
    ("2026-08-21T16:00:00", "1wd", "2026-08-22T16:00:00"),
    ("2021-08-14T09:00:00", "4wh", "2021-08-16T11:00:00"),
    ("2021-08-09T09:00:00", "5wd", "2021-08-16T09:00:00"),
    # Suspended 11/08 10:00 to 17/08 15:00: 35 working hours are added, or the five days run again.
    ("2021-08-16T09:00:00", "35wh", "2021-08-20T14:00:00"),
    ("2021-08-17T15:00:00", "5wd", "2021-08-24T15:00:00"),
]


def call(*arguments: str, lines: str | bytes | None = None) -> Result:
    """Call `motcua calendar due`."""
    return CliRunner().invoke(app, ["calendar", "due", *arguments], input=lines)


def rows(*arguments: str) -> list[dict[str, Any]]:
    """Return the explanation of a due date as JSON has it."""
    found = call(*arguments, "--explain", "--json")

    assert found.exit_code == 0, found.output
    answer = json.loads(found.stdout)
    explanation: list[dict[str, Any]] = answer["explanation"]
    assert explanation[0]["from"] == answer["start"]
    assert explanation[-1]["to"] == answer["due"]
    assert [r["to"] for r in explanation[:-1]] == [r["from"] for r in explanation[1:]]
    return explanation


@pytest.mark.parametrize(("start", "duration", "due"), VECTORS)
def test_the_worked_vectors(start: str, duration: str, due: str) -> None:
    """Each due date worked out by hand is what the command prints."""
    found = call("--start", start, "--duration", duration, "--json")

    assert found.exit_code == 0
    assert json.loads(found.stdout) == {"start": start, "duration": duration, "due": due}


def test_the_worked_vectors_from_stdin() -> None:
    """Lines on stdin are answered in order, one line of JSON each, as single questions are."""
    lines = "".join(f"{start},{duration}\n" for start, duration, _ in VECTORS)
    found = call("--json", lines=lines)

    assert found.exit_code == 0
    assert [json.loads(line) for line in found.stdout.splitlines()] == [
        {"start": start, "duration": duration, "due": due} for start, duration, due in VECTORS
    ]


@pytest.mark.parametrize(
    ("start", "duration", "due"),
    [
        ("2021-08-09T09:00", "5cd", "2021-08-16T09:00:00"),
        ("2021-08-09T17:30", "1cd", "2021-08-10T17:00:00"),
        ("2021-08-09T09:35:00Z", "3wd", "2021-08-12T16:35:00"),
        ("2021-08-09 16:35", "1/3wd", "2021-08-10T09:15:00"),
        ("2021-08-09T16:35", "none", "no limit"),
        ("2021-08-09T09:00", "5cd+3wd", "2021-08-19T09:00:00"),
        ("2021-08-09T17:30", "20cd+5wd", "2021-09-08T17:00:00"),
        ("2021-08-09T16:35:00.25", "3wd", "2021-08-12T16:35:00.250000"),
    ],
)
def test_a_due_date_for_people(start: str, duration: str, due: str) -> None:
    """Without --json the wall clock of the due date stands alone."""
    assert call("--start", start, "--duration", duration).stdout == f"{due}\n"


@pytest.mark.parametrize(
    ("line", "field", "rule"),
    [
        ("soon,3wd", "start", "must be a day and time"),
        ("2021-08-09,3wd", "start", "must be a day and time"),
        ("9999-12-31T23:59,3wd", "start", "years 1901 to 2199"),
        ("0001-01-01T00:00+14:00,3wd", "start", "years 1901 to 2199"),
        ("2021-08-09T16:35,3 days", "duration", "must look like 3wd"),
        ("2021-08-09T16:35,0wd", "duration", "above 0"),
        ("2021-08-09T16:35,1.5cd", "duration", "whole"),
        ("2021-08-09T16:35,1/0wd", "duration", "must look like"),
        ("2021-08-09T16:35,5cd+3 wd", "duration", "phase 2 must look like"),
        ("2021-08-09T16:35,5cd+none", "duration", "none stands alone"),
        ("2021-08-09T16:35,1wd+1wd+1wd+1wd", "duration", "at most 3 phases"),
        ("2190-01-01T00:00,9000wd", "duration", "ends after the year 2199"),
        ("2190-01-01T00:00,9000cd", "duration", "ends after the year 2199"),
        ("2021-08-09T16:35", "line", "must be start,duration"),
        ("", "line", "must be start,duration"),
        ("2021-08-09T16:35,3wd,", "line", "must be start,duration"),
        ("x" * 200_000, "line", "longer than 1000 bytes"),
    ],
)
def test_a_bad_line_is_named_and_the_others_answered(line: str, field: str, rule: str) -> None:
    """A bad line gets its number, the field and the rule; the lines around it are answered."""
    found = call(lines=f"2021-08-09T16:35,3wd\n{line}\n2021-08-14T09:00,4wh\r\n")
    first, bad, last = [json.loads(answer) for answer in found.stdout.splitlines()]

    assert found.exit_code == 1
    assert (first["due"], last["due"]) == ("2021-08-12T16:35:00", "2021-08-16T11:00:00")
    assert (bad["line"], bad["error"]["field"]) == (2, field)
    assert rule in bad["error"]["rule"]
    assert bad["text"] == line[:1000]


def test_each_phase_is_explained() -> None:
    """Every stretch names its phase; the second begins where the first is due."""
    found = rows("--start", "2021-08-09T09:00", "--duration", "5cd+3wd")

    assert [row["phase"] for row in found] == sorted(row["phase"] for row in found)
    second = [row for row in found if row["phase"] == 2]
    assert second[0]["from"] == "2021-08-16T09:00:00"
    assert sum(row["seconds"] for row in second if row["counted"]) == 24 * 3600
    assert sum(row["counted"] for row in found if row["phase"] == 1) == 5
    output = call("--start", "2021-08-09T09:00", "--duration", "5cd+3wd", "--explain").stdout
    assert "phase 1: calendar day 5" in output
    assert "phase 2: working time" in output
    assert "phase" not in rows("--start", "2021-08-09T09:00", "--duration", "3wd")[0]


def test_lines_of_strange_bytes() -> None:
    """A byte order mark does no harm, bytes that are no text do, and the last line needs no end."""
    found = call(lines=b"\xef\xbb\xbf2021-08-09T16:35,3wd\n\xff\x00,1wd\n2021-08-14T09:00,4wh")
    first, bad, last = [json.loads(answer) for answer in found.stdout.splitlines()]

    assert first["due"] == "2021-08-12T16:35:00"
    assert bad["error"]["field"] == "start"
    assert last["due"] == "2021-08-16T11:00:00"
    assert call(lines=b"").stdout == ""


def test_a_program_can_ask_line_by_line() -> None:
    """An answer comes before the next line is written, on one process kept open."""
    command = [sys.executable, "-m", "cli.main", "calendar", "due"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=dict(os.environ)
    ) as asked:
        assert asked.stdin is not None
        assert asked.stdout is not None
        for start, duration, due in VECTORS[:3]:
            asked.stdin.write(f"{start},{duration}\n".encode())
            asked.stdin.flush()
            assert json.loads(asked.stdout.readline())["due"] == due
        asked.stdin.close()
        assert asked.wait(30) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--start", "soon", "--duration", "1wd"),
        ("--start", "2021-08-09T16:35", "--duration", "soon"),
        ("--start", "2021-08-09T16:35"),
        ("--duration", "1wd"),
        ("--explain",),
        ("--start", "2021-08-09T16:35", "--duration", "1wd", "--calendar", "nowhere.toml"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    """A wrong option is exit status 2, with nothing on stdout."""
    found = call(*arguments, "--json")

    assert (found.exit_code, found.stdout) == (2, "")


def test_a_calendar_without_work_is_refused(tmp_path: Path) -> None:
    """Nothing hangs on a calendar without any work: each question is refused."""
    path = tmp_path / "never.toml"
    path.write_text('name = "never"\nrevision = "1"\ntime_zone = "UTC"\n[sessions]\n')
    one = call("--start", "2021-08-09T16:35", "--duration", "1wd", "--calendar", str(path))
    many = call("--calendar", str(path), lines="2021-08-09T16:35,1wd\n2021-08-09T16:35,1cd\n")

    assert (one.exit_code, one.stdout, many.exit_code) == (1, "", 1)
    errors = [json.loads(line)["error"] for line in many.stdout.splitlines()]
    assert [error["field"] for error in errors] == ["calendar", "calendar"]


def test_an_explanation_adds_up() -> None:
    """Counted stretches make the duration; each day off has its reason and document."""
    explanation = rows("--start", "2025-12-31T10:00", "--duration", "2wd")

    assert sum(row["seconds"] for row in explanation if row["counted"]) == 16 * 3600
    swap = next(row for row in explanation if row["from"].startswith("2026-01-02"))
    assert not swap["counted"]
    assert swap["source"] == "12729/VPCP-KGVX, 25/12/2025"
    assert swap["reason"] == "Day off in exchange for Saturday 10/01/2026"
    reasons = {row["reason"] for row in explanation}
    assert reasons >= {"working time", "outside the sessions", "Saturday is free", "Sunday is free"}


@pytest.mark.parametrize(
    ("start", "duration", "counted", "skipped"),
    [
        ("2021-08-09T09:00", "5cd", 5 * 24.0, 48.0),
        ("2021-08-09T17:30", "1cd", 23.5, 0),
        ("2021-08-09T06:00", "1cd", 24.0, 1.0),
        ("2021-08-09T12:00", "1cd", 23.5, 0),
    ],
)
def test_an_explanation_of_calendar_days(
    start: str, duration: str, counted: float, skipped: float
) -> None:
    """Calendar days count whole; what is added until the office works is shown apart."""
    explanation = rows("--start", start, "--duration", duration)

    assert sum(row["seconds"] for row in explanation if row["counted"]) == counted * 3600
    assert sum(row["seconds"] for row in explanation if not row["counted"]) == skipped * 3600


def test_an_explanation_for_people_marks_estimates() -> None:
    """A table for people has the same stretches, with estimates marked as such."""
    found = call("--start", "2027-09-01T16:00", "--duration", "2wd", "--explain")

    assert found.exit_code == 0
    assert "Public holiday (estimated)" in found.stdout


def test_no_limit_needs_no_explanation() -> None:
    """Without a limit there is no due date and nothing to explain."""
    found = call("--start", "2027-09-01T16:00", "--duration", "none", "--explain", "--json")

    answer = json.loads(found.stdout)
    assert (answer["due"], answer["explanation"]) == (None, [])
