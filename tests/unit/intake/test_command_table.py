"""The table of intake's commands: whole, fitting the contract, and permitted."""

from __future__ import annotations

import pytest
from motcua.intake.v1 import intake_pb2 as pb

from kernel.commands.command_table import CommandTableError
from services.intake import rpc
from services.intake.application.command_table import DESK_COMMANDS
from services.intake.definition import define
from services.intake.settings import IntakeSettings

SETTINGS = IntakeSettings(database_url="sqlite://")


def test_every_method_with_a_request_id_is_a_command() -> None:
    """A request that changes something names itself; SubmitDossier has a method of its own."""
    named = {
        method.input_type.name
        for method in rpc.SERVICE.methods
        if "request_id" in method.input_type.fields_by_name
    }
    known = {message.__name__ for message in DESK_COMMANDS}
    assert known | {"SubmitDossierRequest"} == named


def test_a_citizen_shows_the_pin_where_a_request_has_one() -> None:
    """No command with a field for the PIN runs without a look at it."""
    for message, spec in DESK_COMMANDS.items():
        assert spec.needs_pin == ("pin" in message.DESCRIPTOR.fields_by_name), message


def test_a_request_with_an_instant_is_checked() -> None:
    """Whoever may not say when something happened is told so before the command runs."""
    for message, spec in DESK_COMMANDS.items():
        if "occurred_at" in message.DESCRIPTOR.fields_by_name:
            assert spec.check is not None, message


def test_a_command_without_a_row_stops_the_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the RPC and what to add."""
    rows = {m: spec for m, spec in DESK_COMMANDS.items() if m is not pb.CancelFeeRequest}
    monkeypatch.setattr(rpc, "DESK_COMMANDS", rows)
    with pytest.raises(CommandTableError, match="CancelFee has no handler: add CancelFeeRequest"):
        define(SETTINGS)
