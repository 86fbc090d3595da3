"""The settings by which services and commands find the office's files."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import Field

from kernel.config.common_settings import CommonSettings


def portal_address(text: str) -> str:
    """Return the address of a portal, or an empty one; raise ``ValueError`` for another text."""
    if text and not re.fullmatch(r"https?://[!-~]{1,200}", text):
        raise ValueError(f"must be like 'https://dichvucong.hagiang.gov.vn', got {text!r}")
    return text


class PeopleSettings(CommonSettings):
    """Where the directory of people is, if there is one."""

    people_directory: Path | None = Field(None, validation_alias="PEOPLE_DIRECTORY")


class CalendarSettings(CommonSettings):
    """Where the published calendars are."""

    calendars_dir: Path = Field(
        default_factory=lambda data: data["data_dir"] / "calendars",
        validation_alias="MOTCUA_CALENDARS_DIR",
    )


class ProcedureSettings(CommonSettings):
    """Where the published procedures are."""

    procedures_dir: Path = Field(
        default_factory=lambda data: data["data_dir"] / "procedures",
        validation_alias="MOTCUA_PROCEDURES_DIR",
    )


class ProcessSettings(ProcedureSettings):
    """Where the office's own processes are, if there are any, and the procedures that use them."""

    processes_dir: Path | None = Field(None, validation_alias="MOTCUA_PROCESSES")


class FormSettings(CommonSettings):
    """Where the office's own templates of forms are, if there are any."""

    forms_dir: Path | None = Field(None, validation_alias="MOTCUA_FORMS")
