"""Each measurement runs to its end at its smallest size; how fast, no test says."""

from collections.abc import Iterator

import pytest

from benchmarks.__main__ import ALL, load
from benchmarks.harness import Servers, Size
from infra.local.kafka import KafkaBroker
from infra.local.postgres import PostgresServer
from tests.support.logs import restored


@pytest.fixture(scope="module")
def servers(kafka: KafkaBroker, postgres: PostgresServer) -> Iterator[Servers]:
    """The session's servers, and a stack that all measurements share."""
    with Servers(kafka, postgres) as shared:
        yield shared


@pytest.mark.parametrize("name", ALL)
def test_a_measurement_prints_its_figures(
    name: str, servers: Servers, capsys: pytest.CaptureFixture[str]
) -> None:
    """It returns what it prints, and every figure is above zero."""
    benchmark = load(name)
    with restored():
        figures = benchmark.run(Size.SMALL, servers)

    assert any(character.isdigit() for character in capsys.readouterr().out)
    assert figures
    assert {figure: value for figure, value in figures.items() if not value > 0} == {}
    assert benchmark.NAME
