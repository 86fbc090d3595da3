"""Whether log and databases agree: the chains of the record, and every row of a rebuild."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from cli.log_repair.held import AUDIT, Database
from kernel.kafka.cluster import Cluster
from kernel.rebuild.check import check


def differences(databases: Mapping[str, Database], cluster: Cluster, topic: str) -> list[str]:
    """Return what does not agree, one line each."""
    found: list[str] = []
    for service, database in databases.items():
        database.connection.rollback()
        engine = database.connection.engine
        if service == AUDIT:
            verify = import_module("services.audit.definition").verify
            result = verify(engine, cluster, topic, database.model.authenticator)
            if not result.ok:
                found.append(f"verify finds {len(result.findings)} faults (motcua verify)")
        if not check(database.model, engine, cluster, topic).equal:
            found.append(f"rows of {service} differ (motcua rebuild {service} --check)")
    return found
