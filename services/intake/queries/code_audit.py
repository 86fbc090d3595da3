"""Audit of dossier codes: which numbers of a day were given, and why some are missing.

A number is given in the transaction of the dossier's first event, under a lock of its agency and
day: what is not written is not given, so nothing given here leaves a gap. A gap comes from another
system, whose dossier was imported with a higher number than the next one here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from motcua.intake.v1.intake_pb2 import CodeGap, ExplainCodesResponse
from sqlalchemy import Connection, select

from office.catalogue.dossier_code import day_of, parse_code
from services.intake.tables import DOSSIERS


def explain(connection: Connection, agency: str, unit: str, day: date) -> ExplainCodesResponse:
    """Return the codes of an agency's local day, with the reason of each gap."""
    columns = DOSSIERS.c
    prefix = f"{agency}-{day_of(day)}-"
    found = connection.execute(
        select(columns.dossier_code, columns.imported_from).where(
            columns.dossier_code.startswith(prefix, autoescape=True),
            columns.submitted_at.is_not(None),
        )
    )
    used = []
    for row in found:
        code = parse_code(row.dossier_code)
        if code is not None and row.dossier_code.startswith(prefix):
            used.append((code.number, row.dossier_code, bool(row.imported_from)))
    used.sort()
    brought_in = sum(imported for _, _, imported in used)
    return ExplainCodesResponse(
        unit=unit,
        highest=used[-1][0] if used else 0,
        given=len(used) - brought_in,
        brought_in=brought_in,
        gaps=list(_gaps(used)),
    )


def _gaps(used: Sequence[tuple[int, str, bool]]) -> Iterator[CodeGap]:
    expected = 1
    for number, code, imported in used:
        if number > expected:
            yield CodeGap(first=expected, last=number - 1, brought_in=code if imported else "")
        expected = number + 1
