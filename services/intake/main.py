"""The process of the intake service: `python -m services.intake.main`."""

from __future__ import annotations

from kernel.runtime.runner import run
from services.intake.definition import define
from services.intake.settings import IntakeSettings

if __name__ == "__main__":
    run(IntakeSettings, define)
