"""`motcua calendar show / check / diff`, and the calendars of the documentation."""

from __future__ import annotations

import json
import shlex
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from infra.local.ports import free_port
from office.worktime.calendars import repository
from tests.support.paths import ROOT

EXAMPLE = ROOT / "examples" / "calendars" / "saturday-desk.toml"
WRONG = """
name = "Desk 1"
revision = "1"
time_zone = "Asia/Hanoi"
colour = "red"
[sessions]
monday = "7:00-11:30"
tusday = "07:00-11:30"
wednesday = "07:00-11:30,11:00-17:00"
thursday = 8
[holidays]
country = "XX"
first_year = 2020
last_year = 2030
[[day]]
date = 2026-09-17
kind = "shut"
[[day]]
date = 2026-09-18
kind = "closure"
sessions = "07:00-09:00"
[[day]]
date = 2026-09-19
kind = "closure"
[[day]]
date = 2026-09-19
kind = "own-sessions"
sessions = "nine"
[[day]]
date = 2026-09-19
kind = "closure"
"""


def call(*arguments: str) -> Result:
    """Call `motcua calendar`."""
    return CliRunner().invoke(app, ["calendar", *arguments])


def document(*arguments: str, status: int = 0) -> dict[str, Any]:
    """Return the one JSON document that a command prints."""
    found = call(*arguments, "--json")

    assert found.exit_code == status, found.output
    answer: dict[str, Any] = json.loads(found.stdout)
    return answer


def variant(folder: Path, old: str, new: str) -> str:
    """Write the example with one change, and give its path."""
    text = EXAMPLE.read_text(encoding="utf-8")
    assert old in text
    path = folder / "variant.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return str(path)


def test_a_year_of_the_state_office() -> None:
    """A year shows sessions, swaps with their document, worked Saturdays and estimates."""
    shown = document("show", "--year", "2026")
    days = {day["date"]: day for day in shown["days"]}

    assert shown["version"].startswith("vn-2026.1+")
    assert shown["announced_until"] == "2026-12-31"
    assert shown["sessions"]["monday"] == ["07:00-11:30", "13:30-17:00"]
    assert shown["sessions"]["sunday"] == []
    assert days["2026-01-02"]["source"] == "12729/VPCP-KGVX, 25/12/2025"
    assert [d for d, day in days.items() if day["kind"] == "worked"] == ["2026-01-10", "2026-08-22"]
    assert [d for d, day in days.items() if day["estimated"]] == ["2026-11-24"]
    assert "12729/VPCP-KGVX, 25/12/2025" in shown["sources"]
    assert all(day["estimated"] for day in document("show", "--year", "2027")["days"])


def test_a_year_for_people() -> None:
    """The table names version, sessions, reasons, documents and what is dự kiến."""
    text = call("show", "--year", "2026").stdout

    for part in ("vn-2026.1+", "07:00-11:30, 13:30-17:00", "12729/VPCP-KGVX", "(dự kiến)"):
        assert part in text
    assert "2026: 249 working days" in text


def test_a_wrong_file_tells_all_its_mistakes(tmp_path: Path) -> None:
    """Every mistake is named with its field, those behind other mistakes too."""
    path = tmp_path / "wrong.toml"
    path.write_text(WRONG, encoding="utf-8")
    found = document("check", str(path), status=1)
    rules = {mistake["field"]: mistake["rule"] for mistake in found["mistakes"]}

    assert (found["ok"], found["version"]) == (False, None)
    assert sorted(rules) == [
        "colour",
        "day.1.kind",
        "day.2.sessions",
        "day.4.date",
        "day.4.sessions",
        "day.5.date",
        "holidays.country",
        "name",
        "sessions.monday",
        "sessions.thursday",
        "sessions.tusday",
        "sessions.wednesday",
        "time_zone",
    ]
    overlap = "session 2 (11:00-17:00): overlaps or precedes 07:00-11:30"
    assert rules["sessions.wednesday"] == overlap
    assert rules["day.5.date"] == "2026-09-19 has a rule already: day.3"
    assert rules["time_zone"] == "'Asia/Hanoi' is no IANA time zone"
    for mistake in found["mistakes"]:
        key = mistake["field"].rpartition(".")[2]
        line = WRONG.splitlines()[mistake["line"] - 1]
        assert line[mistake["column"] - 1 :].startswith(key)
        assert mistake["rule_vi"] != mistake["rule"]
    assert "mistake  day.1.kind: " in call("check", str(path)).stdout


MORE = """
name = "desk"
revision = "2026 1"
time_zone = "Asia/Hanoi"
hours_per_day = 25
day_of_rest = "sunday"
[sessions]
tusday = "07:00-11:30"
[holidays]
country = "XX"
first_year = 2030
last_year = 2020
anounced_until = 2026-12-31
[[day]]
date = "2026-09-17"
until = 2026-09-01
kind = "shut"
sessions = "7:00-9:00"
closed = "07:00-06:00"
reason = "flood"
[[day]]
date = 2026-09-18
until = 2026-09-01
kind = "closure"
sessions = "07:00-09:00"
estimated = "yes"
[[day]]
date = 2026-09-18
kind = "day-off"
closed = "nine"
"""


def test_mistakes_of_every_kind_are_named_together(tmp_path: Path) -> None:
    """Of form, of what is referred to and of what contradicts itself, in one entry too."""
    path = tmp_path / "more.toml"
    path.write_text(MORE, encoding="utf-8")
    found = document("check", str(path), status=1)["mistakes"]

    assert {(mistake["field"], mistake["rule"]) for mistake in found} == {
        ("revision", "must be at most 20 letters, digits and dots, such as 2026.1"),
        ("time_zone", "'Asia/Hanoi' is no IANA time zone"),
        ("hours_per_day", "must be 24 or less"),
        (
            "day_of_rest",
            "is no key here (there are name, revision, time_zone, hours_per_day, sessions,"
            " holidays, day)",
        ),
        ("sessions.tusday", "is tuesday meant?"),
        ("holidays.country", "no holidays are known of XX"),
        ("holidays.last_year", "2020 lies before first_year, 2030"),
        ("holidays.anounced_until", "is no key here; is announced_until meant?"),
        ("day.1.date", "must be a day such as 2026-09-02 (in TOML without quotes)"),
        ("day.1.kind", "must be one of day-off, closure, worked, own-sessions"),
        ("day.1.reason", "is no key here; is reason_vi meant?"),
        ("day.1.sessions", "'7:00-9:00' must look like 07:00-11:30"),
        ("day.1.closed", "session 1 (07:00-06:00): ends before it starts"),
        ("day.2.until", "must be the date itself or lie within a year after it"),
        ("day.2.sessions", "a closure has no sessions; say with closed when nobody works"),
        ("day.2.estimated", "must be true or false"),
        ("day.3.date", "2026-09-18 has a rule already: day.2"),
        ("day.3.closed", "belongs to a closure"),
        ("day.3.closed", "'nine' must look like 07:00-11:30"),
    }


def test_a_calendar_without_work_is_told_beside_other_mistakes(tmp_path: Path) -> None:
    """What is wrong with the name hides nothing of the working time, and the other way round."""
    path = tmp_path / "idle.toml"
    path.write_text('name = "Idle"\nrevision = "1"\ntime_zone = "UTC"\n[sessions]\n')
    fields = [it["field"] for it in document("check", str(path), status=1)["mistakes"]]
    assert fields == ["name", "sessions"]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("[sessions]", "[session]", "session"),
        ('monday = "', 'mondai = "', "sessions.mondai"),
        ('saturday = "', 'saturday = "8-', "sessions.saturday"),
        ('kind = "closure"', 'kind = "closed"', "day.4.kind"),
        ('country = "VN"', 'country = "vn"', "holidays.country"),
        ("last_year = 2030", "last_year = 3030", "holidays.last_year"),
    ],
)
def test_what_was_named_is_not_told_again_in_other_words(
    tmp_path: Path, old: str, new: str, field: str
) -> None:
    """What hangs on a part at fault is not reported as a mistake of its own."""
    found = document("check", variant(tmp_path, old, new), status=1)["mistakes"]
    assert [it["field"] for it in found] == [field]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name = [",
        "sessions = 3\nday = 4",
        "[day]\ndate = 2026-01-01",
        "day = [1, {}]\nholidays = 2",
        'name = "a"\nrevision = "1"\ntime_zone = "UTC"\n[sessions]\nmonday = 1\n[[day]]',
    ],
)
def test_a_hopeless_file_is_refused(tmp_path: Path, text: str) -> None:
    """A file of any shape gets its mistakes named instead of an accident."""
    path = tmp_path / "hopeless.toml"
    path.write_text(text)

    assert document("check", str(path), status=1)["mistakes"]
    due = call("due", "--start", "2026-01-01T08:00", "--duration", "1wd", "--calendar", str(path))
    assert (due.exit_code, due.stdout) == (1, "")


def test_a_calendar_that_rests_too_long_is_a_mistake(tmp_path: Path) -> None:
    """No work at all, or none for over 366 days, is found before a due date meets it."""
    never = tmp_path / "never.toml"
    never.write_text('name = "never"\nrevision = "1"\ntime_zone = "UTC"\n[sessions]\n')
    text = EXAMPLE.read_text(encoding="utf-8")
    closed = "".join(
        f'[[day]]\ndate = {first}\nuntil = {last}\nkind = "closure"\n'
        for first, last in [("2027-03-01", "2028-02-28"), ("2028-02-29", "2028-03-31")]
    )
    long = tmp_path / "long.toml"
    long.write_text(text + closed, encoding="utf-8")

    (mistake,) = document("check", str(never), status=1)["mistakes"]
    assert mistake["rule"] == "no weekday has any: nothing would ever be due"
    (mistake,) = document("check", str(long), status=1)["mistakes"]
    assert mistake["rule"].startswith("no work from 2027-02-28 to 2028-03-31")


def test_warnings_leave_a_calendar_good(tmp_path: Path) -> None:
    """Days past the last decree, unconfirmed ones and closures without a document are warned of."""
    path = variant(tmp_path, 'source = "example order 1, 16/09/2026"', "estimated = true")
    found = document("check", path)
    warned = {warning["field"]: warning["rule"] for warning in found["warnings"]}

    assert found["ok"]
    assert "past the last decree (2026-12-31)" in warned["holidays.announced_until"]
    assert warned["day.estimated"] == "not confirmed (dự kiến): 2026-09-17, 2026-09-18, 2026-11-24"
    assert warned["day.source"] == "no document is named for 2026-09-17, 2026-09-18"


def test_differences_of_two_calendars(tmp_path: Path) -> None:
    """Days worked at other times are listed with both reasons, texts alone are no difference."""
    moved = variant(tmp_path, "until = 2026-09-18", "until = 2026-09-17")
    found = document("diff", str(EXAMPLE), moved)
    (day,) = found["days"]

    assert (found["from"], found["to"]) == ("2020-01-01", "2030-12-31")
    assert day["date"] == "2026-09-18"
    assert (day["a"]["sessions"], day["a"]["kind"]) == ([], "closure")
    assert day["a"]["reason_en"] == "Closed for the storm"
    assert (day["b"]["kind"], day["b"]["sessions"]) == ("ordinary", ["07:30-11:30", "13:00-17:00"])
    renamed = variant(tmp_path, "Closed for the storm", "Typhoon")
    assert document("diff", str(EXAMPLE), renamed)["days"] == []


def test_unlike_settings_are_named(tmp_path: Path) -> None:
    """A working day of another length moves due dates, though no day differs."""
    path = variant(tmp_path, "hours_per_day = 8 ", "hours_per_day = 7.5 ")
    found = document("diff", str(EXAMPLE), path, "--from", "2026-01-01", "--to", "2026-12-31")

    assert found["settings"] == [{"field": "hours_per_day", "a": 8.0, "b": 7.5}]
    assert found["days"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "nowhere.toml"),
        ("show", "--year", "99999"),
        ("diff", "vn-state-office", "nowhere.toml"),
        ("diff", "vn-state-office", str(EXAMPLE), "--from", "soon"),
        ("diff", "vn-state-office", str(EXAMPLE), "--from", "2026-02-01", "--to", "2026-01-01"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    """A wrong option is exit status 2, with nothing on stdout."""
    found = call(*arguments)

    assert (found.exit_code, found.stdout) == (2, "")


def _documented() -> list[tuple[str, list[str]]]:
    """List the documentation's commands, each with the lines shown below it."""
    commands: list[tuple[str, list[str]]] = []
    shown: list[str] = []
    for line in (ROOT / "docs" / "calendars.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("    $ motcua "):
            shown = []
            commands.append((line.removeprefix("    $ motcua "), shown))
        elif line.startswith("    "):
            shown.append(line[4:])
        else:
            shown = []
    return commands


def test_the_documentation_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of the documentation, one after the other on one repository, print what is shown
    below them; where a service is needed, that is printed.
    """
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("MOTCUA_CALENDARS_DIR", str(tmp_path / "calendars"))
    monkeypatch.setenv("MOTCUA_CLOCK", f"2026-09-11T09:00:00+07:00@0.000001@{time.time()}")
    monkeypatch.setenv("ROUTING_PORT", str(free_port()))
    for command, shown in _documented():
        repository.repository_at.cache_clear()
        found = CliRunner().invoke(app, shlex.split(command))
        if command.startswith("calendar recalculate"):
            assert "routing does not answer" in found.stderr
            continue
        assert found.exit_code == 0, found.output
        assert found.stdout.splitlines()[: len(shown)] == shown
