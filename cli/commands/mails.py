"""`motcua mails`: what the local stack's mail sink has kept, decoded."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Annotated, Any

import typer
from rich.text import Text

from cli.formatting import print_json
from cli.options import JSON, as_code
from cli.printer import failed, grid, out
from cli.settings import settings
from infra.local.smtp import RECIPIENT_HEADER, read_messages


def mails(
    code: Annotated[str, typer.Argument(help="Show only the mails about this dossier.")] = "",
    as_json: JSON = False,
) -> None:
    """Show the mails in the local stack's mail sink.

    Without a dossier one line for each, with one the whole texts. No service needs to run. Exit
    status 1 when there is no mail about the dossier.
    """
    folder = settings().data_dir.absolute() / "mail"
    found = [_row(message) for message in read_messages(folder)]
    code = as_code(code)
    if code:
        found = [row for row in found if code in row["subject"] or code in row["text"]]
    if as_json:
        print_json({"mails": found})
    elif code:
        for row in found:
            out.print(Text("\n".join(_shown(row))))
    elif found:
        out.print(grid(("date", "to", "subject"), [_line(row) for row in found], whole=("date",)))
    if code and not found:
        raise failed(f"no mail about {code} in {folder}")
    if not found and not as_json:
        out.print(f"no mails in {folder}", markup=False)


def _row(message: EmailMessage) -> dict[str, Any]:
    body = message.get_body(("plain", "html"))
    return {
        "date": _printable(str(message["Date"] or "")),
        "to": [_printable(str(address)) for address in message.get_all(RECIPIENT_HEADER, [])],
        "subject": _printable(" ".join(str(message["Subject"] or "").split())),
        "text": _printable(str(body.get_content()) if body is not None else ""),
    }


def _printable(text: str) -> str:
    """Replace control characters, which a terminal would obey."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def _line(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["date"], ", ".join(row["to"]), row["subject"]


def _shown(row: dict[str, Any]) -> list[str]:
    date, recipients, subject = _line(row)
    return [f"To: {recipients}", f"Date: {date}", f"Subject: {subject}", "", row["text"], ""]
