"""A record whose rows clash with what another process writes is in order: it is tried again."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import SupplementSubmitted

from kernel.consumer.applying import committer
from kernel.eventsourcing.unit_of_work import UnitOfWork
from tests.support.feed import code_of, supplement, wait_until
from tests.support.logs_of_both_kinds import LogInMemory
from tests.support.tally import KERNEL, MODEL, SEEN, count_supplement

CODE = code_of(1)
TIMES = 30
"""Far more often than the writer tries by itself, and the consumer a record that fails."""


def test_a_clash_that_lasts_for_a_while_quarantines_nothing(tmp_path: Path) -> None:
    """The row of another process is there for thirty tries, then it is gone."""
    tries: list[int] = []

    def clash(uow: UnitOfWork, event: Event, payload: SupplementSubmitted) -> None:
        count_supplement(uow, event, payload)
        tries.append(1)
        if len(tries) < TIMES:
            row = {"dossier_code": "x", "supplements": 1, "last_round": 1}
            uow.add(SEEN, row)
            uow.add(SEEN, row)

    model = dataclasses.replace(MODEL, projections={SupplementSubmitted: clash})
    log = LogInMemory()
    log.put([supplement(CODE, 1)])
    with log.node(f"sqlite:///{tmp_path / 'tally.sqlite'}", model=model) as node:
        wait_until(node.is_ready)
        assert node.rows(KERNEL.quarantine) == []
        assert [row["supplements"] for row in node.rows(SEEN)] == [1]
    assert len(tries) >= TIMES


def test_a_clash_for_ever_quarantines_its_record_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is the record's fault: its dossier waits, the others go on."""
    monkeypatch.setattr(committer, "CONTENDED_SECONDS", 0.5)

    def clash(uow: UnitOfWork, event: Event, payload: SupplementSubmitted) -> None:
        count_supplement(uow, event, payload)
        if event.stream_id == CODE:
            count_supplement(uow, event, payload)

    model = dataclasses.replace(MODEL, projections={SupplementSubmitted: clash})
    log = LogInMemory()
    log.put([supplement(CODE, 1), supplement(code_of(2), 1)])
    with log.node(f"sqlite:///{tmp_path / 'tally.sqlite'}", model=model) as node:
        wait_until(node.is_ready)
        assert [row["error"] for row in node.rows(KERNEL.quarantine)] == ["Conflict"]
        assert [row["dossier_code"] for row in node.rows(SEEN)] == [code_of(2)]
