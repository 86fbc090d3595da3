"""What the simulated partner plans, and what it knows."""

import ast
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import partner_sim
from partner_sim.clock import parse_clock
from partner_sim.fate import Fate, Rates, draw
from tests.support.paths import ROOT

SHARE = st.floats(0, 1)
RATES = st.builds(Rates, *[SHARE] * 7)


@given(st.integers(), RATES, st.floats(0.1, 3))
def test_every_fate_is_one_that_the_office_can_follow(seed: int, rates: Rates, pace: float) -> None:
    """Sent in order of time, after it happened; repeats are exact; the posting keeps the lease."""
    fate = draw(Random(seed), rates, pace)
    contents: dict[int, tuple[object, ...]] = {}

    assert [s.sent for s in fate.steps] == sorted(s.sent for s in fate.steps)
    for step in fate.steps:
        assert step.sent > step.happens
        content = (step.call, step.happens, step.code, step.reason_code)
        assert contents.setdefault(step.report, content) == content
    if fate.steps:
        ends = [s for s in fate.steps if s.call == fate.kind and s.fault == ""]
        assert len(ends) == 1
        assert fate.steps[0].sent < 12 * pace


def test_rates_of_nought_give_an_honest_partner() -> None:
    """Without faults every job is delivered, each report once and in order."""
    rng = Random(1)
    for _ in range(200):
        fate = draw(rng, Rates(0, 0, 0, 0, 0, 0, 0))
        assert fate.kind == "delivered"
        assert [s.happens for s in fate.steps] == sorted(s.happens for s in fate.steps)
        assert {s.fault for s in fate.steps} == {""}


def test_rates_of_one_give_nothing_but_faults() -> None:
    """A rate of one is certain."""
    assert draw(Random(1), Rates(silent=1, refuse=0)) == Fate("silent")
    assert draw(Random(1), Rates(refuse=1)).kind.startswith("refused")
    assert draw(Random(1), Rates(0, 0, give_back=1)).kind == "returned"


@pytest.mark.parametrize("text", ["soon", "2021-08-09T08:00@10@5", "2021-08-09T08:00+07:00@0@5"])
def test_a_wrong_clock_is_refused(text: str) -> None:
    """A clock without a zone, a speed or a form is refused."""
    with pytest.raises(ValueError, match=r".+"):
        parse_clock(text)


def test_the_simulator_knows_the_office_by_its_interface_alone() -> None:
    """It imports the partner's generated code and nothing of the services."""
    folder = Path(partner_sim.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else []
            )
            for name in names:
                room = name.partition(".")[0]
                assert room == "partner_sim" or not (ROOT / room).is_dir(), (path, name)
                if name.startswith("motcua"):
                    assert name.startswith("motcua.postal.v1"), (path, name)
