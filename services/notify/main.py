"""The process of the notify service: `python -m services.notify.main`."""

from __future__ import annotations

from kernel.runtime.runner import run
from office.ports import PORTS
from services.notify.definition import define

if __name__ == "__main__":
    run("notify", define, PORTS["notify"])
