"""docs/partners.md says what is true: its example works, its tables are the code's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from motcua.postal.v1 import postal_pb2

from kernel.base.clock import RealClock
from kernel.base.errors import Refusal
from office.tracking_codes import TRACKING_CODES, tracking_meaning
from services.postal.config.partners import DEVELOPMENT_TOKENS, load
from services.postal.domain import refusals
from tests.support.identity import metadata
from tests.support.paths import ROOT
from tests.support.postal_service import FIRST, Serve

PAGE = (ROOT / "docs" / "partners.md").read_text("utf-8")
OFFICES_OWN = {"JOB_HELD", "NO_PARTNER"}
"""Refusals that only officers meet."""


def rows(title: str) -> dict[str, str]:
    """Return the table under a heading row."""
    table = re.search(rf"^\| {title} \|.*\n\|[-| ]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table is not None
    cells = [line.strip("| ").split(" | ") for line in table[1].splitlines()]
    return dict(cells)


def test_the_example_takes_and_delivers(serve: Serve, tmp_path: Path) -> None:
    """The page's program, as printed, delivers three jobs."""
    serving = serve(clock=RealClock())
    serving.office.now = RealClock().now()
    for number in range(3):
        serving.office.resolve(f"H22.12.03-210809-000{number}")
    program = tmp_path / "partner.py"
    program.write_text(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], "utf-8")
    arguments = [f"127.0.0.1:{serving.port}", DEVELOPMENT_TOKENS[FIRST], "3"]
    done = subprocess.run(
        [sys.executable, str(program), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "delivered 3" in done.stdout
    request = postal_pb2.ListJobsRequest(state=postal_pb2.JOB_STATE_DELIVERED)
    answer = serving.postal.ListJobs(request, timeout=5, metadata=metadata("operator", "op"))
    assert len(answer.jobs) == 3


def test_the_example_tells_a_wrong_token_on_one_line(serve: Serve, tmp_path: Path) -> None:
    """Whoever mistypes a token reads what is wrong, and no stack trace."""
    program = tmp_path / "partner.py"
    program.write_text(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], "utf-8")
    arguments = [f"127.0.0.1:{serve().port}", "no-such-token", "1"]
    done = subprocess.run(
        [sys.executable, str(program), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("UNAUTHENTICATED: ")


def test_the_tokens_for_development_are_on_the_page() -> None:
    """And there are no others."""
    assert rows("partner") == {f"`{name}`": f"`{t}`" for name, t in DEVELOPMENT_TOKENS.items()}


def test_the_partners_file_on_the_page_can_be_used(tmp_path: Path) -> None:
    """In production too, with the token that the page's own command gives the digest of."""
    file = tmp_path / "partners.toml"
    file.write_text(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0], "utf-8")
    partner = load(file, "production").by_token("TOKEN")
    assert partner is not None
    assert partner.collects("H22.12.03")


def test_the_codes_are_the_known_ones() -> None:
    """Every code that the office understands stands in the table with its meaning."""
    page = {code: meaning.partition(" (")[0] for code, meaning in rows("code").items()}

    assert page == {code: tracking_meaning(code).en for code in TRACKING_CODES}


def test_the_reasons_are_the_codes_refusals() -> None:
    """Every reason that a partner can meet stands in the table, and no other."""
    known = {value.code for value in vars(refusals).values() if isinstance(value, Refusal)}

    assert set(rows("reason")) == known - OFFICES_OWN
