"""As whom the commands about papers call: an officer or a citizen."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.operator_name import operator_name
from cli.settings import settings
from kernel.auth.issuer import LocalIssuer
from kernel.rpc.client import metadata

Officer = Annotated[str, typer.Option(help="Call as this officer.")]
Unit = Annotated[str, typer.Option(help="The officer's unit; else the agency in CODE.")]
Citizen = Annotated[str, typer.Option(help="Call as this citizen, with --pin.")]
Pin = Annotated[str, typer.Option(help="The dossier's PIN, for a citizen.")]


def signed_for(code: str, officer: str, unit: str, citizen: str) -> Any:
    """Return the metadata of a call about a dossier: of a citizen or an officer that is named, else
    by MOTCUA_TOKEN, else of an officer of the agency in the code with the account's name.

    Raise ``BadParameter`` for two callers.
    """
    if officer and citizen:
        raise typer.BadParameter("one of --officer and --citizen")
    own = settings()
    issuer = LocalIssuer.of(own)
    if citizen:
        return metadata(issuer.token("citizen", citizen), language="en")
    if own.token and not officer:
        return metadata(own.token, language="en")
    agency = code.partition("-")[0]
    token = issuer.token("officer", officer or operator_name(), unit or agency)
    return metadata(token, language="en")
