"""The process of the intake service: `python -m services.intake.main`."""

from __future__ import annotations

from kernel.runtime.runner import run
from services.intake.definition import define

if __name__ == "__main__":
    run("intake", define)
