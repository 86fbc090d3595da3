"""A scanner that speaks clamd's protocol over TCP or a socket in the file system, as clamd does."""

from __future__ import annotations

import socketserver
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

EICAR: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The text that each scanner finds, to try whether it works."""


class FakeClamd:
    """Scans until it is stopped; a context manager."""

    def __init__(self, path: Path | None = None, port: int = 0) -> None:
        """Listen at a path, or at a port of this machine."""
        clamd = self
        self.most = 100 * 1024 * 1024
        self.says = ""
        """What it says of every content, in place of the truth."""
        self.scanned: list[int] = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                if self._until_zero() == b"zINSTREAM":
                    self.wfile.write(clamd._scan(self.rfile) + b"\0")

            def _until_zero(self) -> bytes:
                command = b""
                while not command.endswith(b"\0"):
                    piece = self.rfile.read(1)
                    if not piece:
                        return b""
                    command += piece
                return command[:-1]

        self._server: Any
        if path is not None:
            self._server = socketserver.ThreadingUnixStreamServer(str(path), Handler)
            self.address = f"unix://{path}"
        else:
            socketserver.ThreadingTCPServer.allow_reuse_address = True
            self._server = socketserver.ThreadingTCPServer(("127.0.0.1", port), Handler)
            self.address = f"tcp://127.0.0.1:{self._server.server_address[1]}"
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _scan(self, stream: Any) -> bytes:
        content = b""
        while length := int.from_bytes(stream.read(4), "big"):
            if len(content) + length > self.most:
                return b"INSTREAM size limit exceeded. ERROR"
            content += stream.read(length)
        self.scanned.append(len(content))
        if self.says:
            return self.says.encode()
        return b"stream: Eicar-Signature FOUND" if EICAR in content else b"stream: OK"
