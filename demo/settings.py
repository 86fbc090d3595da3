"""The settings of the demonstration."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from kernel.config.common_settings import CommonSettings
from kernel.config.environment import read_by

DOSSIERS: Final = 300


def above_zero(text: str) -> int:
    """Return a whole number above 0; raise ``ValueError`` with the rule."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ValueError(f"must be a whole number above 0, got {text!r}")
    return int(text)


class DemoSettings(CommonSettings):
    """What the demonstration takes from the environment."""

    scale: Annotated[int, read_by(above_zero)] = Field(DOSSIERS, validation_alias="SCALE")
    """How many dossiers are played."""
