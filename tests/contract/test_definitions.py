"""Every service's definition compares its contract, its commands and the permissions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cli.stack.service_settings import SETTINGS_OF
from kernel.auth.permissions import PermissionsError
from office.permissions import shipped
from services.audit import definition as audit
from services.intake import definition as intake
from services.notify import definition as notify
from services.postal import definition as postal
from services.routing import definition as routing

DEFINITIONS = {
    "intake": intake,
    "routing": routing,
    "postal": postal,
    "notify": notify,
    "audit": audit,
}
METHODS = sorted(
    method for method in shipped().rules if not method.startswith("motcua.operations.")
)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_service_can_be_defined(name: str) -> None:
    """Each RPC has a handler and a rule."""
    settings = SETTINGS_OF[name](database_url="sqlite://")
    assert DEFINITIONS[name].define(settings).model.source == name


@pytest.mark.parametrize("method", METHODS)
def test_a_missing_rule_stops_the_definition(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """The message names the RPC, the file and the line to add."""
    name = method.split(".")[1]
    module: Any = DEFINITIONS[name]
    rules = {path: rule for path, rule in shipped().rules.items() if path != method}
    table = replace(shipped(), rules=rules)
    monkeypatch.setattr(module, "shipped", lambda: table)
    with pytest.raises(PermissionsError, match=f"^{method} has no rule. Add under"):
        module.define(SETTINGS_OF[name](database_url="sqlite://"))
