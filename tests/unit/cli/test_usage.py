"""What the command says of itself."""

import logging
import re
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy.exc import DatabaseError
from typer.testing import CliRunner

from cli.commands import rebuild
from cli.log_repair import command as log_repair
from cli.main import _COMMANDS, _quiet_clients, app
from cli.stack.plan import SERVICES
from infra.local.ports import free_port
from kernel.consumer.reading.log_reader import LogUnavailable
from kernel.storage.engines import open_engine


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


@pytest.mark.parametrize(
    "group", ["", *(name for name, place in _COMMANDS.items() if place.endswith(":app"))]
)
def test_no_text_of_a_list_of_commands_is_cut(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 80 columns each has one line, with all of its first sentence."""
    monkeypatch.setenv("COLUMNS", "80")
    listed = _said(*group.split(), "--help").partition("\nCommands:\n")[2].splitlines()
    assert listed
    assert [line for line in listed if line.endswith("...") or line.startswith("   ")] == []


def test_an_argument_that_may_be_left_out_has_brackets() -> None:
    """And one that is needed has none."""
    assert "list [OPTIONS] [SERVICE]\n" in _said("quarantine", "list", "--help")
    assert "redrive [OPTIONS] SERVICE DOSSIER|PLACE\n" in _said("quarantine", "redrive", "--help")


@pytest.mark.parametrize(
    "arguments",
    [
        "report --from 2021-07-01 --to 2021-06-30",
        "replay --from 2021-06-11 --to 2021-06-09",
        "replay --from 2021-06-11T08:00+07:00 --to 2021-06-11T00:59Z",
    ],
)
def test_a_period_that_ends_before_it_begins_is_wrong_usage(arguments: str) -> None:
    """By the names of the options, before any service is asked."""
    done = CliRunner().invoke(app, arguments.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.endswith("\nError: Invalid value for --to: must not lie before --from\n")


def test_one_instant_is_a_period(monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is written; the service is asked."""
    monkeypatch.setenv("AUDIT_PORT", str(free_port()))
    period = ["--from", "2021-06-11T08:00+07:00", "--to", "2021-06-11T01:00Z"]
    done = CliRunner().invoke(app, ["replay", *period])
    assert (done.exit_code, done.stderr.partition(";")[0]) == (1, "audit does not answer")


@pytest.mark.parametrize(
    ("option", "message"),
    [("--by", "'colour' is not one of 'unit',"), ("--format", "'colour' is not one of 'table',")],
)
def test_a_word_that_is_not_among_those_of_an_option_is_refused(option: str, message: str) -> None:
    """With those that are, and nothing else."""
    period = ["--from", "2021-06-01", "--to", "2021-06-30"]
    done = CliRunner().invoke(app, ["report", *period, option, "colour"])
    assert done.exit_code == 2
    assert f"\nError: Invalid value for '{option}': {message}" in done.stderr


def test_a_data_folder_that_can_not_be_made_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On one line, with status 2, by the name of its variable."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MOTCUA_DATA_DIR", str(tmp_path / "file" / "data"))
    for arguments in (["up"], ["up", "--detach"]):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 2
        assert isinstance(done.exception, SystemExit)


def test_a_damaged_database_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is not reported as missing, and nothing is thrown away unasked."""
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
    message = rebuild._unreadable("audit", fault.value)
    assert f"the file is damaged. Move {damaged} away" in message


@pytest.mark.parametrize("name", ["aiokafka", "kafka"])
def test_lines_of_kafka_s_clients_do_not_stand_between_those_of_a_command(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a library logs and nobody listens, Python would print it."""
    for client in map(logging.getLogger, ("aiokafka", "kafka")):
        monkeypatch.setattr(client, "handlers", [])
        monkeypatch.setattr(client, "propagate", True)
    _quiet_clients()
    logging.getLogger(f"{name}.fetcher").error("Failed fetch messages from 1")
    assert capsys.readouterr() == ("", "")


def test_a_folder_on_which_nothing_runs_has_a_sentence(tmp_path: Path) -> None:
    """Not a table of dashes; the command that starts it is named."""
    env = {"MOTCUA_DATA_DIR": str(tmp_path / "data")}
    env |= {f"{name.upper()}_PORT": str(free_port()) for name in SERVICES}
    done = CliRunner().invoke(app, ["status"], env=env)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"nothing runs on {tmp_path / 'data'}; motcua up starts it\n"


@pytest.mark.parametrize(
    ("arguments", "module", "name"),
    [
        (["rebuild", "audit"], rebuild, "rebuild_database"),
        (["log", "check"], log_repair, "planned"),
        (["log", "repair"], log_repair, "planned"),
    ],
)
def test_a_broker_that_does_not_answer_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    module: ModuleType,
    name: str,
) -> None:
    """By its address, and in no words of a client."""

    def away(*_: object) -> None:
        raise LogUnavailable("KafkaTimeoutError(Unable to bootstrap)")

    monkeypatch.setattr(module, name, away)
    env = {"MOTCUA_DATA_DIR": str(tmp_path), "KAFKA_BOOTSTRAP_SERVERS": "kafka-1.office:9092"}
    done = CliRunner().invoke(app, arguments, env=env)
    message = "Kafka does not answer at kafka-1.office:9092; is it running? (motcua status)\n"
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", message)
