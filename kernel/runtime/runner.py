"""Runs one service: its database, its consumer and relay, its gRPC server, its periodic tasks and
workers.

The main thread runs Faust; everything else has a thread of its own. The order of start and stop
makes sure that nothing is answered before it is durable, and that nothing under way is dropped.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import NoReturn, TypeVar

from kernel.auth.jwks import JwksError
from kernel.auth.permissions import PermissionsError
from kernel.commands.command_bus import Commands, Reads
from kernel.commands.idempotency import forget_old
from kernel.config.environment import load
from kernel.config.master_key import authenticator_of, master_key
from kernel.config.process_tuning import restart_process, tune_garbage_collection
from kernel.config.settings import Settings
from kernel.consumer.consumer import Consumer
from kernel.consumer.reading.faust_adapter import FaustAdapter
from kernel.crypto.keyring import Keyring, WrongMasterKey
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.identities import (
    KEYRING,
    SERVICE,
    OlderKeyring,
    OtherIdentity,
    bind,
    require_keyring,
    require_keys,
)
from kernel.eventsourcing.migrate import SchemaError, migrate
from kernel.kafka.broker_clock import BrokerClock, broker_time
from kernel.kafka.topic_watch import TopicWatch
from kernel.kafka.topics import events_topic
from kernel.ledger.ledger_watch import LedgerWatch
from kernel.messages.catalogue import load_catalogues
from kernel.outbox.relay import Relay
from kernel.rpc.server import RpcServer
from kernel.runtime import operations_service
from kernel.runtime.definition import Runtime, ServiceDefinition
from kernel.runtime.periodic_tasks import PeriodicTask, TaskRunner
from kernel.storage.engines import open_engine
from kernel.telemetry import logs
from kernel.telemetry.logs import fault, get_logger
from kernel.telemetry.setup import start_telemetry

FORGET_REQUESTS = PeriodicTask("requests", 600.0, forget_old)
DRAIN_SECONDS = 5.0
"""Seconds that running calls get to end."""
FAILED = 1
WRONG_SETTINGS = 2
_log = get_logger(__name__)
_Settings = TypeVar("_Settings", bound=Settings)


def refuse(name: str, why: object) -> NoReturn:
    """Print the reason in one line and end the process with the status of wrong settings."""
    print(f"{name}: {why}", file=sys.stderr)
    sys.exit(WRONG_SETTINGS)


def run(kind: type[_Settings], define: Callable[[_Settings], ServiceDefinition]) -> None:
    """Run the service whose settings are of a class, until SIGTERM or SIGINT.

    The process ends with status 2 for wrong settings, and 1 when the service can't start. What it
    writes only its user can read.
    """
    name: str = kind.model_fields["service"].default
    os.umask(0o077)
    try:
        settings = load(kind)
        key = master_key(settings)
        definition = define(settings)
        load_catalogues()
    except ValueError as wrong:
        refuse(name, wrong)
    logs.setup(settings)
    _log.info("service.starting", mode=settings.mode)
    try:
        process = ServiceProcess(settings, definition, key)
        process.start()
    except (JwksError, PermissionsError, WrongMasterKey, SchemaError) as wrong:
        refuse(name, wrong)
    except OtherIdentity as wrong:
        if wrong.name == SERVICE:
            refuse(name, f"DATABASE_URL: {wrong}; put the right one in its place")
        refuse(name, f"KEYRING_DATABASE_URL: {wrong}; its personal data can't be read with that")
    except OlderKeyring as wrong:
        refuse(
            name,
            f"KEYRING_DATABASE_URL: {wrong}; put the latest one in its place, or say by "
            "KEYRING_KEYS_LOST=true that there is none",
        )
    except Exception as error:
        _log.error("service.failed", **fault(error))
        sys.exit(FAILED)
    tune_garbage_collection()
    process.serve()


class ServiceProcess:
    """One running service: ``start`` opens everything, ``serve`` blocks until a signal ends it."""

    def __init__(self, settings: Settings, definition: ServiceDefinition, key: bytes) -> None:
        model = replace(definition.model, authenticator=authenticator_of(settings))
        writable = open_engine(settings.database_url, settings.service)
        if migrate(writable, model):
            writable.dispose()
            restart_process()
        self._telemetry = start_telemetry(settings, own_metrics=definition.metrics)
        engine = open_engine(settings.database_url, settings.service, read_only=True)
        keys = open_engine(settings.keyring_url, "keyring", read_only=True)
        require_keyring(writable, model.tables, keys)  # before anything of a new one is made
        keyring = Keyring(open_engine(settings.keyring_url, "keyring"), key, keys)
        bind(writable, model.tables, SERVICE, model.source)
        bind(writable, model.tables, KEYRING, keyring.keyring_id)
        if not settings.keys_lost:
            require_keys(engine, model.tables, keyring)
        self._writer = Writer(writable, model, keyring)
        clock = settings.make_clock()
        self._broker_clock = BrokerClock(partial(broker_time, settings.cluster))
        self._topic_watch = TopicWatch.of(settings.cluster, events_topic(settings.topic))
        self._ledger = LedgerWatch(definition.ledger, engine, model.tables.leases)
        self._consumer = Consumer(
            self._writer, engine, model, clock, settings.cluster, settings.topic,
            bounds=settings.quarantine_bounds, may_react=self._broker_clock.fits,
            topic_halt=lambda: self._topic_watch.halt, ledger=self._ledger,
        )  # fmt: skip
        self._relay = Relay(
            self._writer,
            engine,
            model,
            settings.cluster,
            settings.topic,
            broker_now=self._broker_clock.now,
            may_publish=self._consumer.readiness.may_publish,
        )
        self._faust = FaustAdapter(
            self._consumer.buffer, settings.cluster, settings.topic, f"motcua-{settings.service}"
        )
        commands = Commands(
            self._writer, clock, model.tables, self._consumer.readiness, self._broker_clock,
            keyring.digest,
        )  # fmt: skip
        self._reads = Reads(engine, readiness=self._consumer.readiness)
        self._operator_reads = Reads(engine, threads=1)  # also while the log is being read
        runtime = Runtime(
            settings, clock, model, self._writer, commands, self._reads, engine, keyring,
            self._caught_up,
        )  # fmt: skip
        parts = definition.build(runtime)
        own = operations_service.service(
            settings.service, commands, self._operator_reads, self._consumer, self._relay
        )
        self._rpc = RpcServer(settings, [*parts.servicers, own], definition.permissions)
        self._task_runner = TaskRunner(
            self._writer, clock, [*parts.periodic_tasks, FORGET_REQUESTS], self._tasks_may_run
        )
        self._workers = parts.workers
        self._stopping = threading.Event()

    def start(self) -> None:
        """Start all threads; raise ``OSError`` naming an address that is taken."""
        self._writer.start()
        self._rpc.start()
        self._broker_clock.start()
        self._topic_watch.start()
        self._ledger.start()
        self._relay.start()
        self._consumer.start()
        self._task_runner.start()
        for worker in self._workers:
            worker.start()
        threading.Thread(target=self._announce_ready, name="ready", daemon=True).start()

    def serve(self) -> None:
        """Run Faust in this thread, which has to be the main one, until SIGTERM or SIGINT; then
        stop all parts in order.
        """
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        self._faust.run()
        self._stop()

    def _caught_up(self) -> bool:
        return self._consumer.status().ready

    def _tasks_may_run(self) -> bool:
        return self._caught_up() and self._broker_clock.fits()

    def _announce_ready(self) -> None:
        ready = False
        while not self._stopping.wait(0.1):
            if self._caught_up() is not ready:
                ready = not ready
                self._rpc.set_ready(ready)
                if ready:
                    _log.info("service.ready")

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping.set()
        self._faust.stop()

    def _stop(self) -> None:
        self._stopping.set()
        _log.info("service.stopping")
        self._rpc.drain(DRAIN_SECONDS)
        for worker in self._workers:
            worker.stop()
        self._task_runner.stop()
        self._consumer.stop()
        self._relay.stop()
        self._broker_clock.stop()
        self._topic_watch.stop()
        self._ledger.stop()
        self._writer.stop()
        self._reads.close()
        self._operator_reads.close()
        self._telemetry.shutdown()
        _log.info("service.stopped")
