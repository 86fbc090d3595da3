"""The process of the postal service: `python -m services.postal.main`."""

from __future__ import annotations

from kernel.runtime.runner import run
from services.postal.definition import define
from services.postal.settings import PostalSettings

if __name__ == "__main__":
    run(PostalSettings, define)
