"""How a report looks on a narrow terminal."""

import io
from typing import Any

import pytest

from cli.commands.report import indicators, tables
from cli.printer import Printer


@pytest.mark.parametrize("width", [80, 100, 200])
def test_no_heading_breaks_inside_a_word(monkeypatch: Any, width: int) -> None:
    """A report of units fits into 80 columns with whole words."""
    stream = io.StringIO()
    printer = Printer(file=stream, width=width, force_terminal=False, color_system=None)
    monkeypatch.setattr(tables, "out", printer)
    row: dict[str, Any] = dict.fromkeys((*indicators.COUNTS, *indicators.BESIDE), 1234)
    document = {
        "from": "2026-11-01",
        "to": "2026-11-30",
        "as_of": None,
        "by": "unit",
        "rows": [{"key": "H22.12.03"} | row],
        "total": row,
    }
    printer.print(tables.table(document))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    assert {"received", "resolved", "pending", "H22.12.03"} <= set(words)
    assert not [word for word in words if word.endswith("-")]
