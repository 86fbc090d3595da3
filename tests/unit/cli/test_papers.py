"""Commands about papers: wrong usage is told before anything is called or signed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app

CODE = "H22.12-210809-0001"
TWO = ("--officer", "an.nv", "--citizen", "hoa")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("files", "put", CODE, "page.pdf", *TWO), "one of --officer"),
        (("files", "get", CODE, "copy.pdf", *TWO), "one of --officer"),
        (("files", "list", CODE, *TWO), "one of --officer"),
        (("form", CODE, "--output", "form.pdf", *TWO), "one of --officer"),
        (("files", "get", CODE, "folder"), "folder is a folder"),
        (("form", CODE, "--output", "folder"), "folder is a folder"),
        (("files", "put", CODE, "don", "page.pdf", "more.pdf"), "a part and a file at most"),
        (("files", "put", CODE, "page.exe"), ".pdf"),
    ],
)
def test_wrong_usage_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    """With status 2, and nothing on stdout."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTCUA_DATA_DIR", str(tmp_path))
    (tmp_path / "folder").mkdir()
    for name in ("page.pdf", "page.exe"):
        (tmp_path / name).touch()
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr
