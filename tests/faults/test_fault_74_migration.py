"""Fault 74: a migration leaves the rows of the past other than a rebuild would.

Every revision after the first says in ``old_rows`` what it does to them: "filled" is compared here,
"rebuild" keeps a service from starting on a database of before.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from cli.stack.plan import SERVICES
from kernel.eventsourcing.migrate import (
    FILLED,
    REBUILD,
    SchemaError,
    alembic_config,
    migrate,
    old_rows,
)
from kernel.eventsourcing.service_model import Model
from kernel.storage.engines import open_engine
from tests.support.migrated_rows import differing_rows
from tests.support.models import MODELS, POSTAL

pytestmark = pytest.mark.faults
ADDED = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
old_rows = "{old_rows}"


def upgrade() -> None:
    with op.batch_alter_table("items") as items:
        items.add_column(sa.Column("partner_id", sa.String()))
    {fill}
"""
FROM_THE_JOB = (
    'op.execute("update items set partner_id = '
    '(select partner_id from jobs where jobs.job_id = items.job_id)")'
)


def with_a_column_added(folder: Path, old_rows: str, fill: str = "") -> Model:
    """Return postal as if one of its columns had come by a second revision."""
    assert POSTAL.migrations is not None
    migrations = folder / "migrations"
    shutil.copytree(POSTAL.migrations, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    first = next(migrations.glob("0001*.py"))
    text, count = re.subn(
        r'("items",.*?)        sa\.Column\("partner_id"[^\n]*\n',
        r"\1", first.read_text("utf-8"), count=1, flags=re.DOTALL,
    )  # fmt: skip
    assert count == 1
    first.write_text(text, "utf-8")
    (migrations / "0002_added.py").write_text(ADDED.format(old_rows=old_rows, fill=fill), "utf-8")
    return replace(POSTAL, migrations=migrations)


@pytest.mark.parametrize("service", SERVICES)
def test_every_revision_after_the_first_says_what_it_does_to_old_rows(
    service: str, tmp_path: Path
) -> None:
    """And where it says that it fills them, they are those of a rebuild."""
    model = MODELS[service]
    engine = open_engine(f"sqlite:///{tmp_path / 'any.sqlite3'}", service)
    with engine.begin() as connection:
        scripts = ScriptDirectory.from_config(alembic_config(model, connection))
        revisions = list(scripts.walk_revisions())
    engine.dispose()
    later = [each for each in revisions if each.down_revision is not None]
    assert [each.revision for each in later if old_rows(each) not in (FILLED, REBUILD)] == []
    newest_rebuild = max((r.revision for r in later if old_rows(r) == REBUILD), default="")
    for revision in later:
        before = str(revision.down_revision)
        if before >= newest_rebuild:  # what needs a rebuild later is not migrated at all
            folder = tmp_path / before
            folder.mkdir()
            assert differing_rows(model, before, folder) == {}


def test_rows_that_a_migration_forgot_are_named(tmp_path: Path) -> None:
    """With their key and the column: NULL here, and in a rebuild what the events say."""
    found = differing_rows(with_a_column_added(tmp_path, FILLED), "0001", tmp_path)
    assert list(found) == ["items"]
    assert all(row.left and row.right and row.key["item_number"] for row in found["items"])
    assert {name for row in found["items"] for name in row.columns} == {"partner_id"}
    assert {values[0] for row in found["items"] for values in row.columns.values() if values} == {
        None
    }


def test_rows_that_a_migration_fills_are_those_of_a_rebuild(tmp_path: Path) -> None:
    """From what the tables hold."""
    model = with_a_column_added(tmp_path, FILLED, FROM_THE_JOB)
    assert differing_rows(model, "0001", tmp_path) == {}


def test_a_database_that_needs_a_rebuild_is_not_migrated(tmp_path: Path) -> None:
    """The service is told the command; a database that is made anew has all revisions at once."""
    model = with_a_column_added(tmp_path, REBUILD)
    with pytest.raises(SchemaError, match=r"0002 fills no old rows.*motcua rebuild postal"):
        differing_rows(model, "0001", tmp_path)
    engine = open_engine(f"sqlite:///{tmp_path / 'fresh.sqlite3'}", "postal")
    assert migrate(engine, model)
    engine.dispose()
