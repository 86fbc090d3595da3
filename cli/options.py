"""Values of options: instants, durations, days and codes, with errors that name the option."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from kernel.base.instants import from_datetime, to_timestamp, zone
from office.normalization.codes import dossier_code

OFFICE = "Asia/Ho_Chi_Minh"
JSON = Annotated[bool, typer.Option("--json", help="One JSON document.")]


class Language(StrEnum):
    """In which language texts are shown."""

    vi = "vi"
    en = "en"


_LENGTH = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)([dhm])")
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60}


def parse_instant(text: str, option: str, *, begins: bool = False) -> Timestamp:
    """Read an instant in ISO 8601; without an offset it is the office's local time.

    A day alone means its end, or its beginning when something ``begins`` with it.
    """
    try:
        moment = datetime.fromisoformat(text)
        if len(text) <= len("2021-08-09"):
            moment = datetime.combine(moment, time.min if begins else time.max)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone(OFFICE))
        return to_timestamp(from_datetime(moment.astimezone(UTC)))
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(
            f"{text!r} is no instant in ISO 8601", param_hint=option
        ) from error


def put_times(request: Any, as_of: str, known_at: str) -> None:
    """Put the values of --as-of and --known-at into a request; nothing for empty ones."""
    if as_of:
        request.as_of.CopyFrom(parse_instant(as_of, "--as-of"))
    if known_at:
        request.known_at.CopyFrom(parse_instant(known_at, "--known-at"))


def parse_day(text: str, option: str) -> str:
    """Read a day (YYYY-MM-DD)."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day (YYYY-MM-DD)", param_hint=option) from error


def as_code(text: str) -> str:
    """Return a dossier's code in the form in which it is kept, however it was typed."""
    found = dossier_code(text)
    return found if isinstance(found, str) else text


def in_order(first: Any, last: Any) -> None:
    """Raise ``BadParameter`` for --to when it lies before --from."""
    if last < first:
        raise typer.BadParameter("must not lie before --from", param_hint="--to")


def parse_unit(text: str, option: str) -> str:
    """Take the code of a unit that the office has; raise ``BadParameter`` for another one."""
    from office.catalogue.loader import shipped_catalogue

    if text not in shipped_catalogue().units:
        raise typer.BadParameter(f"the office has no unit {text}", param_hint=option)
    return text


def must_exist(path: Path, option: str) -> None:
    """Raise ``BadParameter`` for a file that does not exist."""
    if not path.exists():
        raise typer.BadParameter(f"there is no file {path}", param_hint=option)


def must_be_writable(path: Path, option: str) -> None:
    """Raise ``BadParameter`` where no file can be written."""
    if path.is_dir():
        raise typer.BadParameter(f"{path} is a folder", param_hint=option)
    if not path.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.parent}", param_hint=option)


def parse_length(text: str, option: str) -> Duration:
    """Read a length of time such as 3d, 12h or 30m (calendar time)."""
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise typer.BadParameter(
            f"{text!r} is no length of time such as 3d, 12h or 30m", param_hint=option
        )
    return Duration(seconds=int(float(found[1]) * _SECONDS[found[2]]))
