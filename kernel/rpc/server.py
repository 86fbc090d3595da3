"""The gRPC server of a process: its own thread, its own event loop, one or two listeners.

Beside Faust in one loop a call would wait behind every batch of records; in a thread of its own it
does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from kernel.auth.permissions import Permissions
from kernel.auth.tokens import verifier_of
from kernel.config.settings import Settings
from kernel.rpc.admission.admission import Admission
from kernel.rpc.interceptor import Interceptor
from kernel.rpc.registration import Service
from kernel.rpc.tls import TlsFiles
from kernel.rpc.validation.sizes import largest
from kernel.telemetry import metrics
from kernel.telemetry.logs import get_logger
from kernel.telemetry.vital_threads import vital_thread

log = get_logger(__name__)

ANSWER_BYTES: Final = 4 * 1024 * 1024
CALLS: Final = 1000
"""Calls at a time, streams included; more get RESOURCE_EXHAUSTED."""
OPTIONS: Final[tuple[tuple[str, Any], ...]] = (
    ("grpc.max_send_message_length", ANSWER_BYTES),
    ("grpc.so_reuseport", 0),  # a port that is taken is an error, not a second server
    ("grpc.max_concurrent_streams", 1000),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.max_ping_strikes", 2),
    ("grpc.max_connection_age_ms", 30 * 60_000),
    ("grpc.max_connection_age_grace_ms", 60_000),
)
FLUSH_SECONDS: Final = 0.2
"""Seconds for answers under way to be sent when no call of a service runs any more."""
_Status = health_pb2.HealthCheckResponse


class RpcServer:
    """Serves a process's services in the clear on loopback (or MOTCUA_HOST), and the same ones over
    TLS on the TLS port.
    """

    def __init__(
        self,
        settings: Settings,
        services: Sequence[Service],
        permissions: Permissions,
        *,
        calls: int = CALLS,
        streams: int = 512,
    ) -> None:
        """Raise ``ValueError`` when a method has no rule in ``permissions``, or the issuer's keys
        can't be used.
        """
        self._permissions = permissions
        for service in services:
            service.check()
            self._permissions.check(service.name, service.descriptor().methods_by_name)
        self.port = 0
        self.tls_port = 0
        self._settings = settings
        self._services = list(services)
        self._calls = calls
        self._streams = streams
        self._verifier = verifier_of(settings, self._permissions)
        self._admission = Admission(settings.call_limits, permissions.model.program_kinds)
        self._interceptors = [self._interceptor(services, streams=streams)]
        self._servers: list[grpc.aio.Server] = []
        self._health: Any = None
        self._loop = asyncio.new_event_loop()
        self._bound: Future[None] = Future()
        self._ending: asyncio.Event | None = None
        self._thread = vital_thread(self._run, "rpc")

    def start(self) -> int:
        """Start the server's thread and return the port once it listens; raise ``OSError`` naming
        an address that is taken.

        Health answers NOT_SERVING until ``set_ready``.
        """
        self._thread.start()
        self._bound.result()
        metrics.RPC_ACTIVE_STREAMS.observe(lambda: sum(i.streams() for i in self._interceptors))
        metrics.RPC_WINDOWS.observe(self._admission.windows)
        log.info("rpc.started", host=self._settings.host, port=self.port, tls_port=self.tls_port)
        return self.port

    def set_ready(self, ready: bool) -> None:
        """Set the health of the process and of every service to SERVING or NOT_SERVING."""
        self._submit(self._set_health(ready)).result(timeout=10)

    def drain(self, grace: float) -> None:
        """Stop: health answers NOT_SERVING, streams end, no call is taken, running ones get
        ``grace`` seconds.

        Blocks until the server's thread has ended. Does nothing a second time, or before ``start``.
        """
        if not self._thread.is_alive():
            return
        log.info("rpc.draining", grace=grace)
        self._submit(self._stop(grace))
        self._thread.join(grace + 10)
        log.info("rpc.stopped")

    # -- in the server's own thread ---------------------------------------------------------------

    def _submit(self, work: Coroutine[Any, Any, None]) -> Future[None]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._ending = asyncio.Event()
        try:
            await self._open()
        except BaseException as error:
            self._bound.set_exception(error)
            return
        self._bound.set_result(None)
        await self._ending.wait()

    async def _open(self) -> None:
        self._health = health.aio.HealthServicer()
        await self._set_health(False)
        server = self._server(self._services, self._interceptors[0])
        self.port = _bind(server, f"{self._settings.clear_host}:{self._settings.port}", None)
        if self._settings.mode == "development":
            self._reflect(server)
        given = self._settings
        if given.tls_port and given.tls_cert and given.tls_key:
            self._open_tls(TlsFiles(given.tls_cert, given.tls_key, given.tls_client_ca))
        for each in self._servers:
            await each.start()

    def _open_tls(self, files: TlsFiles) -> None:
        interceptor = self._interceptor(self._services, tls=True, streams=self._streams)
        self._interceptors.append(interceptor)
        server = self._server(self._services, interceptor)
        address = f"{self._settings.host}:{self._settings.tls_port}"
        self.tls_port = _bind(server, address, files.credentials())

    def _interceptor(self, services: Sequence[Service], **options: Any) -> Interceptor:
        return Interceptor(services, self._verifier, self._permissions, self._admission, **options)

    def _server(self, services: Sequence[Service], interceptor: Interceptor) -> grpc.aio.Server:
        received = ("grpc.max_receive_message_length", _largest_request(services))
        server = grpc.aio.server(
            interceptors=[interceptor],
            options=(*OPTIONS, received),
            maximum_concurrent_rpcs=self._calls,
        )
        for service in services:
            service.add(service.servicer, server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        self._servers.append(server)
        return server

    def _reflect(self, server: grpc.aio.Server) -> None:
        from grpc_reflection.v1alpha import reflection

        names = [service.name for service in self._services]
        names += [
            health_pb2.DESCRIPTOR.services_by_name["Health"].full_name,
            reflection.SERVICE_NAME,
        ]
        reflection.enable_server_reflection(names, server)

    async def _set_health(self, serving: bool) -> None:
        if self._health is None:
            return
        status = _Status.SERVING if serving else _Status.NOT_SERVING
        for name in ("", *(service.name for service in self._services)):
            await self._health.set(name, status)

    async def _stop(self, grace: float) -> None:
        if self._health is not None:
            await self._health.enter_graceful_shutdown()
        busy = await asyncio.gather(*(interceptor.close() for interceptor in self._interceptors))
        if not any(busy):
            # A client may follow the health for as long as the server lives.
            grace = min(grace, FLUSH_SECONDS)
        await asyncio.gather(*(server.stop(grace) for server in self._servers))
        if self._ending is not None:
            self._ending.set()


def _largest_request(services: Sequence[Service]) -> int:
    """Return the bytes above which no request is even received."""
    methods = (m for service in services for m in service.descriptor().methods)
    return max((largest(method.input_type) for method in methods), default=ANSWER_BYTES)


def _bind(server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials | None) -> int:
    try:
        if credentials is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, credentials)
    except RuntimeError:
        raise OSError(f"can't listen on {address}: is it taken?") from None
