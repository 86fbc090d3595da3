"""A receiver of webhooks on this machine that answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass(frozen=True)
class Received:
    """A request that came."""

    headers: dict[str, str]
    body: bytes


class WebhookReceiver:
    """Keeps all that comes; a context manager.

    ``answer`` gives the status for each request, and the headers that go with it.
    """

    def __init__(self, answer: Callable[[Received], tuple[int, dict[str, str]]] | None = None):
        self.received: list[Received] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                size = int(self.headers["content-length"])
                names = {name.lower(): value for name, value in self.headers.items()}
                found = Received(names, self.rfile.read(size))
                receiver.received.append(found)
                status, headers = answer(found) if answer else (204, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Write no log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/events"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
