"""The made-up half-year has the published figures, counted from its file alone."""

from __future__ import annotations

import csv
import json
import tomllib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.importing.history import read_histories
from cli.importing.mapping import load_mapping
from cli.importing.sources import read_rows
from cli.main import app
from tests.support.paths import ROOT

UNITS = {
    unit["code"]: unit["level"]
    for unit in tomllib.loads((ROOT / "office/catalogue/data/units.toml").read_text("utf-8"))[
        "unit"
    ]
}


def generate(folder: Path, *options: str) -> list[dict[str, str]]:
    """Return the rows of a generated log."""
    done = CliRunner().invoke(
        app, ["generate", "half-year", "--output", str(folder), "--json", *options]
    )
    assert done.exit_code == 0, done.output
    with Path(json.loads(done.stdout)["log"]).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def day(text: str) -> str:
    """Return the day of an instant; the log's instants are in the office's time."""
    assert text.endswith("+07:00")
    return text[:10]


@pytest.mark.parametrize("seed", ["2021", "7"])
def test_it_has_the_published_figures(tmp_path: Path, seed: str) -> None:
    """Whatever the seed: 4.86 % online of those received, 46.58, 1.10 and 0 % by level, 92.3 %."""
    rows = generate(tmp_path, "--seed", seed)
    received = [row for row in rows if day(row["started"]) >= "2021-01-01"]
    online = [row for row in received if row["channel"] == "Trực tuyến"]
    assert (len(rows), len(rows) - len(received)) == (74_278, 8_180)
    assert (len(online), len(received) - len(online)) == (3_215, 62_883)
    assert round(100 * len(online) / len(received), 2) == 4.86
    by_level = Counter(UNITS[row["unit"]] for row in received)
    online_by_level = Counter(UNITS[row["unit"]] for row in online)
    shares = {level: round(100 * online_by_level[level] / n, 2) for level, n in by_level.items()}
    assert shares == {"province": 46.58, "district": 1.10, "commune": 0.0}

    ended = [row for row in rows if row["ended"]]
    late = [row for row in ended if day(row["ended"]) > day(row["due"])]
    assert (len(ended), len(late), len(rows) - len(ended)) == (65_466, 5_041, 8_812)
    assert round(100 * (len(ended) - len(late)) / len(ended), 1) == 92.3
    assert all("2020-11-02" <= day(row["started"]) <= "2021-06-30" for row in rows)
    assert all("2021-01-01" <= day(row["ended"]) <= "2021-06-30" for row in ended)
    assert {row["result"] for row in ended} == {"Đồng ý"}
    assert all(row["ended"] >= row["started"] and row["due"] > row["started"] for row in ended)


def test_a_scale_gives_as_many_less(tmp_path: Path) -> None:
    """Within the rounding of each part."""
    rows = generate(tmp_path, "--scale", "0.01")
    assert abs(len(rows) - 742) <= 6
    assert sum(not row["ended"] for row in rows) == 88
    late = [row for row in rows if row["ended"] and day(row["ended"]) > day(row["due"])]
    assert len(late) == 50


def test_the_same_seed_gives_the_same_dossiers(tmp_path: Path) -> None:
    """And another seed others."""
    options = ("--scale", "0.005", "--seed")
    first, second = (generate(tmp_path / n, *options, "3") for n in ("a", "b"))
    assert first == second != generate(tmp_path / "c", *options, "4")


def test_the_import_reads_every_row(tmp_path: Path) -> None:
    """By the mapping that is written beside the log."""
    rows = generate(tmp_path, "--scale", "0.005")
    loaded = load_mapping(tmp_path / "half-year.toml")
    log = read_rows(tmp_path / "half-year.csv", loaded.mapping.layout)
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    histories = read_histories(log, loaded.mapping, now)
    assert (histories.rows, histories.rejects) == (len(rows), [])
    read = {(case.code, case.unit, case.procedure, case.channel) for case in histories.cases}
    channels = {"Trực tuyến": "online", "Trực tiếp": "counter", "Bưu chính": "post"}
    assert read == {
        (row["case"], row["unit"], row["procedure"], channels[row["channel"]]) for row in rows
    }


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """In a sentence."""
    (tmp_path / "file").touch()
    done = CliRunner().invoke(
        app, ["generate", "half-year", "--scale", "0.001", "--output", str(tmp_path / "file")]
    )
    assert done.exit_code == 1
    assert "file" in done.output
