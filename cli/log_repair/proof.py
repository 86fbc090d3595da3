"""Whether log and databases agree: the chains of the record, and every row of a rebuild."""

from __future__ import annotations

from collections.abc import Mapping

from motcua.audit.v1 import audit_pb2 as pb

from cli.log_repair.held import AUDIT, Database
from kernel.kafka.cluster import Cluster
from kernel.rebuild.check import check
from services.audit.record.log_source import log_of
from services.audit.record.verifier import LogVerifier


def differences(databases: Mapping[str, Database], cluster: Cluster, topic: str) -> list[str]:
    """Return what does not agree, one line each."""
    found: list[str] = []
    for service, database in databases.items():
        database.connection.rollback()
        engine = database.connection.engine
        if service == AUDIT:
            result = pb.VerifyResult()
            for answer in LogVerifier(engine, log_of(cluster, topic)).run():
                result = answer.result
            if not result.ok:
                found.append(f"verify finds {len(result.findings)} faults (motcua verify)")
        if not check(database.model, engine, cluster, topic).equal:
            found.append(f"rows of {service} differ (motcua rebuild {service} --check)")
    return found
