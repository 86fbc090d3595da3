"""`motcua calendar import / list / use`, and due dates by the published calendars."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from office.worktime.calendars import repository
from tests.support.paths import ROOT

EXAMPLE = ROOT / "examples" / "calendars" / "saturday-desk.toml"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository's folder; each command opens it anew."""
    found = tmp_path / "calendars"
    monkeypatch.setenv("MOTCUA_CALENDARS_DIR", str(found))
    monkeypatch.setenv("MOTCUA_CLOCK", f"2026-09-10T09:00:00+07:00@0.000001@{time.time()}")
    return found


def call(*arguments: str, stdin: str | None = None) -> Result:
    """Call `motcua calendar`, as a process of its own would."""
    repository.repository_at.cache_clear()
    return CliRunner().invoke(app, ["calendar", *arguments], input=stdin)


def document(*arguments: str, status: int = 0) -> dict[str, Any]:
    """Return the one JSON document that a command prints."""
    found = call(*arguments, "--json")
    assert found.exit_code == status, found.output
    return dict(json.loads(found.stdout))


def variant(tmp_path: Path, old: str, new: str) -> str:
    """Write the example with a text replaced."""
    text = EXAMPLE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "variant.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return str(path)


def test_import_use_and_compute(tmp_path: Path) -> None:
    """A calendar is published for a unit and found by its name, its revision and its version."""
    made = document("import", str(EXAMPLE), "--for", "H22.12", "--source", "5/QD-UBND")

    assert made["published"]
    assert made["assigned"]
    assert made["valid_from"] == "2026-09-10"
    version = made["version"]
    start = ("due", "--start", "2026-09-16T10:00", "--duration", "1wd", "--calendar")
    revision = version.partition("+")[0].removeprefix("saturday-desk-")
    for name in ("saturday-desk", f"saturday-desk@{revision}", f"saturday-desk@{version}", version):
        assert document(*start, name)["due"] == "2026-09-19T10:00:00"
    assert document("diff", "saturday-desk", str(EXAMPLE))["days"] == []
    assert document("show", "--year", "2026", "--calendar", "saturday-desk")["version"] == version


def test_the_list_tells_versions_uses_and_documents() -> None:
    """What ships stands first; of each calendar one version is in force today."""
    call("import", str(EXAMPLE), "--valid-from", "2026-10-01", "--source", "5/QD-UBND")
    call("use", "vn", "--for", "H22", "--source", "6/QD-UBND")
    listed = document("list")

    states = [(row["calendar"], row["valid_from"], row["in_force"]) for row in listed["versions"]]
    assert states == [("vn", None, True), ("saturday-desk", "2026-10-01", False)]
    assert listed["uses"] == [
        {"unit": "H22", "calendar": "vn", "valid_from": "2026-09-10", "source": "6/QD-UBND"}
    ]
    text = call("list").stdout
    assert "5/QD-UBND" in text
    assert "in force" in text


def test_the_same_import_again_changes_nothing(folder: Path) -> None:
    """Exit status 0, and every file as it was."""
    call("import", str(EXAMPLE), "--for", "ALL")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    again = document("import", str(EXAMPLE), "--for", "ALL")

    assert (again["published"], again["assigned"]) == (False, False)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_published_version_is_not_changed(tmp_path: Path) -> None:
    """Exit status 1, and the days that differ are named."""
    call("import", str(EXAMPLE))
    found = call("import", variant(tmp_path, "until = 2026-09-18", "until = 2026-09-17"))

    assert found.exit_code == 1
    assert found.stdout == ""
    assert "is published and can't be changed; raise the revision" in found.stderr
    assert "differs 2026-09-18: - published, 07:30-11:30, 13:00-17:00 here" in found.stderr
    found = call("import", variant(tmp_path, "example order 1", "another order"))
    assert "differs in its texts or its first day only" in found.stderr


def test_many_days_that_differ_are_counted_and_told_whole_to_programs(tmp_path: Path) -> None:
    """People read the first five and how many more there are; --json lists them all."""
    call("import", str(EXAMPLE))
    other = variant(tmp_path, 'monday = "07:30-11:30,13:00-17:00"', 'monday = "08:00-12:00"')
    lines = call("import", other).stderr.splitlines()
    listed = document("import", other, status=1)

    assert listed["published"] is False
    assert "can't be changed" in listed["refused"]
    assert len([line for line in lines if line.startswith("differs 20")]) == 5
    assert lines[-1] == f"{len(listed['days']) - 5} more days differ (--json lists all)"


def test_a_later_revision_follows(tmp_path: Path) -> None:
    """Its days that differ from the version in force are counted."""
    call("import", str(EXAMPLE))
    text = EXAMPLE.read_text(encoding="utf-8").replace("2026.2", "2026.3")
    later = tmp_path / "later.toml"
    later.write_text(text.replace("until = 2026-09-18", "until = 2026-09-19"), encoding="utf-8")
    made = document("import", str(later))

    assert made["follows"].startswith("saturday-desk-2026.2+")
    assert made["days_changed"] == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('name = "never"\nrevision = "1"\ntime_zone = "UTC"\n[sessions]\n', "nothing would ever"),
        ("name = ", "is no TOML"),
    ],
)
def test_a_calendar_with_a_mistake_is_not_published(
    tmp_path: Path, folder: Path, text: str, problem: str
) -> None:
    """One without a working day, too: it is refused and nothing hangs."""
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    found = call("import", str(path))

    assert found.exit_code == 1
    assert problem in found.stderr
    assert not folder.exists()


def test_a_calendar_for_a_unit_that_is_not_there_is_not_published() -> None:
    """A typing error would leave the unit without its closure: nothing is done, with an error."""
    found = call("import", str(EXAMPLE), "--for", "H22.99")
    assert (found.exit_code, found.stdout) == (2, "")
    assert "the office has no unit H22.99" in " ".join(found.stderr.replace("│", " ").split())
    assert [row["calendar"] for row in document("list")["versions"]] == ["vn"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "nowhere.toml"),
        ("import", str(EXAMPLE), "--valid-from", "soon"),
        ("import", str(EXAMPLE), "--for", "not a code"),
        ("use", "nowhere", "--for", "H22"),
        ("use", "vn", "--for", "H22.99"),
        ("recalculate", "--dry-run", "--unit", "H22.99"),
        ("due", "--start", "2026-09-16T10:00", "--duration", "1wd", "--calendar", "nowhere"),
        ("due", "--start", "2026-09-16T10:00", "--duration", "1wd", "--calendar", "vn@2099"),
        ("due", "--start", "2026-09-16T10:00", "--duration", "1wd", "--same-day"),
        ("due", "--start", "2026-09-16T10:00", "--same-day", "--cut-off", "25:00"),
        ("recalculate",),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    """Exit status 2, with nothing on stdout."""
    found = call(*arguments)
    assert (found.exit_code, found.stdout) == (2, "")


def test_a_choice_of_what_does_not_hold_yet_is_refused() -> None:
    """A unit can't use a calendar from a day on which no version of it holds."""
    call("import", str(EXAMPLE), "--valid-from", "2026-10-01")
    found = call("use", "vn", "--for", "H22", "--valid-from", "2026-09-01")
    assert found.exit_code == 0
    found = call("use", "vn", "--for", "H22.12", "--valid-from", "2026-09-10")
    assert found.exit_code == 0
    found = call("use", "saturday-desk@2026.2", "--for", "H22.12", "--valid-from", "2026-09-20")
    assert found.exit_code == 1
    assert "no version of it holds on 2026-09-20" in found.stderr


def test_a_repository_that_cannot_be_read_is_said(folder: Path) -> None:
    """Exit status 1 with the file and what is wrong."""
    folder.mkdir()
    (folder / repository.INDEX).write_text("{")
    found = call("list")
    assert found.exit_code == 1
    assert "index.json" in found.stderr


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2021-08-09T09:00", "2021-08-09T17:00:00"),
        ("2021-08-09T15:00", "2021-08-09T17:00:00"),
        ("2021-08-09T15:01", "2021-08-10T17:00:00"),
        ("2021-08-13T16:00", "2021-08-16T17:00:00"),
        ("2021-08-14T09:00", "2021-08-16T17:00:00"),
        ("2026-08-21T15:30", "2026-08-22T17:00:00"),
    ],
)
def test_the_cut_off(received: str, due: str) -> None:
    """What comes by 15:00 is due that day, what comes later on the next working day."""
    asked = ("due", "--start", received, "--same-day")
    assert document(*asked)["due"] == due
    rows = document(*asked, "--explain")["explanation"]
    assert rows[0]["from"][:16] == received
    assert rows[-1]["to"] == due
    assert {row["from"][:10] for row in rows if row["counted"]} == {due[:10]}


def test_the_rest_of_the_day_is_skipped_by_decree() -> None:
    """What is left of the day after the cut-off has its reason in both languages, and a source."""
    asked = ("due", "--start", "2021-08-09T15:30", "--same-day", "--explain")
    row = document(*asked)["explanation"][0]
    assert row | {"seconds": 0} == {
        "from": "2021-08-09T15:30:00",
        "to": "2021-08-09T17:00:00",
        "counted": False,
        "seconds": 0,
        "reason": "received after the cut-off, 15:00",
        "reason_vi": "nhận sau 15:00, tính từ ngày làm việc tiếp theo",
        "source": "Decree 23/2015 art. 21",
        "estimated": False,
    }


def test_another_cut_off() -> None:
    """The hour of the cut-off may be given."""
    asked = ("due", "--start", "2021-08-09T11:00", "--same-day", "--cut-off", "10:30")
    assert document(*asked)["due"] == "2021-08-10T17:00:00"
    assert "received after the cut-off, 10:30" in call(*asked, "--explain").stdout
    assert call(*asked).stdout == "2021-08-10T17:00:00\n"
