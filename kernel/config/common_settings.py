"""The settings that services and commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from kernel.base.clock import Clock, parse_clock
from kernel.config.environment import Environment

EVENTS: Final = "dossier.events"
"""The default name of the topic of events."""
AUDIENCE: Final = "motcua"
DEVELOPMENT_ISSUER: Final = "urn:motcua:development"
"""The name of the local issuer. Anybody can sign as it, so production does not trust it."""
_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")


def _clock(text: str) -> str:
    parse_clock(text)
    return text


def _topic(text: str) -> str:
    if not _TOPIC.fullmatch(text):
        raise ValueError("must be letters, digits, '.', '_' and '-'")
    return text


class CommonSettings(Environment):
    """What services and commands take alike. The defaults are those of a development stack on
    loopback.
    """

    mode: Literal["development", "production"] = Field(
        "development", validation_alias="MOTCUA_MODE"
    )
    data_dir: Path = Field(Path(".motcua"), validation_alias="MOTCUA_DATA_DIR")
    host: str = Field("127.0.0.1", validation_alias="MOTCUA_HOST")
    topic: Annotated[str, AfterValidator(_topic)] = Field(EVENTS, validation_alias="MOTCUA_TOPIC")
    clock: Annotated[str, AfterValidator(_clock)] = Field("real", validation_alias="MOTCUA_CLOCK")
    identity_issuer: str = Field(DEVELOPMENT_ISSUER, validation_alias="IDENTITY_ISSUER")
    identity_audience: str = Field(AUDIENCE, validation_alias="IDENTITY_AUDIENCE")
    identity_dir: Path = Field(
        default_factory=lambda data: data["data_dir"] / "identity", validation_alias="IDENTITY_DIR"
    )
    """Where the local issuer keeps its keys."""

    def make_clock(self) -> Clock:
        """Return the clock that MOTCUA_CLOCK describes."""
        return parse_clock(self.clock)
