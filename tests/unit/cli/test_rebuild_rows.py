"""How `motcua rebuild --check` shows what differs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cli.commands import rebuild
from kernel.rebuild.rebuild import Rebuilt


def report(**tables: Any) -> dict[str, Any]:
    """Return a report of a check as scripts read it."""
    return {"service": "routing", "events": 10, "seconds": 1.0, "tables": tables, "equal": False}


def row(live: bool, log: bool, *columns: dict[str, Any], **key: Any) -> dict[str, Any]:
    """Return a row that differs."""
    return {"key": key, "live": live, "log": log, "columns": list(columns)}


def test_rows_and_columns_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Table, key, column and both values; what is not shown; rows that one lacks; how many more."""
    cases = [
        row(True, True, {"column": "due_at", "live": None, "log": ""}, code="H1", number=2),
        row(True, True, {"column": "applicant"}, code="H2", number=1),
        row(False, True, code="[H3]", number=1),
    ]
    rebuild._show(
        report(
            cases={"rows": 9, "differences": 15, "examples": cases, "more": 12},
            steps={"rows": 4, "differences": 0, "examples": [], "more": 0},
        )
    )

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]

    assert ["cases", "code=H1,", "number=2", "due_at", "null", '""'] in lines
    assert ["cases", "code=H2,", "number=1", "applicant", "differs", "differs"] in lines
    assert ["cases", "code=[H3],", "number=1", "no", "row"] in lines
    assert ["cases:", "12", "more", "rows", "differ"] in lines


def test_long_values_are_shown_where_they_differ() -> None:
    """A value that fills the screen begins shortly before the difference."""
    same = "x" * 500

    one, other = rebuild._around_difference(f"{same}A{same}", f"{same}B{same}")

    assert one == f"…{'x' * 10}A{'x' * 49}…"
    assert other == f"…{'x' * 10}B{'x' * 49}…"


def test_equal_databases_show_no_rows(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed about rows when none differs."""
    found = report(cases={"rows": 9, "differences": 0, "examples": [], "more": 0})
    rebuild._show(found | {"equal": True})

    assert "from the log" not in capsys.readouterr().out


def rebuilt(**changes: Any) -> Rebuilt:
    """Return what a rebuild did."""
    done = {"service": "routing", "events": 1000, "seconds": 4.0, "held_seconds": 0.25}
    return Rebuilt(**{**done, "unpublished": 2, "quarantined": 0, "pending": 0, **changes})


def test_a_rebuild_says_how_long_it_took_and_how_long_commands_waited(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From its beginning to its end; and where to look at records that were quarantined."""
    rebuild._tell(rebuilt(), as_json=False)
    line = "routing: 1000 events in 4.0 s (250/s); commands waited for 0.2 s\n"
    assert capsys.readouterr().out == line

    rebuild._tell(rebuilt(quarantined=1), as_json=False)
    assert "1 record in quarantine (motcua quarantine list routing)" in capsys.readouterr().out

    rebuild._tell(rebuilt(), as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "service": "routing",
        "events": 1000,
        "seconds": 4.0,
        "held_seconds": 0.25,
        "unpublished": 2,
        "quarantined": 0,
    }


def test_progress_is_told_by_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step, and the records read of how many; not more often than somebody wants to read."""
    with rebuild._progress("routing: reading") as report:
        report(10, 2000)
        monkeypatch.setattr(rebuild, "TOLD_EVERY", 0.0)
        report(1500, 2000)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("routing: reading: 1,500 of 2,000 records (")
