"""The process of the routing service: `python -m services.routing.main`."""

from __future__ import annotations

from kernel.runtime.runner import run
from services.routing.definition import define
from services.routing.settings import RoutingSettings

if __name__ == "__main__":
    run(RoutingSettings, define)
