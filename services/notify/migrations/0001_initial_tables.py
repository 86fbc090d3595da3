"""initial tables."""

import sqlalchemy as sa
from alembic import op

from kernel.migrations import kernel_0001
from kernel.storage.kernel_tables import BIG

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    kernel_0001.upgrade()
    op.create_table(
        "deliveries",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("execute_after", BIG, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("under_way", sa.Integer(), nullable=False),
        sa.Column("maybe_sent", sa.Integer(), nullable=False),
        sa.Column("last_code", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index("deliveries_due", ["execute_after"])
    op.create_table(
        "messages",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("correlation_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("replaces", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("queued_at", BIG, nullable=False),
        sa.Column("settled_at", BIG),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("maybe_sent", sa.Integer(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index("messages_dossier", ["dossier_code"])
        batch_op.create_index("messages_newest", ["queued_at", "message_id"])
        batch_op.create_index("messages_state", ["state", "queued_at"])
    op.create_table(
        "recipients",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("procedure_code", sa.String()),
        sa.Column("procedure_name", sa.String()),
        sa.Column("procedure_name_en", sa.String()),
        sa.Column("part_names", sa.Text()),
        sa.Column("unit", sa.String()),
        sa.Column("unit_name", sa.String()),
        sa.Column("unit_name_en", sa.String()),
        sa.Column("language", sa.String()),
        sa.Column("time_zone", sa.String()),
        sa.Column("consent_email", sa.Integer()),
        sa.Column("silent", sa.Integer()),
        sa.Column("applicant", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("dossier_code"),
    )
