"""`motcua call` against the running desk."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from google.protobuf.json_format import MessageToJson
from typer.testing import CliRunner, Result

from cli.main import app
from tests.support.desk import Desk
from tests.support.intake_samples import COUNTER, submission

DESK = ("--officer", "mai.lt", "--unit", "H22.12", "--role", "receptionist")


def call(*arguments: str, given: str = "") -> Result:
    """Call the command."""
    return CliRunner().invoke(app, ["call", *arguments], input=given)


def answer(done: Result) -> dict[str, Any]:
    """Return the one document of an answer; the service logs to the same place here."""
    assert done.exit_code == 0, done.output
    documents = re.findall(r"^\{\n.*?^\}", done.stdout, re.MULTILINE | re.DOTALL)
    document: dict[str, Any] = json.loads(documents[-1])
    return document


@pytest.fixture(autouse=True)
def the_desk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE_PORT", desk.address.rpartition(":")[2])


def test_a_dossier_is_handed_in_and_accepted() -> None:
    """The request comes from stdin, its id is made here; a refusal has its reason."""
    filed = submission(request_id=None, channel=COUNTER)
    request = MessageToJson(filed, preserving_proto_field_name=True)
    code = answer(call("SubmitDossier", "-", *DESK, given=request))["dossier_code"]
    accept = ("AcceptDossier", json.dumps({"dossier_code": code}))
    assert answer(call(*accept, *DESK))["calendar_version"]
    again = call(*accept, *DESK)
    reason = again.stderr.splitlines()[-1].partition(":")[0]
    assert (again.exit_code, reason) == (1, "ALREADY_ACCEPTED")


def test_guests_and_officers_without_the_role_are_turned_away() -> None:
    """Who calls is as signed; the reason of the refusal is told."""
    asked = ("AcceptDossier", '{"dossier_code": "H22.12-210809-0001"}')
    assert answer(call("ListProcedures"))["procedures"]
    assert call(*asked).stderr.splitlines()[-1].startswith("TOKEN_MISSING: ")
    clerk = call(*asked, "--officer", "a", "--unit", "H22.12", "--role", "clerk")
    assert clerk.stderr.splitlines()[-1].startswith("ROLE_MISSING: ")
