"""The process of the routing service: `python -m services.routing.main`."""

from __future__ import annotations

from kernel.runtime.runner import run
from office.ports import PORTS
from services.routing.definition import define

if __name__ == "__main__":
    run("routing", define, PORTS["routing"])
