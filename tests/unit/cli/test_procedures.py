"""`motcua procedures`: publish from a file, show what is published."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from office.catalogue.files.columns import COLUMNS
from tests.support.paths import ROOT
from tests.support.procedure_commands import next_version, run


@pytest.fixture(autouse=True)
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_PROCEDURES_DIR", str(tmp_path / "repository"))
    monkeypatch.setenv("MOTCUA_OPERATOR", "an.nv")


def printed(*words: str, status: int = 0) -> Any:
    """Run the command with --json."""
    return json.loads(run(*words, "--json", status=status).stdout)


def test_a_version_is_published_and_followed(tmp_path: Path) -> None:
    """A dry run publishes nothing; an import does; the same import again finds nothing new."""
    path = next_version(tmp_path)

    assert printed("check", str(path))["new"] == [{"code": "2.000648", "version": 2}]
    dry = printed("import", str(path), "--dry-run")
    assert (dry["versions"], dry["release"], dry["dry_run"]) == (1, 0, True)
    assert printed("releases")["releases"] == []

    done = printed("import", str(path), "--source", "QĐ 15/2021")
    assert (done["versions"], done["release"]) == (1, 1)
    assert printed("show", "2.000648")["time_limit"] == "15wd"
    assert printed("show", "2.000648", "--version", "1")["ends"] == "2021-05-31"
    on = printed("list", "--on", "2021-05-31")["procedures"]
    assert [it["version"] for it in on if it["code"] == "2.000648"] == [1]

    again = printed("import", str(path))
    assert (again["versions"], again["release"]) == (0, 1)
    release = printed("releases")["releases"][0]
    assert (release["published_by"], release["source"]) == ("an.nv", "QĐ 15/2021")


def test_mistakes_are_told_and_nothing_is_published(tmp_path: Path) -> None:
    """Every mistake is reported with row, column and rule; the status is 1."""
    path = next_version(tmp_path, unit="H99", level="4", process="magic")
    faults = printed("import", str(path), status=1)["faults"]
    shown = run("import", str(path), "--language", "vi", status=1)

    assert [(f["row"], f["column"], f["rule"]) for f in faults] == [
        (1, "level", "choice"),
        (1, "process", "process.unknown"),
        (1, "unit", "unit.unknown"),
    ]
    assert "dòng 1, level: phải là một trong whole, partial (2.000648)" in shown.stdout
    assert printed("releases")["releases"] == []


def test_broken_processes_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which processes there are is not known then: status 1, and a line for each mistake."""
    monkeypatch.setenv("MOTCUA_PROCESSES", str(tmp_path))
    (tmp_path / "own.yaml").write_text("process: own\nversion: 1\n")
    result = run("check", str(next_version(tmp_path)), status=1)
    assert "own.yaml:1:1: [missing] process own, steps: is missing" in result.stderr
    assert "the office's processes can't be used" in result.stderr
    assert result.stdout == ""


def test_a_version_that_would_open_child_dossiers_without_end_is_refused(tmp_path: Path) -> None:
    """The joint process opens a child of 1.004237; worked by the same process it would open its
    own, and routing would not start any more.
    """
    path = next_version(tmp_path, code="1.004237", process="joint")
    faults = printed("import", str(path), status=1)["faults"]
    assert [(f["column"], f["rule"]) for f in faults] == [("process", "process.cycle")]
    assert faults[0]["en"] == "would open dossiers without end: joint → 1.004237 → joint"
    assert printed("releases")["releases"] == []
    other = next_version(tmp_path, code="1.009756", version=3, process="joint")
    assert printed("check", str(other))["versions"] == 1


def test_a_published_version_stays(tmp_path: Path) -> None:
    """A file that changes what is published is refused, and says what it would change."""
    path = next_version(tmp_path, version=1, valid_from="2018-11-01")
    faults = printed("import", str(path), status=1)["faults"]

    assert [(f["column"], f["rule"]) for f in faults] == [("time_limit", "published")]


def test_a_table_goes_to_stdout() -> None:
    """Exports without a file go to stdout: CSV by default, a workbook whole."""
    text = run("export", "--code", "2.000648").stdout_bytes.decode("utf-8-sig")
    book = load_workbook(io.BytesIO(run("export", "--format", "xlsx").stdout_bytes))

    assert text.startswith("row,procedure,version,code,name_vi")
    assert {line.split(",")[0] for line in text.splitlines()[1:]} == {
        "field",
        "procedure",
        "part",
        "fee",
    }
    assert book["procedures"].max_row > 100


def test_wrong_usage() -> None:
    """A wrong option is status 2; an unknown procedure 1."""
    run("export", "--format", "pdf", status=2)
    run("list", "--on", "yesterday", status=2)
    run("list", "--unit", "H99", status=2)
    run("check", "x.csv", "--language", "fr", status=2)
    run("show", "9.999999", status=1)
    run("export", "--code", "9.999999", status=1)
    run("show", "2.000648", "--version", "9", status=1)


def test_a_unit_is_known_by_its_former_code() -> None:
    """The code that a unit had before 2020 finds what it takes."""
    now, before = (printed("list", "--unit", code) for code in ("H22.02", "000.00.02.H22"))

    assert now == before
    assert {it["unit"] for it in now["procedures"]} == {"H22.02"}


def test_a_successor_in_the_directory_has_what_the_dissolved_unit_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the running desk says it; procedures of a unit of the directory can be published."""
    on_the_last = printed("list", "--unit", "H22.02", "--on", "2021-08-10")["procedures"]
    units = """[[unit]]
code = "H22.02"
valid_to = 2021-08-10
successor = "H22.40"
[[unit]]
code = "H22.40"
name_vi = "Sở Công Thương và Giao thông"
level = "province"
"""
    (tmp_path / "units.toml").write_text(units, encoding="utf-8")
    (tmp_path / "people.toml").write_text('units = "units.toml"')
    monkeypatch.setenv("PEOPLE_DIRECTORY", str(tmp_path / "people.toml"))
    now = {
        unit: printed("list", "--unit", unit, "--on", "2021-08-11")["procedures"]
        for unit in ("H22.02", "H22.40")
    }

    assert on_the_last
    assert now == {"H22.02": [], "H22.40": on_the_last}
    assert printed("check", str(next_version(tmp_path, version=1, code="9.000001", unit="H22.40")))


def test_a_person_reads_it() -> None:
    """Lists and a procedure are shown in words."""
    shown = run("show", "2.000648").stdout

    assert "Cửa hàng" in shown or "cửa hàng" in shown
    assert "phi  1.200.000 đ" in shown
    assert "2.000648" in run("list").stdout
    assert "release" in run("releases").stdout


def test_a_spoilt_repository_is_reported(tmp_path: Path) -> None:
    """A repository that can't be read is reported on one line, status 1."""
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository/release-000002.json").write_text("{}")
    result = run("list", status=1)

    assert "release 1 is missing" in result.stderr


def test_the_example_of_the_guide_is_published() -> None:
    """The table that the guide works with is right, and what the guide shows is what comes out."""
    root = ROOT
    guide = (root / "docs/procedures.md").read_text(encoding="utf-8")
    file = str(root / "examples/procedures/september.csv")

    assert run("check", file).stdout.strip() in guide
    assert run("import", file, "--source", "Quyết định 1234/QĐ-UBND").stdout.strip() in guide
    assert run("show", "3.000910").stdout.splitlines()[0] in guide


def test_the_guide_names_every_column() -> None:
    """Whoever adds a column tells the guide of it."""
    guide = (ROOT / "docs/procedures.md").read_text(encoding="utf-8")

    assert [name for name in COLUMNS if f"`{name}`" not in guide] == []
