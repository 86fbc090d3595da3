"""initial tables."""

import sqlalchemy as sa
from alembic import op

from kernel.migrations import kernel_0001

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    kernel_0001.upgrade()
    op.create_table(
        "cases",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("procedure_code", sa.String(), nullable=True),
        sa.Column("dossier_unit", sa.String(), nullable=True),
        sa.Column("channel", sa.Integer(), nullable=True),
        sa.Column("result_channel", sa.Integer(), nullable=True),
        sa.Column("imported_from", sa.String(), nullable=True),
        sa.Column("time_limit", sa.String(), nullable=True),
        sa.Column("calendar_version", sa.String(), nullable=True),
        sa.Column("resume_policy", sa.String(), nullable=True),
        sa.Column("supplement_rounds", sa.Integer(), nullable=True),
        sa.Column("supplement_period", sa.String(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("parent_code", sa.String(), nullable=True),
        sa.Column("parent_number", sa.Integer(), nullable=True),
        sa.Column("received_unit", sa.String(), nullable=True),
        sa.Column("result_kind", sa.Integer(), nullable=True),
        sa.Column("withdrawals", sa.Integer(), nullable=True),
        sa.Column("withdrawal_reason", sa.LargeBinary(), nullable=True),
        sa.Column(
            "withdrawal_requested_at",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("state", sa.Integer(), nullable=True),
        sa.Column("process", sa.String(), nullable=True),
        sa.Column("process_version", sa.Integer(), nullable=True),
        sa.Column("imported", sa.Integer(), nullable=True),
        sa.Column("history_complete", sa.Integer(), nullable=True),
        sa.Column("recorded", sa.Integer(), nullable=True),
        sa.Column("opened_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("step", sa.String(), nullable=True),
        sa.Column("step_unit", sa.String(), nullable=True),
        sa.Column("step_role", sa.String(), nullable=True),
        sa.Column(
            "step_due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "step_warn_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("assignee", sa.String(), nullable=True),
        sa.Column(
            "suspended_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "answer_due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("result", sa.Integer(), nullable=True),
        sa.Column("result_number", sa.String(), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("file_sha256", sa.String(), nullable=True),
        sa.Column("withdrawals_declined", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "first_due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "extended_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("apology_number", sa.String(), nullable=True),
        sa.Column("suspension", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("dossier_code"),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index(
            "cases_process",
            ["process", "process_version"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "deadlines",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("scope", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("warn_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("warned", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("escalation_levels", sa.Text(), nullable=False),
        sa.Column("levels_notified", sa.Integer(), nullable=False),
        sa.Column(
            "next_alarm_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("cause_id", sa.String(), nullable=False),
        sa.Column("correlation_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", "scope", "number"),
    )
    with op.batch_alter_table("deadlines", schema=None) as batch_op:
        batch_op.create_index(
            "deadlines_alarm",
            ["next_alarm_at", "dossier_code"],
            unique=False,
            sqlite_where=sa.text("next_alarm_at IS NOT NULL"),
            postgresql_where=sa.text("next_alarm_at IS NOT NULL"),
        )
    op.create_table(
        "work",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("assignee", sa.String(), nullable=False),
        sa.Column("due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code"),
    )
    with op.batch_alter_table("work", schema=None) as batch_op:
        batch_op.create_index(
            "work_assignee", ["state", "assignee", "due_at", "dossier_code"], unique=False
        )
        batch_op.create_index("work_due", ["state", "due_at", "dossier_code"], unique=False)
        batch_op.create_index(
            "work_unit", ["state", "unit", "due_at", "dossier_code"], unique=False
        )
        batch_op.create_index(
            "work_unit_role", ["state", "unit", "role", "due_at", "dossier_code"], unique=False
        )
    op.create_table(
        "consultations",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("waits", sa.Integer(), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "answered_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("opinion", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column(
            "cancelled_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("cancelled_for", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("dossier_code", "number"),
    )
    with op.batch_alter_table("consultations", schema=None) as batch_op:
        batch_op.create_index(
            "consultations_due", ["open", "due_at", "dossier_code", "number"], unique=False
        )
        batch_op.create_index(
            "consultations_unit", ["open", "unit", "due_at", "dossier_code", "number"], unique=False
        )
    op.create_table(
        "children",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("child_code", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("dossier_code", "number"),
    )
    op.create_table(
        "participants",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("participation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", "officer"),
    )
    with op.batch_alter_table("participants", schema=None) as batch_op:
        batch_op.create_index("participants_officer", ["officer", "dossier_code"], unique=False)
    op.create_table(
        "absences",
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("substitute", sa.String(), nullable=False),
        sa.Column(
            "begins_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("ends_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("ended_in", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("officer", "sequence"),
    )
    op.create_table(
        "substitutions",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("ends_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", "officer"),
    )
    with op.batch_alter_table("substitutions", schema=None) as batch_op:
        batch_op.create_index(
            "substitutions_officer", ["officer", "ends_at", "dossier_code"], unique=False
        )
    op.create_table(
        "timers",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("transition", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("next_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("cause_id", sa.String(), nullable=False),
        sa.Column("correlation_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code"),
    )
    with op.batch_alter_table("timers", schema=None) as batch_op:
        batch_op.create_index(
            "timers_next",
            ["next_at", "dossier_code"],
            unique=False,
            sqlite_where=sa.text("next_at IS NOT NULL"),
            postgresql_where=sa.text("next_at IS NOT NULL"),
        )
