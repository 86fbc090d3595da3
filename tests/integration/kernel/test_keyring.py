"""The keys of personal data, and the master key that wraps them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from motcua.events.v1.common_pb2 import PersonalData
from sqlalchemy import Engine

from infra.local.ports import free_port
from kernel.crypto.keyring import Keyring, WrongMasterKey
from kernel.storage.engines import open_engine
from tests.support.stack import is_foreign

RIGHT, WRONG = b"r" * 32, b"w" * 32
CODE = "H22.12-210809-0001"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The keyring's database, empty."""
    opened = open_engine(database_url, "keyring")
    yield opened
    opened.dispose()


def test_the_right_master_key_opens_what_was_sealed(engine: Engine) -> None:
    """After a restart too."""
    keys = Keyring(engine, RIGHT)
    key = keys.new_key(CODE)
    keys.save([key])
    sealed = key.seal("applicant", PersonalData(full_name="An"))
    opened = PersonalData()
    assert Keyring(engine, RIGHT).open(CODE, "applicant", sealed, opened)
    assert opened.full_name == "An"


def test_a_wrong_master_key_is_refused_before_it_wraps_a_key(engine: Engine) -> None:
    """Keys by two masters in one ring could never be told apart again."""
    Keyring(engine, WRONG)  # an empty ring has no master yet
    keys = Keyring(engine, RIGHT)
    keys.save([keys.new_key(CODE)])
    with pytest.raises(WrongMasterKey, match=r"^MOTCUA_MASTER_KEY: "):
        Keyring(engine, WRONG)


def test_a_service_does_not_start_with_a_wrong_master_key(tmp_path: Path) -> None:
    """It ends with status 2 and one line, which the supervisor shows."""
    engine = open_engine(f"sqlite:///{tmp_path / 'keyring.sqlite3'}", "keyring")
    keys = Keyring(engine, RIGHT)
    keys.save([keys.new_key(CODE)])
    engine.dispose()
    env = {k: v for k, v in os.environ.items() if not is_foreign(k)} | {
        "MOTCUA_DATA_DIR": str(tmp_path),
        "MOTCUA_MASTER_KEY": WRONG.hex(),
        "INTAKE_PORT": str(free_port()),
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",
    }
    done = subprocess.run(
        [sys.executable, "-m", "services.intake.main"],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("intake: MOTCUA_MASTER_KEY: is not the key")
