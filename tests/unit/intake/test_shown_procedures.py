"""Procedures that are made once and shown often."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from motcua.intake.v1 import intake_pb2 as pb

from office.catalogue.loader import shipped_catalogue
from office.catalogue.model import Catalogue
from office.catalogue.responsible_unit import ResponsibleUnits
from services.intake.queries import responses
from services.intake.queries.shown_procedures import DAYS, ShownProcedures

DAY = date(2026, 12, 1)
CATALOGUE = shipped_catalogue()


def made(catalogue: Catalogue, day: date) -> pb.ListProceduresResponse:
    """Return all procedures of a day, made anew."""
    takers = ResponsibleUnits(catalogue, day)
    return pb.ListProceduresResponse(
        procedures=[responses.procedure(each, takers) for each in takers.offered()]
    )


def shown(kept: ShownProcedures, catalogue: Catalogue, day: date) -> pb.ListProceduresResponse:
    """Return all procedures of a day, as they are shown."""
    takers = ResponsibleUnits(catalogue, day)
    return kept.show(takers.offered(), takers)


def test_what_is_shown_is_what_would_be_made_anew() -> None:
    """On every day, the first time and later, also when a caller changes an answer."""
    kept = ShownProcedures()
    for days in [*range(2 * DAYS), *range(DAYS)]:
        day = DAY - timedelta(days=400 * days)
        answer = shown(kept, CATALOGUE, day)
        assert answer == made(CATALOGUE, day)
        for procedure in answer.procedures:
            procedure.title.vi = "khác"
        assert shown(kept, CATALOGUE, day) == made(CATALOGUE, day)


def test_another_catalogue_is_shown_at_once() -> None:
    """Also when its procedures have the same codes and versions."""
    kept = ShownProcedures()
    shown(kept, CATALOGUE, DAY)
    renamed = replace(
        CATALOGUE,
        procedures={
            code: tuple(replace(version, name_vi="Tên mới") for version in versions)
            for code, versions in CATALOGUE.procedures.items()
        },
    )
    assert shown(kept, renamed, DAY) == made(renamed, DAY)
    assert {each.title.vi for each in shown(kept, renamed, DAY).procedures} == {"Tên mới"}
