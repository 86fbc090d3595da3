"""The operators' page on telemetry says what the code does."""

from __future__ import annotations

import re

from kernel.telemetry import logs
from kernel.telemetry.metrics import METRICS
from office import log_events
from services.intake.application.metrics import METRICS as INTAKE_METRICS
from services.notify.delivery.metrics import METRICS as NOTIFY_METRICS
from tests.support.paths import ROOT

ALL_METRICS = (*METRICS, *INTAKE_METRICS, *NOTIFY_METRICS)
PAGE = (ROOT / "docs" / "watching.md").read_text()


def rows(heading: str) -> list[tuple[str, ...]]:
    """Return the rows of the table below a heading."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:3] == "| `"]
    return [tuple(cell.strip("`") for cell in row) for row in cells]


def test_page_lists_the_metrics() -> None:
    """Every metric stands on the page with its unit and its sentence, and no other."""
    expected = [(m.name, m.unit.strip("{}"), m.sentence) for m in ALL_METRICS]

    assert rows("Metrics") == expected


def test_page_lists_the_log_events() -> None:
    """Every log event stands on the page with its sentence, and no other."""
    assert rows("Log events") == list((logs.EVENTS | dict(log_events.EVENTS)).items())


def test_page_names_metrics_that_exist() -> None:
    """What the page advises to watch is there."""
    names = {m.name for m in ALL_METRICS}

    assert set(re.findall(r"`(motcua\.[a-z]+\.[a-z_]+)`", PAGE)) == names
