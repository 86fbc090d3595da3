"""Renders the mail of a message: strict templates; the address is decrypted at the last moment.

The same message gives the same mail, byte for byte, however often it is made.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from pathlib import Path
from typing import Any, Final

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    pass_context,
)
from jinja2.runtime import Context
from motcua.events.v1.common_pb2 import PersonalData

from kernel.base.instants import to_datetime, zone
from services.notify.delivery.letterhead import Letterhead
from services.notify.delivery.mail_format import Mail, mailbox

NO_LETTERHEAD: Final = Letterhead()
TEMPLATES = Path(__file__).parent / "templates"


class RenderingError(Exception):
    """A message can't be made; ``reason_code`` is one of MessageFailed's. Not personal."""

    def __init__(self, reason_code: str, what: str) -> None:
        super().__init__(what)
        self.reason_code = reason_code


def render(
    row: Mapping[str, Any],
    values: Mapping[str, str],
    person: PersonalData,
    sender: Address,
    letterhead: Letterhead = NO_LETTERHEAD,
) -> Mail:
    """Make the mail of a row of ``messages``; ``values`` are those of its MessageQueued.

    Raise ``RenderingError``: ``template`` for a template that is missing or has a variable without
    a value, ``invalid_header`` for a line break in the name or the subject, and
    ``invalid_address`` for an address that can't be written to.
    """
    known = {
        **values,
        "language": row["language"],
        "code": row["dossier_code"],
        "office": letterhead,
        "name": _one_line(person.full_name, "name"),
    }
    name = f"{row['language']}/{row['template']}.txt"
    try:
        template = _ENVIRONMENT.get_template(name)
        subject = "".join(template.blocks["subject"](template.new_context(known)))
        text = template.render(known)
        date = to_datetime(row["queued_at"], values["time_zone"]).replace(microsecond=0)
    except (TemplateError, LookupError, TypeError, ValueError) as fault:
        raise RenderingError("template", f"{name}: {type(fault).__name__}") from None
    recipient = mailbox(person.full_name, person.email)
    if recipient is None:
        raise RenderingError("invalid_address", "the address can't be written to")
    try:
        return Mail(
            sender=sender,
            recipient=recipient,
            subject=_one_line(subject.strip(), "subject"),
            date=date,
            message_id=f"{row['message_id']}@{sender.domain}",
            language=row["language"],
            text=_tidy(text),
        )
    except ValueError:
        raise RenderingError("invalid_header", "a header can't be written") from None


def _one_line(text: str, what: str) -> str:
    if any(unicodedata.category(sign) in ("Cc", "Zl", "Zp") for sign in text):
        raise RenderingError("invalid_header", f"the {what} has a line break")
    return text


def _tidy(text: str) -> str:
    """Leave out spaces at the ends of lines, and all but one of several empty lines."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if line.strip() or lines[-1]:
            lines.append(line.rstrip())
    return "\n".join(lines) + "\n"


@pass_context
def _moment(context: Context, text: str) -> str:
    """Write an instant in the words of the letter's language, as the dossier's clock shows it."""
    local = datetime.fromisoformat(text).astimezone(zone(context["time_zone"]))
    if context["language"] == "en":
        return f"{local:%H:%M} on {local.day} {local:%B %Y}"
    return f"{local:%H:%M} ngày {local:%d/%m/%Y}"


_SPANS = ((24 * 60, "ngày"), (60, "giờ"), (1, "phút"))


def _lateness(due: str, at: str) -> str:
    """Return in Vietnamese how long before or after a due date an instant is.

    From minute to minute, as the letter shows them.
    """
    late = _minute(at) - _minute(due)
    minutes = int(abs(late).total_seconds()) // 60
    if minutes == 0:
        return "đến hạn"
    words = []
    for length, name in _SPANS:
        number, minutes = divmod(minutes, length)
        if number:
            words.append(f"{number} {name}")
    span = " ".join(words[:2])
    return f"quá hạn {span}" if late.total_seconds() > 0 else f"còn {span} đến hạn"


def _minute(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(second=0, microsecond=0)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # plain text: nothing here is ever read as HTML
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = _moment
    environment.filters["lateness"] = _lateness
    return environment


_ENVIRONMENT = _environment()
