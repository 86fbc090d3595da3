"""What the demonstration names to be opened afterwards."""

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from demo.__main__ import arguments
from demo.results.final_report import print_next_steps
from demo.results.own_count import Entry, OwnCount
from tests.support.audit_histories import at

FOLDER = Path("/srv/the demo")


def lines_of_the_end(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines that are printed after a week with two dossiers."""
    entries = [
        Entry(number, f"H22.05-210809-000{number}", "H22.05", "counter", "counter", consent=True)
        for number in (1, 2)
    ]
    entries[1].expect_mail("submitted")
    print_next_steps(FOLDER, OwnCount(entries), at("2021-08-13 17:30"))
    return capsys.readouterr().out.splitlines()


def test_five_commands_are_named_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    """With options that they have, and a dossier about which there are mails."""
    lines = [line.strip() for line in lines_of_the_end(capsys) if "    # " in line]
    assert len(lines) == 5
    assert sum("H22.05-210809-0002" in line for line in lines) == 3
    for line in lines:
        _, *words = shlex.split(line.partition("    # ")[0])
        asked = [word for word in words if not word[0].isdigit() and not word.startswith("H22.05-")]
        options = [word for word in asked if word.startswith("--")]
        command = [words[0], *(["explain"] if "explain" in words else [])]
        usage = CliRunner().invoke(app, [*command, "--help"])
        assert usage.exit_code == 0
        assert all(option in usage.output for option in options)


def test_the_stack_is_opened_where_the_week_ended(capsys: pytest.CaptureFixture[str]) -> None:
    """With the folder in quotes, and the office's clock at its ordinary speed."""
    lines = lines_of_the_end(capsys)
    assert "    export MOTCUA_DATA_DIR='/srv/the demo'" in lines
    up = next(line for line in lines if "motcua up" in line)
    assert up.split() == [
        "MOTCUA_CLOCK=2021-08-13T17:30:00+07:00@1@$(date",
        "+%s)",
        "motcua",
        "up",
        "--detach",
    ]


def test_all_there_is_to_show_is_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the end fits about a screen."""
    monkeypatch.delenv("SCALE", raising=False)
    monkeypatch.setattr("sys.argv", ["demo"])
    assert not arguments().verbose
    monkeypatch.setattr("sys.argv", ["demo", "--verbose"])
    assert arguments().verbose
