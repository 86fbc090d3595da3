"""The table of postal's commands: whole, fitting its two services, and permitted."""

from __future__ import annotations

import pytest
from motcua.postal.v1 import postal_partner_pb2 as partner_pb

from kernel.commands.command_table import CommandTableError
from services.postal import definition
from services.postal.application.command_table import JOB_COMMANDS
from services.postal.definition import SERVICERS, define
from services.postal.settings import PostalSettings

SETTINGS = PostalSettings(database_url="sqlite://")


def test_every_method_with_a_request_id_is_a_command() -> None:
    """A request that changes something names itself; the table has no other."""
    named = {
        method.input_type.name
        for service in SERVICERS.values()
        for method in service.methods
        if "request_id" in method.input_type.fields_by_name
    }
    assert {message.__name__ for message in JOB_COMMANDS} == named


def test_a_command_without_a_row_stops_the_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the RPC of partners and what to add."""
    rows = {m: spec for m, spec in JOB_COMMANDS.items() if m is not partner_pb.TakeJobRequest}
    monkeypatch.setattr(definition, "JOB_COMMANDS", rows)
    with pytest.raises(CommandTableError, match="TakeJob has no handler: add TakeJobRequest"):
        define(SETTINGS)
