"""The numbers that other systems have for our dossiers: the portal's, an older system's.

A system gives a number once; two systems may give the same one. The dossier's own code stays its
identity.
"""

from __future__ import annotations

from collections.abc import Sequence

from motcua.intake.v1.dossier_events_pb2 import ExternalCodeRecorded
from sqlalchemy import Connection, select

from kernel.base.errors import Refused
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.intake.domain.refusals import external_code_exists, refusal
from services.intake.tables import EXTERNAL_CODES


def record(uow: UnitOfWork, system: str, code: str) -> Sequence[ExternalCodeRecorded]:
    """Note a number; raise ``AlreadyExists`` when the system has given it to a dossier."""
    if uow.get(EXTERNAL_CODES, code, system) is not None:
        raise external_code_exists()
    return [ExternalCodeRecorded(system=system, code=code)]


def resolve(connection: Connection, code: str) -> str:
    """Return the code of the dossier that another system knows by a number.

    The number itself when there is none; raise ``Refused`` when several dossiers have it.
    """
    columns = EXTERNAL_CODES.c
    found = select(columns.dossier_code).where(columns.external_code == code).distinct().limit(2)
    codes = list(connection.execute(found).scalars())
    if len(codes) > 1:
        raise Refused(refusal("AMBIGUOUS_CODE"))
    return codes[0] if codes else code


def codes_of(connection: Connection, dossier_code: str) -> list[tuple[str, str]]:
    """List the systems and their numbers for a dossier."""
    columns = EXTERNAL_CODES.c
    found = select(columns.system, columns.external_code).where(
        columns.dossier_code == dossier_code
    )
    return sorted((row.system, row.external_code) for row in connection.execute(found))
