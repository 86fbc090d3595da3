"""The table of intake's commands: whole, fitting the contract, and permitted."""

from __future__ import annotations

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.intake.v1 import intake_pb2 as pb

from kernel.base.clock import RealClock
from kernel.commands.command_table import CommandTableError
from office.catalogue.loader import shipped_catalogue
from services.intake import definition, rpc
from services.intake.application.command_table import DESK_COMMANDS
from services.intake.application.decision_context import ContextLoader
from services.intake.application.handlers import DossierHandlers
from services.intake.definition import define
from services.intake.settings import IntakeSettings
from tests.support.office_files import office_calendars

INSTANTS = ("occurred_at", "due_at")
OFFICE = DossierHandlers(ContextLoader(shipped_catalogue(), office_calendars()), RealClock())
SETTINGS = IntakeSettings(database_url="sqlite://")


def test_every_method_with_a_request_id_is_a_command() -> None:
    """A request that changes something names itself; SubmitDossier and GetForm, whose stored
    answers are not whole, have methods of their own.
    """
    named = {
        method.input_type.name
        for method in rpc.SERVICE.methods
        if "request_id" in method.input_type.fields_by_name
    }
    known = {message.__name__ for message in DESK_COMMANDS}
    assert known | {"SubmitDossierRequest", "GetFormRequest"} == named


def test_a_citizen_shows_the_pin_where_a_request_has_one() -> None:
    """No command with a field for the PIN runs without a look at it."""
    shown = {message for message, spec in DESK_COMMANDS.items() if spec.needs_pin}
    assert shown == {pb.SubmitSupplementRequest, pb.RequestWithdrawalRequest}


def test_a_request_with_an_instant_is_checked() -> None:
    """Whoever may not say when something happened is told so before the command runs."""
    officer = Actor(kind=ActorKind.ACTOR_KIND_OFFICER)
    for message, spec in DESK_COMMANDS.items():
        fields = [name for name in INSTANTS if name in message.DESCRIPTOR.fields_by_name]
        request = message(**{name: Timestamp(seconds=1) for name in fields})
        if fields:
            assert [wrong.field for wrong in spec.check(OFFICE, request, officer)] == fields


def test_a_request_without_instants_has_none_that_are_wrong() -> None:
    """Its check finds nothing, and needs no field that is not there."""
    assert (
        list(DESK_COMMANDS[pb.CancelFeeRequest].check(OFFICE, pb.CancelFeeRequest(), Actor())) == []
    )


def test_a_command_without_a_row_stops_the_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the RPC and what to add."""
    rows = {m: spec for m, spec in DESK_COMMANDS.items() if m is not pb.CancelFeeRequest}
    monkeypatch.setattr(definition, "DESK_COMMANDS", rows)
    with pytest.raises(CommandTableError, match="CancelFee has no handler: add CancelFeeRequest"):
        define(SETTINGS)
