"""`motcua call`: which method, with what."""

from __future__ import annotations

from typing import Any

import pytest
from motcua.routing.v1 import routing_pb2 as routing
from typer.testing import CliRunner, Result

from cli.commands.call import methods
from cli.main import app
from cli.message_json import document_of
from infra.local.ports import free_port
from kernel.base.instants import to_timestamp
from tests.support.audit_histories import at


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
        (["ListWork", '{"colour": "red"}'], "motcua call ListWork --describe"),
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


def test_an_instant_is_shown_by_the_office_s_clock_and_an_empty_list_as_one() -> None:
    """As every other command shows them, also deep within, with the names of the contracts."""
    opened = to_timestamp(at("2026-11-30 16:24"))
    answer = routing.GetCaseResponse(entries=[routing.CaseEntry(type="X", occurred_at=opened)])
    document = document_of(answer)
    assert document["entries"] == [{"type": "X", "occurred_at": "2026-11-30T16:24:00+07:00"}]
    assert document_of(routing.ListWorkResponse())["items"] == []


def test_the_fields_of_a_request_are_shown_with_their_rules() -> None:
    """In one spelling, that of the contracts; nothing is called."""
    done = call("SubmitDossier", "--describe")
    assert done.exit_code == 0
    words = done.stdout.split()
    assert {"procedure_code", "applicant.full_name", "parts.code", "consent_email"} <= set(words)
    assert "applicant.fullName" not in done.stdout
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert "uuid" in lines["request_id"]
    assert "list of" in lines["parts"]
