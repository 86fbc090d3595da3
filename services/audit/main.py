"""The process of the audit service: `python -m services.audit.main`."""

from __future__ import annotations

from kernel.runtime.runner import run
from office.ports import PORTS
from services.audit.definition import define

if __name__ == "__main__":
    run("audit", define, PORTS["audit"])
