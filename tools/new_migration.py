"""Write the next revision of a service's schema.

    python -m tools.new_migration SERVICE "what changes"

It is made from the difference between the tables in the code and the revisions that there are.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile
from typing import Any

from alembic import command

from cli.stack.service_settings import SETTINGS_OF
from kernel.config.environment import load
from kernel.eventsourcing.migrate import alembic_config
from kernel.runtime.definition import ServiceDefinition
from kernel.storage.engines import open_engine


def write_revision(service: str, message: str) -> None:
    """Write the next revision of a service into its folder ``migrations``."""
    define = importlib.import_module(f"services.{service}.definition").define
    definition: ServiceDefinition = define(load(SETTINGS_OF[service]))
    folder = definition.model.migrations
    assert folder is not None
    number = len(list(folder.glob("[0-9]*.py"))) + 1
    with tempfile.TemporaryDirectory() as scratch:
        engine = open_engine(f"sqlite:///{scratch}/scratch.sqlite3", service)
        with engine.begin() as connection:
            config = alembic_config(definition.model, connection)
            command.upgrade(config, "head")
            made: Any = command.revision(config, message, autogenerate=True, rev_id=f"{number:04d}")
    for check in (("check", "--fix-only", "--quiet"), ("format", "--quiet")):
        subprocess.run([sys.executable, "-m", "ruff", *check, made.path], check=True)


if __name__ == "__main__":
    write_revision(sys.argv[1], sys.argv[2])
