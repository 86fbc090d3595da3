"""The process of the postal service: `python -m services.postal.main`."""

from __future__ import annotations

from kernel.runtime.runner import run
from office.ports import PORTS
from services.postal.definition import define

if __name__ == "__main__":
    run("postal", define, PORTS["postal"])
