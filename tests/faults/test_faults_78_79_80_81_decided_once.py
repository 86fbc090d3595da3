"""Faults 78 to 81: a database is lost, or a release reacts to more; what was decided is not decided
again, and nothing of it is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from infra.local.kafka import KafkaBroker
from kernel.eventsourcing.service_model import Model
from kernel.rebuild.rebuild import rebuild
from tests.support.feed import code_of, log_of, put, supplement, wait_until
from tests.support.runner import TallyProcess, progress, reader
from tests.support.tally import (
    ANSWERED,
    BOTH,
    KERNEL,
    METADATA,
    MODEL,
    POISON,
    SEEN,
    SEVERAL,
    SOURCE,
    THIRD,
    rows,
)

pytestmark = pytest.mark.faults
CODE = code_of(1)


class Site:
    """A topic, and the processes of one service on it, one after the other."""

    def __init__(self, broker: KafkaBroker, topic: str, folder: Path) -> None:
        self.broker, self.topic, self.folder = broker, topic, folder
        self.process: TallyProcess | None = None
        self.engine: Engine | None = None
        self._started = 0

    def url(self, name: str) -> str:
        """Return the address of a database."""
        return f"sqlite:///{self.folder / name}.sqlite"

    def start(self, name: str, *options: str) -> TallyProcess:
        """Start on a database."""
        self._started += 1
        url, marks = self.url(name), self.folder / f"marks{self._started}"
        self.process = TallyProcess(self.broker.bootstrap, self.topic, url, marks, *options).start()
        if self.engine is not None:
            self.engine.dispose()
        self.engine = reader(url)
        wait_until(lambda: not self.rows(KERNEL.outbox), what="what it has to say is published")
        return self.process

    def rebuild(self, name: str, model: Model) -> None:
        """Make a database from the log: the one before is lost."""
        rebuild(
            model,
            self.broker.bootstrap,
            self.topic,
            self.url(name),
            prepare=lambda engine, _model: METADATA.create_all(engine),
        )

    def put(self, *rounds: int) -> None:
        """Publish supplements of a dossier, the last ones with these sequences."""
        put(self.broker.bootstrap, self.topic, [supplement(CODE, n) for n in rounds])

    def wait(self, heard: int, own: int) -> None:
        """Wait until so many records were handled, and so many own events are published."""
        assert self.engine is not None
        engine = self.engine
        wait_until(lambda: list(progress(engine).values()) == [heard, own, 0])

    def rows(self, table: Any) -> list[dict[str, Any]]:
        """Return the rows of a table."""
        assert self.engine is not None
        return rows(self.engine, table)

    def views(self) -> list[list[dict[str, Any]]]:
        """Return what the service has made of the log."""
        return [self.rows(SEEN), self.rows(ANSWERED)]

    def own(self) -> list[str]:
        """Return the service's events of dossiers that are on the log, in order."""
        log = log_of(self.broker.bootstrap, self.topic)
        return [event.event_id for event in log if event.source == SOURCE]


@pytest.fixture
def site(kafka: KafkaBroker, topic: str, tmp_path: Path) -> Iterator[Site]:
    """An empty topic, and no process yet."""
    made = Site(kafka, topic, tmp_path)
    yield made
    if made.process is not None:
        made.process.kill()
    if made.engine is not None:
        made.engine.dispose()


def test_fault_78_what_was_discarded_stays_so_after_a_loss(site: Site) -> None:
    """The process is killed after the operator's act, its database lost: the one made again equals
    it.
    """
    process = site.start("first")
    put(
        site.broker.bootstrap,
        site.topic,
        [supplement(CODE, 1), supplement(CODE, 2, POISON), supplement(CODE, 3)],
    )
    wait_until(lambda: len(site.rows(KERNEL.quarantine)) == 2, what="poison, and one behind it")
    (process.folder / "discard").write_text(CODE, "utf-8")
    site.wait(2, 2)
    before = site.views()
    process.kill()

    site.rebuild("second", MODEL)
    site.start("second")
    site.wait(2, 2)
    assert site.views() == before
    assert [row["reason"] for row in site.rows(KERNEL.quarantine)] == ["discarded"]


def test_fault_79_what_brought_nothing_is_not_decided_again_after_a_loss(site: Site) -> None:
    """Though the reaction would bring something by the state that the dossier has by then."""
    process = site.start("first", "--model=third")
    for number in (1, 2, 3):
        site.put(number)
        site.wait(number, number // 3)
    before, own = site.views(), site.own()
    assert process.stop() == 0

    site.rebuild("second", THIRD)
    site.start("second", "--model=third")
    assert site.views() == before
    assert site.own() == own
    site.put(4)
    site.wait(4, 2)


def test_fault_80_a_new_reaction_does_not_run_over_the_past(site: Site) -> None:
    """Neither in the upgraded database, nor in one that a rebuild has made."""
    process = site.start("first", "--model=other")
    site.put(1, 2, 3)
    site.wait(3, 0)
    assert process.stop() == 0
    process = site.start("first", "--model=both")
    site.put(4)
    site.wait(4, 1)
    before, own = site.views(), site.own()
    process.kill()

    site.rebuild("second", BOTH)
    process = site.start("second", "--model=both")
    assert site.views() == before
    assert site.own() == own
    process.kill()
    process = site.start("empty", "--model=both")
    assert site.views() == before
    assert site.own() == own


@pytest.mark.parametrize("by_rebuild", [True, False], ids=["rebuilt", "read again"])
def test_fault_81_the_rest_of_a_decision_is_made_after_a_loss(
    site: Site, *, by_rebuild: bool
) -> None:
    """Killed after the first of three outcomes was published, the database lost: the other two are
    those that were decided, and are published once.
    """
    process = site.start("first", "--model=several", "--round=1")
    process.hold("forget")
    site.put(1)
    wait_until(lambda: process.is_held("forget"), what="the first is published")
    decided = [row["event_id"] for row in site.rows(KERNEL.events) if row["stream_id"] == CODE]
    assert len(decided) == 3
    process.kill()
    assert site.own() == decided[:1]

    if by_rebuild:
        site.rebuild("second", SEVERAL)
    process = site.start("second", "--model=several")
    site.wait(1, 3)
    assert site.own() == decided
    process.kill()
    site.start("third", "--model=several")
    assert site.own() == decided
