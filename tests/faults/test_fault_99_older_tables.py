"""Fault 99: a database has other tables than its service expects, so the stack does not start, and
with it not the broker that mending needs.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from infra.local.kafka import KafkaBroker
from kernel.eventsourcing.migrate import SchemaError, migrate
from kernel.kafka.topics import ensure_topics
from kernel.storage.engines import open_engine
from tests.support.models import MODELS
from tests.support.stack import Stack

pytestmark = pytest.mark.faults
SERVICE = "routing"


def _migrate(database: Path) -> None:
    engine = open_engine(f"sqlite:///{database}", SERVICE)
    try:
        migrate(engine, MODELS[SERVICE])
    finally:
        engine.dispose()


def test_the_advice_can_be_followed_while_nothing_runs(tmp_path: Path) -> None:
    """The command that the refusal names starts the stack's own broker, makes the tables anew, and
    ends it again.
    """
    stack = Stack(tmp_path / "stack")
    database = stack.folder / f"{SERVICE}.sqlite3"
    folder, port = stack.folder / "kafka", int(stack.env["KAFKA_PORT"])
    with KafkaBroker(folder, port) as broker:
        ensure_topics(broker.bootstrap)
    _migrate(database)
    engine = open_engine(f"sqlite:///{database}", SERVICE)
    with closing(engine.raw_connection()) as connection:
        connection.execute("ALTER TABLE cases DROP COLUMN result_number")
        connection.commit()
    engine.dispose()
    with pytest.raises(SchemaError) as refused:
        _migrate(database)
    advice = str(refused.value).rpartition(": ")[2]
    assert advice == f"motcua rebuild {SERVICE}"
    mended = stack.run(*advice.split()[1:], timeout=120)
    assert (mended.returncode, mended.stdout.partition(" in ")[0]) == (0, "routing: 0 events")
    _migrate(database)
    assert stack.run("rebuild", SERVICE, "--check", timeout=120).returncode == 0
