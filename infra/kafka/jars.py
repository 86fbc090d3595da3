"""Kafka's jars: fetched from Maven Central, checked, kept outside the virtual environment.

`python -m infra.kafka.jars` brings every jar named in jars.lock. A jar is written under a temporary
name, its SHA-256 is compared with the lock, and only then it is renamed into place: a file that has
its final name is whole.
"""

import hashlib
import os
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from infra.kafka.settings import JarSettings

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK = Path(__file__).with_name("jars.lock")
COMPLETE = ".complete"
ATTEMPTS = 3
TIMEOUT_SECONDS = 60


class JarError(Exception):
    """A jar cannot be had, or is not the one that the lock names."""


@dataclass(frozen=True)
class Jar:
    """One line of jars.lock: Maven coordinate and the SHA-256 of the file, in lower-case
    hexadecimal.
    """

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    @property
    def url_path(self) -> str:
        """Place below the root of a Maven repository."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.file_name}"

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def cache_dir() -> Path:
    """Return the jars' folder: $MOTCUA_CACHE_DIR/jars, by default .cache/jars in the checkout, or
    motcua/jars in the user's cache where the project is an installed package.
    """
    settings = JarSettings()
    if settings.cache_dir:
        return ROOT / settings.cache_dir / "jars"
    if _in_checkout():
        return ROOT / ".cache" / "jars"
    return settings.user_cache / "motcua" / "jars"


def class_cache() -> Path:
    """Return where the loaded classes of a broker are kept, for the next one that starts
    (infra.local.class_cache).
    """
    return cache_dir() / "classes.aot"


def _in_checkout() -> bool:
    return (ROOT / "pyproject.toml").is_file()


def read_lock(path: Path = LOCK) -> list[Jar]:
    """Return the jars of a lock file: lines `group:artifact:version sha256`; raise JarError on any
    other line.
    """
    jars = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            coordinate, sha256 = line.split()
            group, artifact, version = coordinate.split(":")
        except ValueError:
            raise JarError(
                f"{path.name}, line {number}: not 'group:artifact:version sha256'"
            ) from None
        jars.append(Jar(group, artifact, version, sha256))
    return jars


def is_intact(jar: Jar, folder: Path) -> bool:
    """Return whether the jar's file is there and has the SHA-256 of the lock."""
    try:
        with (folder / jar.file_name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except FileNotFoundError:
        return False


def fetch(jar: Jar, folder: Path, repository: str) -> None:
    """Download one jar into `folder` under its final name. Raise JarError when it cannot be had or
    has another hash.
    """
    folder.mkdir(parents=True, exist_ok=True)
    url = f"{repository.rstrip('/')}/{jar.url_path}"
    content = _download(url, jar)
    found = hashlib.sha256(content).hexdigest()
    if found != jar.sha256:
        raise JarError(
            f"{jar}: SHA-256 is {found}, jars.lock says {jar.sha256} "
            f"({len(content)} bytes from {url})"
        )
    handle, temporary = tempfile.mkstemp(prefix=f".{jar.file_name}.", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, folder / jar.file_name)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _download(url: str, jar: Jar) -> bytes:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
                content: bytes = response.read()
                return content
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == ATTEMPTS:
                raise JarError(f"{jar}: {url} answers {error.code} {error.reason}") from None
        except OSError as error:
            if attempt == ATTEMPTS:
                raise JarError(f"{jar}: {url} cannot be read: {error}") from None
        time.sleep(2 ** (attempt - 1))
    raise AssertionError("unreachable")


def ensure_jars(
    folder: Path | None = None, lock: Path = LOCK, repository: str | None = None
) -> list[Path]:
    """Make sure that every jar of the lock is in `folder` and whole; returns their paths in the
    lock's order.

    Files that are not in the lock are left alone. Raise JarError at the first jar that cannot be
    had.
    """
    folder = folder or cache_dir()
    jars = read_lock(lock)
    missing = [jar for jar in jars if not is_intact(jar, folder)]
    if missing:
        _clear_leftovers(folder)
        address = repository or maven_repository()
        for jar in missing:
            fetch(jar, folder, address)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / COMPLETE).touch()
    return [folder / jar.file_name for jar in jars]


def classpath(folder: Path | None = None, lock: Path = LOCK) -> str:
    """Return the Java class path of the locked jars. Raise JarError when one is missing.

    Nothing is downloaded or hashed in a checkout, where the set-up does that; an installed package
    has no set-up and downloads what is missing.
    """
    folder = folder or cache_dir()
    paths = [folder / jar.file_name for jar in read_lock(lock)]
    if not _in_checkout() and not all(path.is_file() for path in paths):
        ensure_jars(folder, lock)
    for path in paths:
        if not path.is_file():
            (folder / COMPLETE).unlink(missing_ok=True)
            raise JarError(f"{path} is missing: run make setup")
    return os.pathsep.join(str(path) for path in paths)


def maven_repository() -> str:
    """Return the address of the Maven repository: $MOTCUA_MAVEN_URL, by default Maven Central."""
    if override := JarSettings().maven_url:
        return override
    from jgo.constants import MAVEN_CENTRAL_URL

    return str(MAVEN_CENTRAL_URL)


def _clear_leftovers(folder: Path) -> None:
    """Remove temporary files of downloads that were killed more than an hour ago (a younger one may
    be under way).
    """
    for path in folder.glob(".*.jar.*"):
        try:
            if time.time() - path.stat().st_mtime > 3600:
                path.unlink()
        except FileNotFoundError:
            pass


def main() -> int:
    """Return 0 when all jars are there; 1 with one line on stderr when one cannot be had."""
    started = time.monotonic()
    print("setup: Kafka's jars", flush=True)
    try:
        jars = ensure_jars()
    except JarError as error:
        print(f"setup: cannot bring Kafka's jars: {error}", file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in jars)
    print(f"setup: {len(jars)} jars, {size / 1e6:.0f} MB, {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
