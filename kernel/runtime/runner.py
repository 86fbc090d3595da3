"""Runs one service: its store, its ears and mouth on the log, its gRPC server, its watches and
workers.

The main thread runs Faust; everything else has a thread of its own. The order of the start and of
the end is what keeps the promises: nothing is answered before it can be kept, and nothing that was
begun is dropped.
"""

from __future__ import annotations

import signal
import sys
import threading
from functools import partial
from types import FrameType
from typing import NoReturn

from pydantic import ValidationError

from kernel.auth.jwks import JwksError
from kernel.auth.permissions import PermissionsError
from kernel.commands.command_bus import Commands, Reads
from kernel.config import settings
from kernel.config.master_key import master_key
from kernel.config.process_tuning import begin_again, tune
from kernel.config.settings import Settings
from kernel.consumer.consumer import Consumer
from kernel.consumer.reading.faust_adapter import FaustAdapter
from kernel.crypto.keyring import Keyring, WrongMasterKey
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.migrate import migrate
from kernel.kafka.broker_clock import BrokerClock, ask_log
from kernel.outbox.relay import Relay
from kernel.rpc.server import RpcServer
from kernel.runtime import operations_service
from kernel.runtime.definition import Define, Runtime, ServiceDefinition
from kernel.runtime.periodic_tasks import TaskRunner
from kernel.storage.engines import open_engine
from kernel.telemetry import logs
from kernel.telemetry import setup as telemetry
from kernel.telemetry.logs import fault, get_logger

GRACE = 5.0
"""Seconds that running calls get to end."""
FAILED = 1
WRONG_SETTINGS = 2
_log = get_logger(__name__)


def refuse(name: str, why: object) -> NoReturn:
    """End a service whose settings are wrong: one line that says why, and exit status 2."""
    print(f"{name}: {why}", file=sys.stderr)
    sys.exit(WRONG_SETTINGS)


def run(name: str, define: Define) -> None:
    """Run a service until SIGTERM or SIGINT. Exit status 2 for wrong settings, 1 when it can't
    start.
    """
    try:
        given = settings.load(name)
        key = master_key(given)
        definition = define(given)
    except ValueError as wrong:
        refuse(name, settings.reasons(wrong))
    logs.setup(given)
    _log.info("service.starting", mode=given.mode)
    try:
        process = ServiceProcess(given, definition, key)
        process.start()
    except ValidationError as wrong:  # of settings that only one part reads
        refuse(name, settings.reasons(wrong))
    except (JwksError, PermissionsError, WrongMasterKey) as wrong:
        refuse(name, wrong)
    except Exception as error:
        _log.error("service.failed", **fault(error))
        sys.exit(FAILED)
    tune()
    process.serve()


class ServiceProcess:
    """One running service. ``start`` opens everything, ``serve`` blocks until it is told to end."""

    def __init__(self, given: Settings, definition: ServiceDefinition, key: bytes) -> None:
        model = definition.model
        writable = open_engine(given.database_url, given.service)
        if migrate(writable, model):
            writable.dispose()
            begin_again()
        self._telemetry = telemetry.setup(given)
        engine = open_engine(given.database_url, given.service, read_only=True)
        keys = given.keyring_url or settings.sqlite_url(given.data_dir, "keyring")
        keyring = Keyring(
            open_engine(keys, "keyring"), key, open_engine(keys, "keyring", read_only=True)
        )
        self._writer = Writer(writable, model, keyring)
        clock = given.make_clock()
        self._log_clock = BrokerClock(partial(ask_log, given.kafka))
        self._relay = Relay(
            self._writer, engine, model, given.kafka, given.topic, log_now=self._log_clock.now
        )
        self._consumer = Consumer(
            self._writer, engine, model, clock, given.kafka, given.topic,
            may_react=self._log_clock.fits,
        )  # fmt: skip
        self._faust = FaustAdapter(
            self._consumer.inbox, given.kafka, given.topic, f"motcua-{given.service}"
        )
        commands = Commands(
            self._writer, clock, model.tables, self._consumer.history, self._log_clock
        )
        self._reads = Reads(engine, history=self._consumer.history)
        self._looks = Reads(engine, threads=1)  # for operators, who ask while the log is being read
        runtime = Runtime(
            given, clock, model, self._writer, commands, self._reads, engine, keyring,
            self._caught_up,
        )  # fmt: skip
        parts = definition.build(runtime)
        own = operations_service.service(
            given.service, commands, self._looks, self._consumer, self._relay
        )
        self._rpc = RpcServer(given, [*parts.servicers, own], definition.permissions)
        self._watcher = TaskRunner(self._writer, clock, parts.watches, self._may_watch)
        self._workers = parts.workers
        self._ending = threading.Event()

    def start(self) -> None:
        """Take calls, read the log, publish; raise ``OSError`` naming a taken address."""
        self._writer.start()
        self._rpc.start()
        self._log_clock.start()
        self._relay.start()
        self._consumer.start()
        self._watcher.start()
        for worker in self._workers:
            worker.start()
        threading.Thread(target=self._say_ready, name="ready", daemon=True).start()

    def serve(self) -> None:
        """Listen to Faust in this thread, the main one, until SIGTERM or SIGINT; then end in
        order.
        """
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        self._faust.run()
        self._stop()

    def _caught_up(self) -> bool:
        return self._consumer.status().ready

    def _may_watch(self) -> bool:
        return self._caught_up() and self._log_clock.fits()

    def _say_ready(self) -> None:
        while not self._caught_up():
            if self._ending.wait(0.1):
                return
        self._rpc.set_ready(True)
        _log.info("service.ready")

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self._ending.set()
        self._faust.stop()

    def _stop(self) -> None:
        self._ending.set()
        _log.info("service.stopping")
        self._rpc.drain(GRACE)
        for worker in self._workers:
            worker.stop()
        self._watcher.stop()
        self._consumer.stop()
        self._relay.stop()
        self._log_clock.stop()
        self._writer.stop()
        self._reads.close()
        self._looks.close()
        self._telemetry.shutdown()
        _log.info("service.stopped")
