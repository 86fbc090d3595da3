"""What only importers may say."""

from __future__ import annotations

import pytest
from motcua.events.v1.common_pb2 import Actor
from motcua.intake.v1 import intake_pb2 as pb

from kernel.base.instants import DAY, MINUTE, to_timestamp
from services.intake.domain.import_rules import as_of_occurrence, instants
from tests.support.intake_samples import IMPORTER, MONDAY, OFFICER, call

LONG_AGO, FAR = -80 * 365 * DAY, 240 * 365 * DAY


@pytest.mark.parametrize(
    ("actor", "occurred_at", "due_at", "expected"),
    [
        (OFFICER, None, None, []),
        (IMPORTER, None, None, []),
        (IMPORTER, MONDAY - DAY, MONDAY + DAY, []),
        (IMPORTER, MONDAY + MINUTE, None, []),
        (IMPORTER, MONDAY + DAY, None, ["occurred_at instant.future"]),
        (IMPORTER, LONG_AGO, FAR, ["occurred_at instant.range", "due_at instant.range"]),
        (OFFICER, MONDAY, MONDAY, ["occurred_at importer.only", "due_at importer.only"]),
    ],
)
def test_names_wrong_instants(
    actor: Actor, occurred_at: int | None, due_at: int | None, expected: list[str]
) -> None:
    """Importers say when something happened, and not in the future; nobody else does."""
    request = pb.AcceptDossierRequest(
        occurred_at=None if occurred_at is None else to_timestamp(occurred_at),
        due_at=None if due_at is None else to_timestamp(due_at),
    )
    found = instants(request, actor, MONDAY, "occurred_at", "due_at", future="due_at")
    assert [f"{v.field} {v.rule}" for v in found] == expected


def test_a_call_happened_when_the_importer_says() -> None:
    """The request's time goes before that of the call; without one the call's holds."""
    request = pb.ReturnResultRequest(occurred_at=to_timestamp(MONDAY - DAY))
    assert as_of_occurrence(request, call(IMPORTER)).occurred_at == MONDAY - DAY
    assert as_of_occurrence(pb.ReturnResultRequest(), call(IMPORTER)).occurred_at == MONDAY
