"""A PostgreSQL that is reached over TLS: the packaged server has none, so TLS ends before it, at
this machine.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

SSL_REQUEST: Final = 80877103
"""What a client sends that wants TLS (PostgreSQL's protocol, SSLRequest)."""


class _Front:
    def __init__(self, upstream: int, context: ssl.SSLContext) -> None:
        self._upstream = upstream
        self._context = context

    async def serve(
        self, client_reader: asyncio.StreamReader, client_writer: asyncio.StreamWriter
    ) -> None:
        """Answer as a server with TLS does, and pass on what comes."""
        writers = [client_writer]
        with suppress(OSError, EOFError):
            while struct.unpack("!ii", await client_reader.readexactly(8))[1] != SSL_REQUEST:
                client_writer.write(b"N")  # another kind of encryption is not offered
            client_writer.write(b"S")
            await client_writer.start_tls(self._context)
            reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream)
            writers.append(writer)
            await asyncio.gather(_pump(client_reader, writer), _pump(reader, client_writer))
        for each in writers:
            each.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while octets := await reader.read(65536):
            writer.write(octets)
            await writer.drain()
    finally:
        writer.close()


@contextmanager
def tls_in_front(upstream: int, cert: Path, key: Path) -> Iterator[int]:
    """Listen with TLS before a PostgreSQL of this machine; give the port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="tls-postgres")
    thread.start()
    starting = asyncio.start_server(_Front(upstream, context).serve, "127.0.0.1", 0)
    try:
        server = asyncio.run_coroutine_threadsafe(starting, loop).result(10)
        yield server.sockets[0].getsockname()[1]
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)
