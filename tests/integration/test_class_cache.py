"""The classes that a broker finds loaded (`make setup` writes them)."""

import subprocess
from pathlib import Path

import psutil
import pytest

from infra.kafka.jars import class_cache, classpath
from infra.local import kafka as local_kafka
from infra.local.kafka import JVM_OPTIONS, KafkaBroker, class_cache_options, java_program


def test_a_broker_takes_its_classes_from_the_cache(kafka: KafkaBroker) -> None:
    """Java has the file mapped: it is of this Java and of these jars."""
    maps = {found.path for found in psutil.Process(kafka.pid).memory_maps()}
    assert str(class_cache().resolve()) in maps


def test_without_a_cache_a_broker_is_told_of_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_kafka, "class_cache", lambda: tmp_path / "absent.aot")
    assert class_cache_options() == []


def test_a_damaged_cache_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Java starts without it."""
    damaged = tmp_path / "damaged.aot"
    damaged.write_bytes(class_cache().read_bytes()[:100_000])
    monkeypatch.setattr(local_kafka, "class_cache", lambda: damaged)
    done = subprocess.run(
        [java_program(), *JVM_OPTIONS, *class_cache_options(), "-cp", classpath(), "-version"],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
