"""What is done with every request: security headers, and the limit on one address."""

from __future__ import annotations

from typing import Any, Final

from limits import parse
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kernel.rpc.admission.rates import Rates
from kernel.rpc.peer import FORWARDED, caller_address
from services.web.rendering import render

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing inline, nothing from elsewhere, and no scripts: the pages have none."""
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",  # an address may hold a PIN
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def client_address(request: Request) -> str:
    """Return the address of the citizen, by the rule by which services know a guest."""
    peer = request.client.host if request.client else ""
    return caller_address(peer, ",".join(request.headers.getlist(FORWARDED)))


class SecurityHeaders:
    """Adds the headers to every answer; pages are kept by no cache, files of the design are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the headers to what is answered."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                is_file = scope["path"].startswith("/static/") and message["status"] < 300
                headers["cache-control"] = "public, max-age=86400" if is_file else "no-store"
            await send(message)

        await self._app(scope, receive, with_headers)


class PageRate:
    """Refuses an address that asks for too many pages."""

    def __init__(self, app: ASGIApp, rate: str) -> None:
        self._app = app
        self._rate = parse(rate)
        self._rates = Rates()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer that there were too many."""
        app: Any = self._app
        if scope["type"] == "http" and scope["path"] != "/healthz":
            request = Request(scope)
            if wait := self._rates.hit(self._rate, client_address(request), 1):
                context = {"problem": "too_many", "seconds": wait}
                app = render(request, "problem.html", context, status=429)
                app.headers["retry-after"] = str(wait)
        await app(scope, receive, send)
