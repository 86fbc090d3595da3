"""`motcua codes read / explain`: what a code means, and which numbers of a day were given."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub

from cli.commands.catalogue.office_catalogue import base_catalogue
from cli.formatting import print_json
from cli.grpc_clients import Connection, identity
from cli.options import JSON, parse_day
from cli.printer import failed, grid, out
from cli.rpc_errors import failures
from office.catalogue.agency_codes import is_agency, is_old_agency, to_new_form, to_old_form
from office.catalogue.dossier_code import parse_code

app = typer.Typer(no_args_is_help=True, help="Codes of agencies and dossiers.")


@app.command("read")
def read(code: str, as_json: JSON = False) -> None:
    """Show what an agency's or a dossier's code means.

    It may have its old or its new form. Exit status 1 for a code of another form, as other systems
    may have.
    """
    dossier = parse_code(code)
    agency = dossier.agency if dossier else code
    if not is_agency(agency):
        raise failed(f"{code} is no code of an agency or a dossier here")
    unit = base_catalogue().unit_of(agency)
    usual_new = to_new_form(agency) if is_old_agency(agency) else agency
    answer: dict[str, Any] = {
        "code": code,
        "agency": agency,
        "form": "old" if is_old_agency(agency) else "new",
        "old_code": unit.old_code if unit else to_old_form(usual_new),
        "new_code": unit.code if unit else usual_new,
        "unit": unit.name_vi if unit else None,
    }
    if dossier:
        answer |= {"day": dossier.day, "number": dossier.number}
    if as_json:
        print_json(answer)
        return
    for name, value in answer.items():
        out.print(f"{name:<9} {'-' if value is None else value}", markup=False)


@app.command("explain")
def explain(
    agency: Annotated[str, typer.Argument(help="An agency's code, old or new.")],
    day: Annotated[str, typer.Option(help="YYYY-MM-DD.")],
    as_json: JSON = False,
) -> None:
    """Audit the dossier codes of an agency's day. Exit status 1 when a gap has no reason."""
    request = pb.ExplainCodesRequest(agency=agency, day=parse_day(day, "--day"))
    with failures("intake"), Connection("intake") as connection:
        stub: Any = IntakeServiceStub(connection.channel)
        answer = stub.ExplainCodes(request, timeout=30, metadata=identity())
    gaps = [
        {"first": gap.first, "last": gap.last, "brought_in": gap.brought_in or None}
        for gap in answer.gaps
    ]
    if as_json:
        print_json(
            {
                "agency": agency,
                "day": day,
                "unit": answer.unit or None,
                "highest": answer.highest,
                "given": answer.given,
                "brought_in": answer.brought_in,
                "gaps": gaps,
            }
        )
    else:
        out.print(
            f"{agency} on {day}: highest number {answer.highest}, given here {answer.given}, "
            f"brought in {answer.brought_in}",
            markup=False,
        )
        rows = [(str(gap["first"]), str(gap["last"]), _reason(gap["brought_in"])) for gap in gaps]
        if rows:
            out.print(grid(("from", "to", "why no dossier has them"), rows, right=("from", "to")))
    if any(gap["brought_in"] is None for gap in gaps):
        raise typer.Exit(1)


def _reason(brought_in: str | None) -> str:
    if brought_in is None:
        return "no reason is known: look at the log (motcua verify)"
    return f"numbers of another system: {brought_in} was brought in from it"
