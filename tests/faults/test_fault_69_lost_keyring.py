"""Fault 69: the keyring is lost, and a new one or an older copy is put in its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub

from infra.local.kafka import KafkaBroker
from tests.support.feed import log_of, wait_until
from tests.support.identity import metadata
from tests.support.service import ServiceProcess
from tests.support.walk import submission

pytestmark = pytest.mark.faults
CITIZEN = metadata("citizen", "mai")


def submit(desk: ServiceProcess, count: int) -> list[str]:
    """Hand in dossiers and return their codes."""
    with desk.channel() as channel:
        stub = IntakeServiceStub(channel)
        return [
            stub.SubmitDossier(submission(), timeout=20, metadata=CITIZEN).dossier_code
            for _ in range(count)
        ]


def move(source: Path, target: Path) -> None:
    """Move the files of a keyring."""
    target.mkdir(exist_ok=True)
    for file in source.glob("keyring.sqlite3*"):
        file.rename(target / file.name)


def test_fault_69_nothing_is_sealed_by_a_keyring_that_is_new(
    kafka: KafkaBroker, topic: str, tmp_path: Path
) -> None:
    """The service refuses to start, and goes on once its own keyring is back."""
    desk = ServiceProcess("intake", tmp_path / "desk", kafka.bootstrap, topic)
    with desk:
        desk.wait_ready()
        codes = submit(desk, 2)
        desk.wait_published()
    move(desk.folder, tmp_path / "kept")
    log = desk.folder / "intake.log"
    with desk:
        words = "intake: KEYRING_DATABASE_URL: this database belongs to keyring"
        wait_until(lambda: words in log.read_text("utf-8"), 60, words)
    assert len(log_of(kafka.bootstrap, topic)) == 2
    assert not list(desk.folder.glob("keyring.sqlite3*"))
    move(tmp_path / "kept", desk.folder)
    with desk:
        desk.wait_ready()
        codes += submit(desk, 1)
        desk.wait_published()
    assert sorted(event.stream_id for event in log_of(kafka.bootstrap, topic)) == sorted(codes)


def test_fault_69_an_older_copy_is_not_the_keyring(
    kafka: KafkaBroker, topic: str, tmp_path: Path
) -> None:
    """It lacks the keys of what came since: these people's data was not erased. The service refuses
    to start, until the latest copy is there, or somebody says that there is none.
    """
    desk = ServiceProcess("intake", tmp_path / "desk", kafka.bootstrap, topic)
    with desk:
        desk.wait_ready()
        codes = submit(desk, 2)
        desk.wait_published()
    older = tmp_path / "older"
    older.mkdir()
    for file in desk.folder.glob("keyring.sqlite3*"):
        shutil.copy(file, older)
    with desk:
        desk.wait_ready()
        codes += submit(desk, 2)
        desk.wait_published()
    move(desk.folder, tmp_path / "latest")
    move(older, desk.folder)
    log = desk.folder / "intake.log"
    with desk:
        words = f"intake: KEYRING_DATABASE_URL: this keyring lacks key {codes[-1]}/"
        wait_until(lambda: words in log.read_text("utf-8"), 60, words)
    desk.env["KEYRING_KEYS_LOST"] = "true"
    with desk:
        desk.wait_ready()
    del desk.env["KEYRING_KEYS_LOST"]
    move(desk.folder, older)
    move(tmp_path / "latest", desk.folder)
    with desk:
        desk.wait_ready()
        codes += submit(desk, 1)
        desk.wait_published()
    assert sorted(event.stream_id for event in log_of(kafka.bootstrap, topic)) == sorted(codes)
