"""The process of the web pages: `python -m services.web.main`."""

from __future__ import annotations

import os
import sys

import uvicorn

from kernel.config.environment import load
from kernel.messages.catalogue import load_catalogues
from kernel.telemetry import logs
from services.web.application import make_application
from services.web.settings import WebSettings

MOST_CONNECTIONS = 1_000
KEEP_ALIVE_SECONDS = 5
DRAIN_SECONDS = 5
WRONG_SETTINGS = 2


def main() -> None:
    """Serve the pages until SIGTERM or SIGINT; end with status 2 for wrong settings."""
    os.umask(0o077)
    try:
        settings = load(WebSettings)
        application = make_application(settings)
        load_catalogues()
    except ValueError as wrong:
        print(f"web: {wrong}", file=sys.stderr)
        sys.exit(WRONG_SETTINGS)
    logs.setup(settings)
    log = logs.get_logger(__name__)
    log.info("service.starting", mode=settings.mode)
    uvicorn.run(
        application,
        host=settings.listen,
        port=settings.port,
        log_config=None,
        access_log=False,  # an address may hold a PIN
        proxy_headers=False,  # services/web/security.py reads them by the rule of the services
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    log.info("service.stopped")


if __name__ == "__main__":
    main()
