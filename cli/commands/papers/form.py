"""`motcua form`: print a form about a dossier, or look at an office's own templates."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Annotated, Any

import typer
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub

from cli.commands.papers.callers import Citizen, Officer, Pin, Unit, signed_for
from cli.grpc_clients import Connection
from cli.options import as_code, must_be_writable
from cli.printer import counted, err, fail, out
from cli.rpc_errors import failures
from kernel.base.instants import to_datetime
from kernel.documents.mistakes import DocumentError
from office.forms.choice import FormKind
from office.forms.samples import sample
from office.forms.typesetting import FormTemplates


def form(
    code: Annotated[str, typer.Argument(help="The dossier's code.")] = "",
    kind: Annotated[FormKind, typer.Option("--form", help="Which form.")] = FormKind.RECEIPT,
    output: Annotated[Path | None, typer.Option(help="Write the PDF here.")] = None,
    officer: Officer = "",
    unit: Unit = "",
    citizen: Citizen = "",
    pin: Pin = "",
    check: Annotated[
        Path | None,
        typer.Option(help="Check the templates in this folder and print a sample; no dossier."),
    ] = None,
) -> None:
    """Print a form about a dossier as PDF.

    Each print is recorded; those after the first are marked as reprints. Who calls is signed for by
    the local issuer (development), or named by MOTCUA_TOKEN; without either, an officer of the
    agency in the code with the account's name. --check reads templates as services do when they
    start, and exits with 1 when there are mistakes.
    """
    if bool(code) == (check is not None):
        raise typer.BadParameter("name a dossier, or templates with --check", param_hint="CODE")
    if output is not None:
        must_be_writable(output, "--output")
    if check is not None:
        page = _templates(check).pdf(kind, sample(kind), 0)
        if output is not None:
            _write(output, page)
        return
    if output is None:
        raise typer.BadParameter("name the file to write", param_hint="--output")
    request = pb.GetFormRequest(
        request_id=str(uuid.uuid4()), dossier_code=as_code(code), form=kind.value, pin=pin
    )
    with failures("intake"), Connection("intake") as connection:
        stub: Any = IntakeServiceStub(connection.channel)
        answer = stub.GetForm(
            request, timeout=30, metadata=signed_for(code, officer, unit, citizen)
        )
    _write(output, answer.pdf)
    out.print(_described(answer), markup=False)


def _templates(folder: Path) -> FormTemplates:
    try:
        return FormTemplates(folder)
    except DocumentError as error:
        for mistake in error.mistakes:
            err.print(str(mistake), markup=False)
        fail(counted(len(error.mistakes), "mistake"))
        raise typer.Exit(1) from error


def _write(output: Path, page: bytes) -> None:
    output.write_bytes(page)
    out.print(str(output), markup=False, whole_lines=True)


def _described(answer: pb.GetFormResponse) -> str:
    at = to_datetime(answer.printed_at.seconds * 1_000_000, "Asia/Ho_Chi_Minh")
    again = f", reprint {answer.copy}" if answer.copy else ""
    return f"form {answer.form_number} of Circular {answer.circular}, {at:%Y-%m-%d %H:%M}{again}"
