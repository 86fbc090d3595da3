"""The process of the notify service: `python -m services.notify.main`."""

from __future__ import annotations

from kernel.runtime.runner import run
from services.notify.definition import define
from services.notify.settings import NotifySettings

if __name__ == "__main__":
    run(NotifySettings, define)
