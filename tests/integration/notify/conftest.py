"""A desk that speaks on a fresh topic, for tests of the real notify process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.kafka import KafkaBroker
from tests.support.notify_process import Desk


@pytest.fixture
def notify_desk(kafka: KafkaBroker, topic: str, tmp_path: Path) -> Iterator[Desk]:
    """The rest of the office, on a topic and with a keyring of this test's own."""
    desk = Desk(kafka.bootstrap, topic, f"sqlite:///{tmp_path / 'keyring.sqlite3'}")
    yield desk
    desk.close()
