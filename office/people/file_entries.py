"""The tables in the files of a directory of people. docs/identity.md explains every key."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final

from pydantic import AfterValidator, ConfigDict, Field

from kernel.base.plain_text import plain_line
from kernel.documents.csv_file import CsvColumns
from kernel.documents.reading import DocumentTable
from kernel.documents.rules import broken, must
from kernel.rpc.validation.normalizers import Malformed
from office.normalization.email_addresses import email_address
from office.normalization.lines import line
from office.normalization.phone_numbers import phone_number
from office.texts import OFFICE_TEXTS

_CODE: Final = re.compile(r"(?=.{1,35}\Z)[0-9A-Z]+(\.[0-9A-Z]+)*")
_ID: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


def _address(text: str) -> str:
    if not text:
        return text
    found = email_address(text)
    if isinstance(found, Malformed):
        raise broken("email", OFFICE_TEXTS.text("people.email", address=text))
    return found


def _phone(text: str) -> str:
    found = phone_number(text) if text else ""
    if isinstance(found, Malformed):
        raise broken("phone", OFFICE_TEXTS.text("people.phone", number=text))
    return found


def _name(text: str) -> str:
    found = plain_line(text)
    if found is None:
        raise broken("name", OFFICE_TEXTS.text("people.name"))
    return line(found)


def _day(text: str) -> date | str:
    """Return a day; the text itself where it is none, which is a mistake of the table."""
    try:
        return (
            date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else text
        )
    except ValueError:
        return text


def _is_file_name(text: str) -> bool:
    return not text or text.isprintable()


Name = Annotated[str, AfterValidator(_name)]


class UnitLine(DocumentTable):
    """A ``[[unit]]``; the catalogue of procedures has further keys in the same file."""

    model_config = ConfigDict(extra="ignore")
    code: Annotated[str, must(_CODE.fullmatch, "code", OFFICE_TEXTS.text("people.code"))]
    name_vi: Name = ""
    level: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    successor: str = ""
    address: Name = ""
    phone: Annotated[str, AfterValidator(_phone)] = ""


class UnitFile(DocumentTable):
    """A file of units."""

    model_config = ConfigDict(extra="ignore")
    unit: list[UnitLine] = Field(default_factory=list)


class AbsenceLine(DocumentTable):
    """An ``[[officer.absence]]``."""

    first: date
    last: date
    substitute: str = ""


class OfficerLine(DocumentTable):
    """An ``[[officer]]``, or a row of the CSV file."""

    id: Annotated[str, must(_ID.fullmatch, "id", OFFICE_TEXTS.text("people.id"))]
    name: Name = ""
    unit: Annotated[str, Field(min_length=1)]
    roles: Annotated[list[str], Field(min_length=1)]
    valid_from: date | None = None
    valid_to: date | None = None
    email: Annotated[str, AfterValidator(_address)] = ""
    absence: list[AbsenceLine] = Field(default_factory=list)


class OfficerRows(DocumentTable):
    """The CSV file of officers."""

    officer: list[OfficerLine] = Field(default_factory=list)


class PeopleFile(OfficerRows):
    """The file of a directory; it names the other two."""

    units: Annotated[
        str,
        must(_is_file_name, "file", OFFICE_TEXTS.text("people.units_file")),
        Field(min_length=1),
    ]
    officers: Annotated[
        str, must(_is_file_name, "file", OFFICE_TEXTS.text("people.officers_file"))
    ] = ""


COLUMNS: Final = ("id", "name", "unit", "roles", "valid_from", "valid_to", "email")
OFFICER_COLUMNS: Final = CsvColumns(
    COLUMNS,
    ("id", "unit", "roles"),
    {
        "roles": lambda text: text.replace(";", " ").split(),
        "valid_from": _day,
        "valid_to": _day,
    },
)
