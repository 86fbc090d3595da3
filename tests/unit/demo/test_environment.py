"""The demonstration is its own office, whatever the settings of the one beside it."""

import os
from pathlib import Path

import pytest

from cli.stack.paths import database_variables, path_variables
from demo.local_stack import environment


def test_it_leaves_the_office_s_files_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Only the file for spans is the caller's, by its whole path: the stack runs elsewhere."""
    monkeypatch.chdir(tmp_path)
    named = path_variables() | database_variables()
    office = dict.fromkeys((it for it in named if "_TLS_" not in it), "office")
    monkeypatch.setattr(os, "environ", office | {"PATH": "/bin"})
    env = environment(tmp_path / "demo", 1.0, 0)
    assert env["MOTCUA_DATA_DIR"] == str(tmp_path / "demo")
    assert env["MOTCUA_TRACE_FILE"] == str(tmp_path / "office")
    assert env["PEOPLE_DIRECTORY"] == str(tmp_path / "demo" / "people.toml")
    left = named & env.keys()
    assert left == {"MOTCUA_DATA_DIR", "MOTCUA_TRACE_FILE", "PEOPLE_DIRECTORY"}
