"""The first page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from services.web.rendering import render


async def start_page(request: Request) -> Response:
    """Show what can be done here."""
    return render(request, "start.html", {})
