"""What a calendar change moves, as `motcua calendar recalculate` lists it."""

from __future__ import annotations

import pytest
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.types_pb2 import DeadlineScope

from cli.commands.calendar import recalculate
from kernel.base.instants import to_timestamp
from tests.support.routing_cases import at

EVERY = [
    ("dossier", "", 0, "dossier"),
    ("step", "appraise", 0, "appraise"),
    ("first_action", "appraise", 0, "appraise: begin"),
    ("timer", "appraise", 0, "appraise: timer"),
    ("consultation", "appraise", 2, "question 2"),
    ("suspension", "", 0, "papers"),
]


def moved(scope: str, step: str, number: int) -> pb.MovedDeadline:
    """A due date of a scope that moves by a day."""
    change = pb.DeadlineChange(
        scope=f"DEADLINE_SCOPE_{scope.upper()}",
        step=step,
        consultation=number,
        previous_due_at=to_timestamp(at("2021-08-12 10:00")),
        due_at=to_timestamp(at("2021-08-13 10:00")),
        calendar_version="vn-2",
    )
    return pb.MovedDeadline(dossier_code="H22.12-210809-0001", unit="H22.12", change=change)


def test_every_scope_has_a_name() -> None:
    """No scope is listed without a word of its own; the desk's check never moves."""
    assert {scope for scope, *_ in EVERY} == {
        name.removeprefix("DEADLINE_SCOPE_").lower() for name, _ in DeadlineScope.items()
    } - {"unspecified", "desk_check"}


@pytest.mark.parametrize(("scope", "step", "number", "word"), EVERY)
def test_what_moves_is_named(
    scope: str, step: str, number: int, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """For scripts by its scope, for people by a word of its own."""
    each = moved(scope, step, number)
    document = recalculate._document([each], 1, dry_run=True)
    (row,) = document["moved"]
    assert (row["scope"], row["step"], row["consultation"]) == (scope, step, number or None)
    assert (document["later"], document["earlier"], document["dossiers"]) == (1, 0, 1)

    recalculate._show(document, [each])
    assert word in capsys.readouterr().out


def test_what_was_skipped_is_told_with_its_process(capsys: pytest.CaptureFixture[str]) -> None:
    """For people by process and version, for scripts by dossier."""
    codes = ("H22.12-210809-0001", "H22.12-210809-0002")
    cases = [pb.SkippedCase(dossier_code=c, process="permits", process_version=2) for c in codes]
    document = recalculate._document([], 2, dry_run=True, skipped=cases)
    assert [row["dossier"] for row in document["skipped"]] == list(codes)
    recalculate._show(document, [])
    assert "permits version 2 is not there: 2 cases skipped" in capsys.readouterr().out
