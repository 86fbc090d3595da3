"""`motcua token`: tokens for trying things out."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from kernel.auth.tokens import verifier_of
from kernel.config.settings import Settings
from office.permissions import shipped

SETTINGS: dict[str, Any] = {"service": "intake", "port": 0, "database_url": "sqlite://"}


@pytest.fixture(autouse=True)
def _own_issuer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IDENTITY_DIR", str(tmp_path / "identity"))


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["token", *arguments])


def test_an_officers_token_is_believed() -> None:
    """What the command prints is what a service believes: id, unit and roles."""
    done = run("--officer", "an.nv", "--unit", "H22.12", "--role", "head", "--role", "receptionist")
    assert done.exit_code == 0

    found = verifier_of(Settings(**SETTINGS), shipped()).identity(done.stdout.strip())
    assert (found.actor.id, found.actor.unit) == ("an.nv", "H22.12")
    assert found.roles == {"head", "receptionist"}


@pytest.mark.parametrize("kind", ["citizen", "operator", "importer"])
def test_each_kind_has_its_option(kind: str) -> None:
    """With --json, one document that also says for whom."""
    done = run(f"--{kind}", "somebody", "--json")
    document = json.loads(done.stdout)

    assert (document["kind"], document["id"]) == (kind, "somebody")
    assert (
        verifier_of(Settings(**SETTINGS), shipped()).identity(document["token"]).actor.id
        == "somebody"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name one of"),
        (["--officer", "a", "--citizen", "b"], "name one of"),
        (["--citizen", "b", "--unit", "H22"], "are for officers"),
        (["--officer", "a", "--role", "head", "--role", "king"], "king is no role"),
        (["--citizen", "+84 912 345 678"], "--citizen: no identity number"),
        (["--officer", "an.nv@hanoi.gov.vn"], "--officer: no identity number"),
        (["--officer", "a", "--hours", "25"], "--hours"),
        (["--officer", "a", "--hours", "0"], "--hours"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], words: str) -> None:
    """Exit status 2 with one line."""
    done = run(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert not done.stdout


def test_not_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """The local issuer does not offer what would not be believed."""
    monkeypatch.setenv("MOTCUA_MODE", "production")
    done = run("--officer", "an.nv")
    assert done.exit_code == 2
    assert "development" in done.stderr
