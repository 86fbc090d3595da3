"""How many dossiers the demonstration is asked to play."""

import sys

import pytest

from demo.__main__ import arguments, main
from demo.settings import DOSSIERS


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line says nothing, unless the test does."""
    monkeypatch.setattr(sys, "argv", ["demo"])


@pytest.mark.parametrize("wrong", ["abc", "1.5", "0", "-5"])
def test_a_scale_that_is_no_number_of_dossiers_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    """On one line, with status 2, before anything is made."""
    monkeypatch.setenv("SCALE", wrong)
    assert main() == 2
    assert capsys.readouterr().err == f"SCALE: must be a whole number above 0, got '{wrong}'\n"


@pytest.mark.parametrize("wrong", ["abc", "0"])
def test_so_is_a_wrong_option(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    """By the option's name."""
    monkeypatch.delenv("SCALE", raising=False)
    monkeypatch.setattr(sys, "argv", ["demo", "--dossiers", wrong])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    message = f"argument --dossiers: must be a whole number above 0, got '{wrong}'"
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("scale", "dossiers"), [("", DOSSIERS), ("1000", 1000)])
def test_a_scale_is_taken(monkeypatch: pytest.MonkeyPatch, scale: str, dossiers: int) -> None:
    """An empty one is none."""
    monkeypatch.setenv("SCALE", scale)
    assert arguments().dossiers == dossiers
