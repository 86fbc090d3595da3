"""`motcua people`: the directory checked and listed; tokens that take roles from it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from kernel.auth.tokens import verifier_of
from kernel.config.settings import Settings
from office.permissions import shipped

PEOPLE = """
units = "units.toml"
[[officer]]
id = "an.nv"
name = "Nguyễn Văn An"
unit = "H22.02"
roles = ["specialist", "receptionist"]
[[officer.absence]]
first = 2021-08-09
last = 2021-08-13
substitute = "binh.tt"
[[officer]]
id = "binh.tt"
unit = "H22"
roles = ["leader"]
valid_to = 2022-12-31
"""


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is in order, with an issuer of its own."""
    (tmp_path / "units.toml").write_text('[[unit]]\ncode = "H22"\n[[unit]]\ncode = "H22.02"\n')
    file = tmp_path / "people.toml"
    file.write_text(PEOPLE)
    monkeypatch.setenv("PEOPLE_DIRECTORY", str(file))
    monkeypatch.setenv("IDENTITY_DIR", str(tmp_path / "identity"))
    return file


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, arguments)


def test_a_directory_in_order_passes(people: Path) -> None:
    """Exit status 0 with what there is."""
    done = run("people", "check", str(people))
    assert done.exit_code == 0
    assert "2 units, 2 officers, no mistakes" in " ".join(done.stdout.split())


def test_a_counter_without_address_is_warned_about(people: Path) -> None:
    """It is no mistake: what exists goes on; each of the two is named with its units."""
    units = people.parent / "units.toml"
    done = run("people", "check", str(people))
    assert done.exit_code == 0
    assert "warning: without address: H22, H22.02" in done.stdout
    assert "warning: without phone: H22, H22.02" in done.stdout
    known = 'address = "Số 10 đường Trần Phú"\nphone = "(0219) 3866 999"\n'
    units.write_text(f'[[unit]]\ncode = "H22"\n{known}[[unit]]\ncode = "H22.02"\n{known}', "utf-8")
    assert "warning" not in run("people", "check", str(people)).stdout
    units.write_text(units.read_text("utf-8").replace("3866 999", "38"), "utf-8")
    wrong = run("people", "check", str(people))
    assert wrong.exit_code == 1
    assert "phone" in wrong.output


def test_every_mistake_is_a_line(people: Path) -> None:
    """Exit status 1, a line for each mistake."""
    people.write_text(PEOPLE.replace('"leader"', '"king"').replace('"H22.02"', '"H9"'))
    done = run("people", "check", str(people))
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert lines[0] == "people.toml:6:1: officer 1 (an.nv), unit: H9 is no unit"
    place = "people.toml:15:10: officer 2 (binh.tt), roles 1"
    assert lines[1].startswith(f"{place}: king is no role (there are ")
    assert lines[2] == "2 mistakes"


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--on", "2021-08-10"], ["an.nv", "binh.tt"]),
        (["--on", "2023-01-01"], ["an.nv"]),
        (["--on", "2021-08-10", "--unit", "H22.02"], ["an.nv"]),
        (["--on", "2021-08-10", "--role", "leader"], ["binh.tt"]),
    ],
)
def test_people_of_a_day_are_listed(people: Path, options: list[str], names: list[str]) -> None:
    """By unit, role and day, each with roles and absence."""
    done = run("people", "list", "--json", *options)
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert [row["id"] for row in found] == names
    if options == ["--on", "2021-08-10"]:
        assert found[0]["roles"] == ["receptionist", "specialist"]
        assert (found[0]["away_until"], found[0]["substitute"]) == ("2021-08-13", "binh.tt")
        assert found[1]["away_until"] == ""


def test_a_table_is_for_people(people: Path) -> None:
    """Without --json, one line for each officer below a heading."""
    done = run("people", "list", "--on", "2021-08-10")
    assert done.exit_code == 0
    assert "Nguyễn Văn An" in done.stdout


def test_wrong_use_is_told(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 2 for a day that is none, and where there is no directory."""
    assert run("people", "list", "--on", "soon").exit_code == 2
    monkeypatch.delenv("PEOPLE_DIRECTORY")
    assert run("people", "list").exit_code == 2


def test_a_token_takes_unit_and_roles_from_the_directory(people: Path) -> None:
    """What the command signs for an officer is what the directory says; a stranger gets none."""
    done = run("token", "--officer", "an.nv")
    assert done.exit_code == 0
    settings = Settings(service="intake", port=0, database_url="sqlite:///x")
    found = verifier_of(settings, shipped()).identity(done.stdout.strip())
    assert found.actor.unit == "H22.02"
    assert found.roles == {"specialist", "receptionist"}

    stranger = run("token", "--officer", "nobody")
    assert stranger.exit_code == 1
    assert "has no officer nobody" in stranger.stderr
