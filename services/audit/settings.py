"""The settings of audit."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, field_validator

from kernel.config.environment import Port
from kernel.config.master_key import development_key, parse_keys
from kernel.config.settings import Settings, set_in_production
from kernel.ledger.signed_note import VerifierKey
from office.ports import PORTS
from office.settings import CalendarSettings, PeopleSettings, ProcessSettings
from services.audit.ledger.signing import LedgerKeys


def _keys(keys: SecretStr) -> SecretStr:
    if text := keys.get_secret_value():
        parse_keys(text)
    return keys


def _origin(text: str) -> str:
    VerifierKey(text, bytes(32))
    return text


class AuditSettings(CalendarSettings, PeopleSettings, ProcessSettings, Settings):
    """All variables of audit."""

    service: str = "audit"
    port: Port = Field(PORTS["audit"], validation_alias="AUDIT_PORT")
    ledger_keys: Annotated[SecretStr, AfterValidator(_keys)] = Field(
        SecretStr(""), validation_alias="MOTCUA_LEDGER_KEYS"
    )
    """All of them sign checkpoints."""
    ledger_origin: Annotated[str, AfterValidator(_origin)] = Field(
        "motcua.invalid/ledger", validation_alias="MOTCUA_LEDGER_ORIGIN"
    )
    checkpoint_seconds: float = Field(10, gt=0, validation_alias="MOTCUA_CHECKPOINT_SECONDS")

    _own_in_production = field_validator("ledger_keys", "ledger_origin")(set_in_production)

    def signing_keys(self) -> LedgerKeys:
        """Return the keys of checkpoints; in development one of the data folder."""
        text = self.ledger_keys.get_secret_value() or development_key(self.data_dir, "ledger.key")
        return LedgerKeys(self.ledger_origin, parse_keys(text))
