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
        "code_counters",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.PrimaryKeyConstraint("agency", "day"),
    )
    op.create_table(
        "dossiers",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("procedure_code", sa.String()),
        sa.Column("procedure_version", sa.Integer()),
        sa.Column("field", sa.String()),
        sa.Column("unit", sa.String()),
        sa.Column("channel", sa.Integer()),
        sa.Column("result_channel", sa.Integer()),
        sa.Column("time_zone", sa.String()),
        sa.Column("imported_from", sa.String()),
        sa.Column("submitted_at", BIG),
        sa.Column("answer_due_at", BIG),
        sa.Column("check_alarm_at", BIG),
        sa.Column("applicant", sa.LargeBinary()),
        sa.Column("parts", sa.Text()),
        sa.Column("phase", sa.String()),
        sa.Column("accepted_at", BIG),
        sa.Column("promised_at", BIG),
        sa.Column("answered_round", sa.Integer()),
        sa.Column("withdrawals", sa.Integer()),
        sa.Column("closed_at", BIG),
        sa.Column("fees", sa.LargeBinary()),
        sa.Column("phi_paid", BIG),
        sa.Column("le_phi_paid", BIG),
        sa.Column("exempt_group", sa.String()),
        sa.Column("case_phase", sa.String()),
        sa.Column("case_due_at", BIG),
        sa.Column("case_ended_at", BIG),
        sa.Column("round", sa.Integer()),
        sa.Column("requested_parts", sa.Text()),
        sa.Column("round_answer_due_at", BIG),
        sa.Column("declined", sa.Integer()),
        sa.Column("item_phase", sa.String()),
        sa.Column("item_number", sa.String()),
        sa.PrimaryKeyConstraint("dossier_code"),
    )
    with op.batch_alter_table("dossiers", schema=None) as batch_op:
        batch_op.create_index(
            "dossiers_check_alarm",
            ["check_alarm_at", "dossier_code"],
            sqlite_where=sa.text("check_alarm_at IS NOT NULL"),
            postgresql_where=sa.text("check_alarm_at IS NOT NULL"),
        )
        batch_op.create_index("dossiers_phase", ["phase", "submitted_at", "dossier_code"])
        batch_op.create_index(
            "dossiers_procedure", ["procedure_code", "submitted_at", "dossier_code"]
        )
        batch_op.create_index("dossiers_submitted", ["submitted_at", "dossier_code"])
        batch_op.create_index("dossiers_unit", ["unit", "submitted_at", "dossier_code"])
        batch_op.create_index(
            "dossiers_unit_phase", ["unit", "phase", "submitted_at", "dossier_code"]
        )
        batch_op.create_index(
            "dossiers_unit_procedure", ["unit", "procedure_code", "submitted_at", "dossier_code"]
        )
    op.create_table(
        "external_codes",
        sa.Column("external_code", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("external_code", "system"),
    )
    with op.batch_alter_table("external_codes", schema=None) as batch_op:
        batch_op.create_index("external_codes_dossier", ["dossier_code"])
    op.create_table(
        "fees",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("sequence", BIG, nullable=False),
        sa.Column("recorded_at", BIG, nullable=False),
        sa.Column("phi", BIG, nullable=False),
        sa.Column("le_phi", BIG, nullable=False),
        sa.Column("phi_receipt", sa.String(), nullable=False),
        sa.Column("le_phi_receipt", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("exempt_group", sa.String(), nullable=False),
        sa.Column("cancelled_because", sa.String()),
        sa.PrimaryKeyConstraint("dossier_code", "sequence"),
    )
    op.create_table(
        "receipts",
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("receipt", sa.String(), nullable=False),
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "receipt"),
    )
    op.create_table(
        "readers",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("submitted_at", BIG),
        sa.PrimaryKeyConstraint("dossier_code", "reader"),
    )
    with op.batch_alter_table("readers", schema=None) as batch_op:
        batch_op.create_index("readers_reader", ["reader", "submitted_at", "dossier_code"])
    op.create_table(
        "milestones",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("sequence", BIG, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", "source", "sequence"),
    )
    op.create_table(
        "files",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("sequence", BIG, nullable=False),
        sa.Column("stored_at", BIG, nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", "sha256"),
    )
    op.create_table(
        "uploads",
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
    )
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.create_index("uploads_caller", ["caller", "sha256"])
        batch_op.create_index("uploads_since", ["state", "since"])
    op.create_table(
        "pin_tries",
        sa.Column("code_sha256", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.PrimaryKeyConstraint("code_sha256"),
    )
