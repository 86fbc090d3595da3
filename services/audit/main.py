"""The process of the audit service: `python -m services.audit.main`."""

from __future__ import annotations

from kernel.runtime.runner import run
from services.audit.definition import define
from services.audit.settings import AuditSettings

if __name__ == "__main__":
    run(AuditSettings, define)
