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
        "acknowledgements",
        sa.Column("finding_id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("person_kind", sa.Integer(), nullable=False),
        sa.Column("person_unit", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("acknowledged_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("finding_id", "person"),
    )
    op.create_table(
        "chains",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offset", BIG, nullable=False),
        sa.Column("events", BIG, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("partition"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", BIG, autoincrement=False, nullable=False),
        sa.Column("signed_at", BIG, nullable=False),
        sa.Column("cosigned", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "size"),
    )
    op.create_table(
        "contradictions",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code"),
    )
    op.create_table(
        "dossiers",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("procedure", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("imported", sa.Integer(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("submitted_at", BIG),
        sa.Column("accepted_at", BIG),
        sa.Column("refused_at", BIG),
        sa.Column("opened_at", BIG),
        sa.Column("due_at", BIG),
        sa.Column("first_due_at", BIG),
        sa.Column("suspended_at", BIG),
        sa.Column("suspended_for", sa.Integer(), nullable=False),
        sa.Column("extended_at", BIG),
        sa.Column("missed_at", BIG),
        sa.Column("check_due_at", BIG),
        sa.Column("check_missed_at", BIG),
        sa.Column("resolved_at", BIG),
        sa.Column("withdrawn_at", BIG),
        sa.Column("closed_at", BIG),
        sa.Column("returned_at", BIG),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("step_unit", sa.String(), nullable=False),
        sa.Column("step_officer", sa.String(), nullable=False),
        sa.Column("step_state", sa.Integer(), nullable=False),
        sa.Column("late_unit", sa.String(), nullable=False),
        sa.Column("late_officer", sa.String(), nullable=False),
        sa.Column("received_day", sa.Integer()),
        sa.Column("due_day", sa.Integer()),
        sa.Column("suspended_day", sa.Integer()),
        sa.Column("finished_day", sa.Integer()),
        sa.Column("pending_due_at", BIG),
        sa.Column("changed_at", BIG, nullable=False),
        sa.Column("recorded_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("dossier_code"),
    )
    with op.batch_alter_table("dossiers", schema=None) as batch_op:
        batch_op.create_index("dossiers_pending_due", ["pending_due_at", "dossier_code"])
    op.create_table(
        "ledger_keys",
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("first_used_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("public"),
    )
    op.create_table(
        "log",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offset", BIG, autoincrement=False, nullable=False),
        sa.Column("stream_id", sa.String(), nullable=False),
        sa.Column("stream_kind", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("sequence", BIG, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("occurred_at", BIG, nullable=False),
        sa.Column("recorded_at", BIG, nullable=False),
        sa.Column("trace", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "offset"),
    )
    with op.batch_alter_table("log", schema=None) as batch_op:
        batch_op.create_index("log_stream", ["stream_id", "partition", "offset"])
    op.create_table(
        "tiles",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("index", BIG, autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "level", "index"),
    )
    op.create_table(
        "trees",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.PrimaryKeyConstraint("partition"),
    )
