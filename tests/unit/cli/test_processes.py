"""`motcua process`: answers, mistakes and exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from office.process.repository import ProcessError, load_processes
from tests.support.paths import ROOT
from tests.support.procedure_commands import next_version

WRONG = ROOT / "tests/unit/office/process/data/every-mistake.yaml"
GOOD = ROOT / "examples/processes/permits.yaml"


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["process", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_good_file_has_exit_status_0() -> None:
    """Files and folders are counted."""
    status, output, _ = run("check", str(GOOD), str(ROOT / "office/process/data"))
    assert status == 0
    assert output.strip().endswith("9 processes in 9 files, 0 mistakes")


def test_each_mistake_is_a_line_with_its_place_and_rule() -> None:
    """Exit status 1; the JSON holds the same."""
    status, output, _ = run("check", str(WRONG))
    assert status == 1
    assert f"{WRONG}:2:1: [wrong-value]" in output
    status, output, _ = run("check", str(WRONG), "--language", "vi")
    assert f"{WRONG}:3:1: [wrong-value] process Wrong Name, version: phải là số nguyên" in output
    status, output, _ = run("check", str(WRONG), "--json")
    document = json.loads(output)
    assert status == 1
    assert document["ok"] is False
    assert {"file", "line", "column", "rule", "where", "text", "vi"} == document["mistakes"][
        0
    ].keys()


def test_an_empty_folder_is_no_success(tmp_path: Path) -> None:
    """Nothing checked is not everything right."""
    status, _, error = run("check", str(tmp_path))
    assert status == 1
    assert "no file ends in .yaml" in error


@pytest.mark.parametrize(("form", "begins"), [("svg", "<svg"), ("bpmn", "<?xml"), ("text", "con")])
def test_a_process_is_shown_in_each_form(form: str, begins: str) -> None:
    """stdout holds the drawing and nothing else."""
    status, output, error = run("show", "consulted", "--format", form)
    assert (status, error) == (0, "")
    assert output.startswith(begins)


def test_a_file_is_shown_like_a_process_and_its_mistakes_are_said() -> None:
    """By the path of a file; a wrong one is not drawn."""
    status, output, _ = run("show", str(GOOD), "--language", "en")
    assert status == 0
    assert "Permits" in output
    status, _, error = run("show", str(WRONG))
    assert status == 1
    assert "all mistakes: motcua process check" in error


def test_an_unknown_process_is_wrong_usage() -> None:
    """Exit status 2, and the name is printed."""
    status, _, error = run("show", "nowhere")
    assert status == 2
    assert "nowhere" in error


def test_the_list_names_every_process() -> None:
    """As a table and as JSON."""
    status, output, _ = run("list", "--json")
    names = {row["process"] for row in json.loads(output)["processes"]}
    assert status == 0
    assert {"standard", "consulted", "on-the-spot"} <= names
    assert "standard" in run("list")[1]


def test_a_file_is_checked_beside_those_that_ship(tmp_path: Path) -> None:
    """A process that ships is there already: both places are named; its next version is taken."""
    standard = ROOT / "office/process/data/standard.yaml"
    text = standard.read_text(encoding="utf-8")
    own = tmp_path / "own.yaml"
    own.write_text(text, encoding="utf-8")
    status, output, _ = run("check", str(own), "--json")
    assert status == 1
    (mistake,) = json.loads(output)["mistakes"]
    assert (mistake["file"], mistake["rule"]) == (str(own), "duplicate")
    assert f"; the other one: {standard}:" in mistake["text"]
    with pytest.raises(ProcessError) as start:
        load_processes([standard, own])
    assert str(start.value).count(str(own)) == str(start.value).count(str(standard)) == 1
    own.write_text(text.replace("version: 1", "version: 2"), encoding="utf-8")
    assert run("check", str(own))[0] == 0
    own.write_text(text.replace("version: 1", "version: 3"), encoding="utf-8")
    assert "[version-gap]" in run("check", str(own))[1]


def test_a_procedure_that_was_published_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a child's and in conditions; before it is published it is a mistake."""
    monkeypatch.setenv("MOTCUA_PROCEDURES_DIR", str(tmp_path / "repository"))
    own = tmp_path / "own.yaml"
    child = "{name: other, title: {vi: Hỏi, en: Ask}, procedure: 1.999999}"
    text = GOOD.read_text(encoding="utf-8")
    whole = text.replace("    limit: 2wd", f"    limit: 2wd\n    children: [{child}]", 1)
    assert whole != text
    own.write_text(whole, encoding="utf-8")
    status, output, _ = run("check", str(own))
    assert status == 1
    assert "[unknown-procedure]" in output
    assert "there is no procedure 1.999999" in output
    new = next_version(tmp_path, code="1.999999", version=1)
    assert CliRunner().invoke(app, ["procedures", "import", str(new)]).exit_code == 0
    assert run("check", str(own))[:2] == (0, "1 process in 1 file, 0 mistakes\n")
