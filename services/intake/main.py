"""The process of the intake service: `python -m services.intake.main`."""

from __future__ import annotations

from kernel.runtime.runner import run
from office.ports import PORTS
from services.intake.definition import define

if __name__ == "__main__":
    run("intake", define, PORTS["intake"])
