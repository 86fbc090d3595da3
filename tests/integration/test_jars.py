"""Kafka's jars: only whole and right files get their final name. A real HTTP server stands for the
repository.
"""

import functools
import hashlib
import os
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from infra.kafka import jars
from infra.kafka.jars import Jar, JarError, ensure_jars, read_lock

CONTENT = b"PK\x03\x04" + os.urandom(20_000)
JAR = Jar("org.example", "thing", "1.0", hashlib.sha256(CONTENT).hexdigest())


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """(address, file of JAR) of a repository on loopback."""
    root = tmp_path / "repository"
    file = root / JAR.url_path
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    handler = functools.partial(QuietHandler, directory=str(root))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", file
        server.shutdown()
        thread.join()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "jars.lock"
    path.write_text(f"{JAR} {JAR.sha256}\n")
    return path


def test_fetched_once(repository: tuple[str, Path], lock: Path, tmp_path: Path) -> None:
    """A jar is fetched, and not again while it is whole."""
    address, file = repository
    folder = tmp_path / "jars"
    assert [path.read_bytes() for path in ensure_jars(folder, lock, address)] == [CONTENT]
    file.unlink()
    ensure_jars(folder, lock, address)


def test_truncated_download_is_refused(
    repository: tuple[str, Path], lock: Path, tmp_path: Path
) -> None:
    """A truncated jar never gets its final name."""
    address, file = repository
    file.write_bytes(CONTENT[:10_000])
    with pytest.raises(JarError, match="SHA-256"):
        ensure_jars(tmp_path / "jars", lock, address)
    assert list((tmp_path / "jars").iterdir()) == []


def test_truncated_file_is_replaced(
    repository: tuple[str, Path], lock: Path, tmp_path: Path
) -> None:
    """A jar that was damaged on disk is fetched again."""
    address, _ = repository
    (path,) = ensure_jars(tmp_path / "jars", lock, address)
    path.write_bytes(CONTENT[:-1])
    assert ensure_jars(tmp_path / "jars", lock, address)[0].read_bytes() == CONTENT


def test_missing_jar_is_named(repository: tuple[str, Path], lock: Path, tmp_path: Path) -> None:
    """One line says which jar cannot be had, where, and why."""
    address, file = repository
    file.unlink()
    with pytest.raises(JarError, match=r"org\.example:thing:1\.0: .* answers 404"):
        ensure_jars(tmp_path / "jars", lock, address)


def test_unreachable_repository(
    lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository out of reach is named with the reason."""
    monkeypatch.setattr(jars, "ATTEMPTS", 1)
    with pytest.raises(JarError, match="cannot be read"):
        ensure_jars(tmp_path / "jars", lock, "http://127.0.0.1:1")


def test_lock_is_complete() -> None:
    """The lock names 45 jars, each once, with kafka-clients of the broker's own version and the log
    binding.
    """
    locked = {f"{jar.group}:{jar.artifact}": jar for jar in read_lock()}
    assert len(locked) == len(read_lock()) == 45
    assert (
        locked["org.apache.kafka:kafka-clients"].version
        == locked["org.apache.kafka:kafka_2.13"].version
    )
    log4j = {jar.version for jar in locked.values() if jar.group == "org.apache.logging.log4j"}
    assert len(log4j) == 1
    assert "org.apache.logging.log4j:log4j-slf4j-impl" in locked


def test_bad_lock_line(tmp_path: Path) -> None:
    """A line that is no coordinate with a hash is reported with its number."""
    path = tmp_path / "jars.lock"
    path.write_text("org.example:thing 00\n")
    with pytest.raises(JarError, match="line 1"):
        read_lock(path)


def test_place_of_the_jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a checkout they are in it, where the project is installed in the user's cache; a variable
    names another place.
    """
    monkeypatch.delenv("MOTCUA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert jars.cache_dir() == jars.ROOT / ".cache" / "jars"
    monkeypatch.setattr(jars, "ROOT", tmp_path / "site-packages")
    assert jars.cache_dir() == tmp_path / "cache" / "motcua" / "jars"
    monkeypatch.setenv("MOTCUA_CACHE_DIR", str(tmp_path / "given"))
    assert jars.cache_dir() == tmp_path / "given" / "jars"


def test_an_installed_package_fetches_at_the_first_start(
    repository: tuple[str, Path], lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout refuses and names the set-up; an installed package has none, and downloads."""
    monkeypatch.setenv("MOTCUA_MAVEN_URL", repository[0])
    folder = tmp_path / "jars"
    with pytest.raises(JarError, match="make setup"):
        jars.classpath(folder, lock)
    monkeypatch.setattr(jars, "ROOT", tmp_path / "site-packages")
    assert Path(jars.classpath(folder, lock)).read_bytes() == CONTENT
