"""`motcua call`: which method, with what."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.commands.call import methods
from cli.main import app
from infra.local.ports import free_port


def call(*arguments: str) -> Result:
    """Call `motcua call`."""
    return CliRunner().invoke(app, ["call", *arguments])


def test_a_method_is_found_by_its_name_alone() -> None:
    """No two services have methods of the same name, so far; whoever adds one names its service."""
    assert [name for name, found in methods().items() if len(found) > 1] == []
    assert {service for found in methods().values() for service, _ in found} == {
        "intake",
        "routing",
        "postal",
        "notify",
        "audit",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Nothing"], "'Nothing' is no method of a service"),
        (["IntakeService/ListWork"], "is no method of a service"),
        (["ListWork", "{"], "Invalid value for DATA"),
        (["ListWork", '{"colour": "red"}'], 'no field named "colour"'),
        (["ListWork", "--officer", "a", "--citizen", "b"], "one of --officer"),
    ],
)
def test_wrong_usage(arguments: list[str], message: str) -> None:
    """What is wrong is named, and nothing is called."""
    done = call(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr


@pytest.mark.parametrize("name", ["ListWork", "WorkListService/ListWork"])
def test_a_service_that_is_away_is_told(monkeypatch: Any, name: str) -> None:
    """On one line, with status 1."""
    monkeypatch.setenv("ROUTING_PORT", str(free_port()))
    done = call(name)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "routing does not answer; is it running? (motcua status)\n"
