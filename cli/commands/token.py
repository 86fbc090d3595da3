"""`motcua token`: a signed token of the local issuer, for development."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.commands.people import load
from cli.formatting import print_json
from cli.options import JSON
from cli.printer import failed
from cli.settings import settings
from kernel.auth.issuer import HOURS, LocalIssuer
from kernel.auth.subjects import personal
from kernel.auth.tokens import LIFETIME
from office.permissions import shipped


def token(
    officer: Annotated[str, typer.Option(help="Sign for this officer.")] = "",
    citizen: Annotated[str, typer.Option(help="Sign for this citizen.")] = "",
    operator: Annotated[str, typer.Option(help="Sign for this operator.")] = "",
    importer: Annotated[str, typer.Option(help="Sign for this importing program.")] = "",
    unit: Annotated[
        str, typer.Option(help="The unit in which an officer acts; of the directory unless given.")
    ] = "",
    role: Annotated[list[str] | None, typer.Option(help="A role; may be given again.")] = None,
    hours: Annotated[float, typer.Option(help="How long it is valid.")] = HOURS,
    json: JSON = False,
) -> None:
    """Sign a token with the local issuer's key, for development."""
    given = {"officer": officer, "citizen": citizen, "operator": operator, "importer": importer}
    named = [(kind, name) for kind, name in given.items() if name]
    if len(named) != 1:
        raise failed("name one of --officer, --citizen, --operator, --importer", 2)
    ((kind, name),) = named
    if personal(name):
        raise failed(
            f"--{kind}: no identity number, telephone number or e-mail address: events keep it", 2
        )
    if (unit or role) and kind != "officer":
        raise failed("--unit and --role are for officers", 2)
    for name_of_role in role or ():
        if name_of_role not in shipped().roles:
            known = ", ".join(sorted(shipped().roles))
            raise failed(f"--role: {name_of_role} is no role (there are {known})", 2)
    if officer and not unit and not role:
        unit, role = _of_directory(officer)
    if not 0 < hours * 3600 <= LIFETIME:
        raise failed(f"--hours: more than 0 and at most {LIFETIME // 3600}", 2)
    own = settings()
    if own.mode == "production":
        raise failed(
            "the local issuer is for development; production trusts its own issuer only", 2
        )
    signed = LocalIssuer.of(own).sign(kind, name, unit=unit, roles=role or (), hours=hours)
    if json:
        print_json({"kind": kind, "id": name, "unit": unit, "roles": role or [], "token": signed})
    else:
        print(signed)  # as it is: a printer may fold it


def _of_directory(officer: str) -> tuple[str, list[str]]:
    """Return the unit and roles of an officer in the directory, when there is one."""
    path = settings().people_directory
    if path is None:
        return "", []
    found = load(path).officers.get(officer)
    if found is None:
        raise failed(f"{path} has no officer {officer}")
    return found.unit, sorted(found.roles)
