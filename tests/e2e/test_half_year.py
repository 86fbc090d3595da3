"""The made-up half-year of a province in a stack of its own, by the `motcua` command alone."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from office.catalogue.loader import shipped_catalogue
from tests.support.stack import running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
CHANNELS = {"Trực tuyến": "online", "Trực tiếp": "counter", "Bưu chính": "post"}


def test_a_generated_half_year_comes_back_in_the_report(session_dir: Path, tmp_path: Path) -> None:
    """By level of government and channel, and in its totals, as one counts them in its file."""
    with running(session_dir, clock="real") as stack:
        made = stack.motcua(
            *("generate", "half-year", "--scale", "0.002", "--output", str(tmp_path), "--json")
        )
        done = stack.motcua(
            *("import", made["log"], "--mapping", made["mapping"], "--json"), timeout=200
        )
        stack.wait_settled()
        report = stack.motcua(
            *("report", "--from", made["first"], "--to", made["last"]),
            *("--by", "government_level", "--cross", "channel", "--json"),
        )
    with Path(made["log"]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert (done["dossiers"], done["rejected"]) == (len(rows), 0)
    levels = {unit.code: str(unit.level) for unit in shipped_catalogue().units.values()}
    new = [row for row in rows if row["started"] >= "2021-01-01"]
    received = Counter((levels[row["unit"]], CHANNELS[row["channel"]]) for row in new)
    found = Counter({(row["key"], row["cross"]): row["received"] for row in report["rows"]})
    assert +found == received
    total = report["total"]
    ended = [row for row in rows if row["ended"]]
    late = sum(row["ended"][:10] > row["due"][:10] for row in ended)
    assert total["carried_over"] == len(rows) - len(new)
    assert (total["resolved"], total["late"]) == (len(ended), late)
    assert total["early"] + total["on_time"] == len(ended) - late
    assert total["pending"] == len(rows) - len(ended)
