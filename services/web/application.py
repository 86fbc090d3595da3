"""Puts the web pages together: routes, clients, what is done with every request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from kernel.telemetry.logs import fault, get_logger
from services.web.intake_client import IntakeClient, ServiceAway
from services.web.office_names import OfficeNames
from services.web.pages.procedures import ProcedurePages
from services.web.pages.start import start_page
from services.web.pages.tracking import TrackingPages
from services.web.rendering import render
from services.web.security import PageRate, SecurityHeaders
from services.web.settings import WebSettings

STATIC: Final = Path(__file__).parent / "static"
_log = get_logger(__name__)


def make_application(settings: WebSettings) -> Starlette:
    """Return the web application; raise ``ValueError`` for settings that can't be used."""
    intake = IntakeClient(settings)
    names = OfficeNames(settings.people_directory)
    procedures = ProcedurePages(intake, names)
    tracking = TrackingPages(intake, names)

    @asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        await intake.open()
        yield
        await intake.close()

    application = Starlette(
        routes=[
            Route("/", start_page),
            Route("/thu-tuc", procedures.find),
            Route("/thu-tuc/{code}", procedures.show),
            Route("/tra-cuu", tracking.track, methods=["GET", "POST"]),
            Route("/healthz", _healthy),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(GZipMiddleware, minimum_size=500),
            Middleware(PageRate, rate=settings.page_rate),
        ],
        exception_handlers={
            HTTPException: _no_page,
            ServiceAway: _service_away,
            Exception: _failed,
        },
        lifespan=lifespan,
    )
    # A redirect to the address without a slash would be built from what the client names as host.
    application.router.redirect_slashes = False
    return application


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _no_page(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    name = "not_found" if status == 404 else "not_possible"
    return render(request, "problem.html", {"problem": name}, status=status)


async def _service_away(request: Request, _error: Exception) -> Response:
    return render(request, "problem.html", {"problem": "away"}, status=503)


async def _failed(request: Request, error: Exception) -> Response:
    _log.error("web.page_failed", **fault(error))
    return render(request, "problem.html", {"problem": "failed"}, status=500)
