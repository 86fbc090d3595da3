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
from kernel.crypto import keyring
from kernel.crypto.keyring import FRESH_SECONDS, Keyring, WrongKeyring, WrongMasterKey
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


def test_a_key_that_another_process_destroys_is_gone_here_too(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within seconds; until then the key that was read is used without a look at the database."""
    here, there = Keyring(engine, RIGHT), Keyring(engine, RIGHT)
    key = here.new_key(CODE)
    here.save([key])
    sealed = key.seal("applicant", PersonalData(full_name="An"))
    assert here.open(CODE, "applicant", sealed, PersonalData())
    assert there.destroy(CODE) == 1
    monkeypatch.setattr(keyring, "FRESH_SECONDS", 0.0)
    assert not here.open(CODE, "applicant", sealed, PersonalData())
    assert FRESH_SECONDS <= 10


def test_data_sealed_by_another_keyring_is_not_erased(engine: Engine, tmp_path: Path) -> None:
    """Its key was never here: to say that the person's data was erased would be untrue."""
    elsewhere = open_engine(f"sqlite:///{tmp_path / 'other.sqlite3'}", "keyring")
    other = Keyring(elsewhere, RIGHT)
    key = other.new_key(CODE)
    other.save([key])
    sealed = key.seal("applicant", PersonalData(full_name="An"))
    with pytest.raises(WrongKeyring, match="another keyring"):
        Keyring(engine, RIGHT).open(CODE, "applicant", sealed, PersonalData())
    other.destroy(CODE)
    assert not Keyring(elsewhere, RIGHT).open(CODE, "applicant", sealed, PersonalData())
    elsewhere.dispose()


def test_data_sealed_after_a_copy_was_made_is_not_erased_in_the_copy(
    engine: Engine, tmp_path: Path
) -> None:
    """What was destroyed stays so; a key that came later was never in the copy."""
    keys = Keyring(engine, RIGHT)
    gone, kept = keys.new_key(CODE), keys.new_key("H22.12-210809-0002")
    keys.save([gone])
    keys.destroy(CODE)
    copy = open_engine(f"sqlite:///{tmp_path / 'copy.sqlite3'}", "keyring")
    with engine.connect() as source, copy.begin() as target:
        keyring._METADATA.create_all(target)
        for table in keyring._METADATA.tables.values():
            for row in source.execute(table.select()).mappings():
                target.execute(table.insert(), dict(row))
    keys.save([kept])
    older = Keyring(copy, RIGHT)
    assert older.keyring_id == keys.keyring_id
    data = PersonalData(full_name="An")
    assert not older.open(CODE, "applicant", gone.seal("applicant", data), PersonalData())
    with pytest.raises(WrongKeyring, match="an older copy"):
        older.open(kept.stream_id, "applicant", kept.seal("applicant", data), PersonalData())
    assert (older.knows(gone.key_id), older.knows(kept.key_id)) == (True, False)
    copy.dispose()


def test_a_service_does_not_start_with_another_keyring(tmp_path: Path) -> None:
    """One that was forgotten, or put back from nothing, would let new dossiers be sealed with keys
    in two places."""
    assert _start_intake(tmp_path, until_it_listens=True).returncode != 2
    (tmp_path / "keyring.sqlite3").unlink()
    done = _start_intake(tmp_path)
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("intake: KEYRING_DATABASE_URL: this database belongs to keyring ")
    assert not (tmp_path / "keyring.sqlite3").exists()


def test_a_service_does_not_start_with_a_wrong_master_key(tmp_path: Path) -> None:
    """It ends with status 2 and one line, which the supervisor shows."""
    engine = open_engine(f"sqlite:///{tmp_path / 'keyring.sqlite3'}", "keyring")
    keys = Keyring(engine, RIGHT)
    keys.save([keys.new_key(CODE)])
    engine.dispose()
    done = _start_intake(tmp_path, WRONG)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("intake: MOTCUA_MASTER_KEY: is not the key")


def _start_intake(
    folder: Path, master: bytes = RIGHT, *, until_it_listens: bool = False
) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not is_foreign(k)} | {
        "MOTCUA_DATA_DIR": str(folder),
        "MOTCUA_MASTER_KEY": master.hex(),
        "INTAKE_PORT": str(free_port()),
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",
    }
    command = [sys.executable, "-m", "services.intake.main"]
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    lines: list[str] = []
    assert process.stderr is not None
    for line in process.stderr:
        lines.append(line)
        if until_it_listens and "rpc.started" in line:
            process.terminate()
    process.stderr.close()
    return subprocess.CompletedProcess(command, process.wait(60), stderr="".join(lines))
