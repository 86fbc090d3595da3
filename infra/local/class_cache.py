"""A broker's loaded classes, kept in a file: the next broker starts with half the processor time.

`python -m infra.local.class_cache` starts a broker, lets it record the classes that it loads, and
writes them where brokers look for them. A broker without this file starts as well.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from infra.kafka.jars import JarError, class_cache, classpath
from infra.local.kafka import (
    JVM_OPTIONS,
    BrokerError,
    KafkaBroker,
    java_environment,
    java_program,
)
from infra.local.ports import free_port

_WITHIN = 120.0


def make_class_cache(path: Path) -> None:
    """Write the cache to ``path``, whole or not at all. Raise ``BrokerError`` when it cannot be
    made.
    """
    with tempfile.TemporaryDirectory(prefix=".classes-", dir=path.parent) as name:
        folder = Path(name)
        recording = folder / "classes.recorded"
        with KafkaBroker(folder / "kafka", free_port(), class_recording=recording) as broker:
            broker.stop(_WITHIN)
        made = folder / path.name
        command = [str(java_program()), *JVM_OPTIONS, "-XX:AOTMode=create",
                   f"-XX:AOTConfiguration={recording}", f"-XX:AOTCache={made}",
                   "-cp", classpath()]  # fmt: skip
        done = subprocess.run(
            command, capture_output=True, text=True, env=java_environment(), timeout=_WITHIN
        )
        if done.returncode != 0 or not made.is_file():
            raise BrokerError(f"Java keeps no classes: {(done.stderr or done.stdout).strip()}")
        made.replace(path)


def main() -> int:
    """Return 0; where the cache cannot be made, after one line on stderr that says why."""
    print("setup: classes of Kafka's broker", flush=True)
    try:
        make_class_cache(class_cache())
    except (BrokerError, JarError, OSError, subprocess.TimeoutExpired) as error:
        print(f"setup: brokers will start slowly: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
