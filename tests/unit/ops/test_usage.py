"""What the command says of itself."""

import re

import pytest
from sqlalchemy.exc import DatabaseError
from typer.testing import CliRunner

from services.kernel.database import open_engine
from services.ops import rebuilding
from services.ops.main import _COMMANDS, app


def _said(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, prog_name="motcua")
    assert done.exit_code == 0, done.output
    return done.output


def test_the_version_is_said() -> None:
    """A bug report can name what was run."""
    assert re.fullmatch(r"motcua \d+\.\d+\.\d+\n", _said("--version"))


@pytest.mark.parametrize("command", _COMMANDS)
def test_usage_names_arguments_in_capitals(command: str) -> None:
    """As the documentation writes them; no braces."""
    usage = _said(command, "--help").splitlines()[0]
    assert usage.startswith(f"Usage: motcua {command} ")
    assert re.fullmatch(r"[][A-Z|. ]+", usage.partition(command)[2]), usage


def test_an_argument_that_may_be_left_out_has_brackets() -> None:
    """And one that is needed has none."""
    assert "list [OPTIONS] [SERVICE]\n" in _said("quarantine", "list", "--help")
    assert "redrive [OPTIONS] SERVICE DOSSIER|PLACE\n" in _said("quarantine", "redrive", "--help")


def test_a_data_folder_that_can_not_be_made_is_told(monkeypatch, tmp_path) -> None:
    """On one line, with status 2, by the name of its variable."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MOTCUA_DATA_DIR", str(tmp_path / "file" / "data"))
    for arguments in (["up"], ["up", "--detach"]):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 2
        assert isinstance(done.exception, SystemExit)


def test_a_damaged_database_is_told_with_what_to_do(monkeypatch, tmp_path) -> None:
    """It is not said to be away, and nothing is thrown away unasked."""
    monkeypatch.setenv("MOTCUA_DATA_DIR", str(tmp_path))
    damaged = tmp_path / "audit.sqlite3"
    damaged.write_bytes(b"no database " * 1000)
    for options in ((), ("--check",)):
        done = CliRunner().invoke(app, ["rebuild", "audit", *options])
        assert done.exit_code == 1
        assert isinstance(done.exception, SystemExit)
        assert damaged.read_bytes().startswith(b"no database")
    engine = open_engine(f"sqlite:///{damaged}", "audit")
    with pytest.raises(DatabaseError) as fault, engine.connect():
        pass
    told = rebuilding._unreadable("audit", fault.value)
    assert f"the file is damaged. Move {damaged} away" in told
