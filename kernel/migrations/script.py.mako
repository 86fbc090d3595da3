"""${message}."""

import sqlalchemy as sa
from alembic import op
${"\n" + imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = None
# A rebuild fills the rows of the past. "filled" where this revision leaves them as a rebuild would,
# which tests/faults/test_fault_74_migration.py compares.
old_rows = "rebuild"


def upgrade() -> None:
    """Bring the schema to this revision."""
    ${upgrades if upgrades else "pass"}
