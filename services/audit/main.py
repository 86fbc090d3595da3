"""The audit service: the record of everything, its proof, its time travel and its reports."""

from __future__ import annotations

from typing import Final

from services.audit import rpc, views
from services.audit.rpc import AuditServicer
from services.audit.source import log_of
from services.audit.tables import DOSSIERS, KERNEL
from services.audit.verify import Verifier
from services.kernel.model import Model
from services.kernel.service import Parts, Runtime, run

MODEL: Final = Model(source="audit", tables=KERNEL, every=views.keep, by_dossier=[DOSSIERS])


def build(runtime: Runtime) -> Parts:
    """Compose the service."""
    verifier = Verifier(runtime.engine, log_of(runtime.settings.kafka, runtime.settings.topic))
    return Parts(servicers=[rpc.service(AuditServicer(runtime.reads, runtime.clock, verifier))])


if __name__ == "__main__":
    run("audit", MODEL, build)
