"""Runs Faust, which notifies at once of new records. Nothing that it does or fails to do loses one.

The only module that imports Faust. Offsets are not committed, the leader topic is off (it costs two
thirds of the speed), nothing listens on a port. When a record stands far behind the end of its
partition, that partition is paused, read in bulk by the consumer's thread, and Faust is moved
forward.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Coroutine
from types import ModuleType
from typing import Any

from kernel.consumer.reading.buffer import Buffer
from kernel.eventsourcing.record import Record
from kernel.kafka.aio_clients import FileTokens, never_create_topics
from kernel.kafka.cluster import Bootstrap, Cluster, cluster_of
from kernel.telemetry.logs import RateLimit, fault, get_logger

# Faust imports aiohttp's client for the name of a type, and nothing here speaks HTTP: 7 MB for
# nothing. Whoever imports aiohttp later gets the real one.
_http = ModuleType("aiohttp.client")
_http.ClientSession = object  # type: ignore[attr-defined]
_instead = {"aiohttp": ModuleType("aiohttp"), "aiohttp.client": _http}
if "aiohttp" not in sys.modules:
    sys.modules |= _instead
from faust import App  # noqa: E402
from faust.auth import (  # noqa: E402
    Credentials,
    OAuthCredentials,
    SASLCredentials,
    SSLCredentials,
)
from faust.types import TP  # noqa: E402
from faust.types.settings import Settings  # noqa: E402
from mode.threads import ServiceThread, WorkerThread  # noqa: E402

for _name, _module in _instead.items():
    if sys.modules.get(_name) is _module:
        del sys.modules[_name]

BULK_LAG = 500
"""Records behind the end from which a bulk read is faster."""
STOP_SECONDS = 3.0
"""Seconds that Faust gets to stop. When the broker died just before, its own thread fails on a
cancelled fetch, and Faust would wait for that thread for ever. There is nothing to lose.
"""
_log = get_logger(__name__)


class _DaemonThread(WorkerThread):
    """Faust's own thread, as one that does not keep the process from ending."""

    def __init__(self, service: Any, **kwargs: Any) -> None:
        super().__init__(service, **kwargs)
        self.daemon = True

    def run(self) -> None:
        """Serve until Faust ends, and then notify the session, unless that has ended already.

        A thread that is stopping and hangs in a call to the broker is cancelled: that is no fault.
        """
        try:
            super().run()
        except asyncio.CancelledError:
            if not self.service._stopped.is_set():
                raise
        except RuntimeError:
            if not self.service.parent_loop.is_closed():
                raise


ServiceThread.Worker = _DaemonThread


class _Settings(Settings):
    """Faust's settings as they are given: its own would let the environment decide, by names that
    other programs use too, such as WEB_PORT and TIMEZONE.
    """

    def getenv(self, env_name: str) -> Any:
        """Return nothing."""
        return None


class _App(App):
    """Faust without its folders for tables, which it would make in the working directory."""

    Settings = _Settings

    def _create_directories(self) -> None:
        pass


class FaustAdapter:
    """Runs Faust in the thread that calls ``run``, which has to be the main one."""

    def __init__(self, buffer: Buffer, bootstrap: Bootstrap, topic: str, group: str) -> None:
        """``group`` is shared by all processes of one service: each partition is assigned to one of
        them.
        """
        self._buffer = buffer
        self._bootstrap = bootstrap
        self._topic = topic
        self._group = group
        self._stopping = threading.Event()
        self._stop_signal: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._seeks: dict[int, asyncio.Task[None]] = {}
        self._log_limit = RateLimit()

    def run(self) -> None:
        """Block until ``stop``; start Faust again whenever it can't start or has crashed."""
        while not self._stopping.is_set():
            try:
                asyncio.run(self._session())
            except Exception as error:
                if self._log_limit.allow("failed"):
                    _log.warning("faust.failed", **fault(error))
            self._buffer.assigned = set()
            gc.collect()  # a session that could not start leaves sockets in cycles
            self._stopping.wait(2.0)

    def stop(self) -> None:
        """Make ``run`` return soon. Thread-safe, also from a signal handler."""
        self._stopping.set()
        if self._stop_signal is not None:
            loop, event = self._stop_signal
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # the loop has ended meanwhile
                pass

    async def _session(self) -> None:
        event = asyncio.Event()
        self._stop_signal = (asyncio.get_running_loop(), event)
        app = self._make_app()
        try:
            await self._start_or_stop(event, app.start())
            while not (event.is_set() or self._stopping.is_set()):
                if app.crashed or app.should_stop:
                    raise RuntimeError("Faust has stopped") from app.crash_reason
                try:
                    await asyncio.wait_for(event.wait(), 1.0)
                except TimeoutError:
                    pass
        finally:
            for task in self._seeks.values():
                task.cancel()
            self._seeks.clear()
            await asyncio.wait({asyncio.ensure_future(app.stop())}, timeout=STOP_SECONDS)
            await _end_fetcher(app)
            self._stop_signal = None

    @staticmethod
    async def _start_or_stop(event: asyncio.Event, starting: Coroutine[Any, Any, None]) -> None:
        """Wait for Faust's start, or for ``stop``: without a broker the start takes long."""
        start = asyncio.ensure_future(starting)
        stopped = asyncio.ensure_future(event.wait())
        await asyncio.wait({start, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if start.done():
            await start
        else:
            start.cancel()

    def _make_app(self) -> Any:
        app = bare_app(self._group, self._bootstrap, offset_reset="latest")
        channel = app.topic(self._topic, key_serializer="raw", value_serializer="raw", acks=False)

        async def receive(stream: Any) -> None:
            async for event in stream.events():
                await self._received(app, event.message)

        app.agent(channel, name="receive", concurrency=1)(receive)
        app.on_partitions_assigned.connect(self._on_assigned, weak=False)
        app.on_partitions_revoked.connect(self._on_revoked, weak=False)
        app.finalize()
        return app

    async def _received(self, app: Any, message: Any) -> None:
        partition, offset = message.partition, message.offset
        self._buffer.offer(
            Record(partition, offset, message.key, message.value, list(message.headers or ()))
        )
        if offset % 64 == 0 and partition not in self._seeks:
            # Faust's own TP: aiokafka's, which looks the same, breaks its fetcher for good.
            tp = TP(self._topic, partition)
            if (app.consumer.highwater(tp) or 0) - offset > BULK_LAG:
                self._seeks[partition] = asyncio.create_task(self._bulk_read(app, tp))

    async def _bulk_read(self, app: Any, tp: TP) -> None:
        """Pause a partition, have it read in bulk, and move Faust to the end of that.

        When the seek fails, Faust goes on where it was: its records are then repeats.
        """
        try:
            app.consumer.pause_partitions({tp})
            self._buffer.request_bulk_read({tp.partition})
            while (position := self._buffer.next_offset(tp.partition)) is None:
                await asyncio.sleep(0.02)
            await app.consumer.seek_wait({tp: position})
        except Exception as error:
            if self._log_limit.allow("seek"):
                _log.warning("faust.failed", **fault(error))
        finally:
            self._seeks.pop(tp.partition, None)
            app.consumer.resume_partitions({tp})

    async def _on_assigned(self, _app: Any, assigned: Any = (), **_: Any) -> None:
        partitions = {tp.partition for tp in assigned if tp.topic == self._topic}
        self._buffer.assigned = set(partitions)
        self._buffer.request_bulk_read(partitions)

    async def _on_revoked(self, _app: Any, revoked: Any = (), **_: Any) -> None:
        self._buffer.assigned = self._buffer.assigned - {tp.partition for tp in revoked}


async def _end_fetcher(app: Any) -> None:
    """End Faust's own thread, which needs this loop until then.

    An app that is stopped while it starts leaves it running, as a member of the group that receives
    records and drops them.
    """
    service = getattr(app.consumer, "_thread", None)
    if service is None:
        return
    loop, thread = service.thread_loop, service._thread
    if thread is None:
        loop.close()
        return
    for end in (service._stopped.set, lambda: [t.cancel() for t in asyncio.all_tasks(loop)]):
        if thread.is_alive() and not loop.is_closed():
            loop.call_soon_threadsafe(end)
            await asyncio.to_thread(thread.join, 2.0)


def _credentials(cluster: Cluster) -> Credentials | None:
    context = cluster.tls_context()
    if not cluster.sasl:
        return None if context is None else SSLCredentials(context)
    if cluster.by_token:
        return OAuthCredentials(oauth_cb=FileTokens(cluster), ssl_context=context)
    return SASLCredentials(
        username=cluster.username,
        password=cluster.password,
        mechanism=cluster.mechanism,
        ssl_context=context,
    )


def bare_app(group: str, bootstrap: Bootstrap, *, offset_reset: str) -> Any:
    """Return a Faust app for the running event loop: no leader topic, no table, no web server."""
    never_create_topics()
    cluster = cluster_of(bootstrap)
    return _App(
        group,
        broker=[f"kafka://{server}" for server in cluster.servers.split(",")],
        broker_credentials=_credentials(cluster),
        store="memory://",
        web_enabled=False,
        HttpClient=object,  # its default is aiohttp's, which would be loaded
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=False,
        stream_buffer_maxsize=4096,
        consumer_auto_offset_reset=offset_reset,
        broker_session_timeout=10,
        broker_heartbeat_interval=3,
        loop=asyncio.get_running_loop(),
    )
