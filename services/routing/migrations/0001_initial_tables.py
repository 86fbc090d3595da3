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
        "cases",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("procedure_code", sa.String()),
        sa.Column("dossier_unit", sa.String()),
        sa.Column("channel", sa.Integer()),
        sa.Column("result_channel", sa.Integer()),
        sa.Column("imported_from", sa.String()),
        sa.Column("time_limit", sa.String()),
        sa.Column("calendar_version", sa.String()),
        sa.Column("resume_policy", sa.String()),
        sa.Column("supplement_rounds", sa.Integer()),
        sa.Column("supplement_period", sa.String()),
        sa.Column("level", sa.Integer()),
        sa.Column("parent_code", sa.String()),
        sa.Column("parent_number", sa.Integer()),
        sa.Column("received_unit", sa.String()),
        sa.Column("result_kind", sa.Integer()),
        sa.Column("withdrawals", sa.Integer()),
        sa.Column("withdrawal_reason", sa.LargeBinary()),
        sa.Column("withdrawal_requested_at", BIG),
        sa.Column("state", sa.Integer()),
        sa.Column("process", sa.String()),
        sa.Column("process_version", sa.Integer()),
        sa.Column("imported", sa.Integer()),
        sa.Column("history_complete", sa.Integer()),
        sa.Column("recorded", sa.Integer()),
        sa.Column("opened_at", BIG),
        sa.Column("due_at", BIG),
        sa.Column("step", sa.String()),
        sa.Column("step_unit", sa.String()),
        sa.Column("step_role", sa.String()),
        sa.Column("step_due_at", BIG),
        sa.Column("step_warn_at", BIG),
        sa.Column("assignee", sa.String()),
        sa.Column("suspended_at", BIG),
        sa.Column("answer_due_at", BIG),
        sa.Column("round", sa.Integer()),
        sa.Column("result", sa.Integer()),
        sa.Column("result_number", sa.String()),
        sa.Column("explanation", sa.Text()),
        sa.Column("file_sha256", sa.String()),
        sa.Column("withdrawals_declined", sa.Integer()),
        sa.Column("ended_at", BIG),
        sa.Column("first_due_at", BIG),
        sa.Column("extended_at", BIG),
        sa.Column("apology_number", sa.String()),
        sa.Column("suspension", sa.Text()),
        sa.PrimaryKeyConstraint("dossier_code"),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index(
            "cases_process",
            ["process", "process_version"],
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "deadlines",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("scope", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due_at", BIG, nullable=False),
        sa.Column("warn_at", BIG),
        sa.Column("warned", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("escalation_levels", sa.Text(), nullable=False),
        sa.Column("levels_notified", sa.Integer(), nullable=False),
        sa.Column("next_alarm_at", BIG),
        sa.Column("cause_id", sa.String(), nullable=False),
        sa.Column("correlation_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", "scope", "number"),
    )
    with op.batch_alter_table("deadlines", schema=None) as batch_op:
        batch_op.create_index(
            "deadlines_alarm",
            ["next_alarm_at", "dossier_code"],
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
        sa.Column("due_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("dossier_code"),
    )
    with op.batch_alter_table("work", schema=None) as batch_op:
        batch_op.create_index("work_assignee", ["state", "assignee", "due_at", "dossier_code"])
        batch_op.create_index("work_due", ["state", "due_at", "dossier_code"])
        batch_op.create_index("work_unit", ["state", "unit", "due_at", "dossier_code"])
        batch_op.create_index("work_unit_role", ["state", "unit", "role", "due_at", "dossier_code"])
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
        sa.Column("asked_at", BIG, nullable=False),
        sa.Column("due_at", BIG, nullable=False),
        sa.Column("answered_at", BIG),
        sa.Column("opinion", sa.Integer()),
        sa.Column("answer", sa.Text()),
        sa.Column("cancelled_at", BIG),
        sa.Column("cancelled_for", sa.Text()),
        sa.PrimaryKeyConstraint("dossier_code", "number"),
    )
    with op.batch_alter_table("consultations", schema=None) as batch_op:
        batch_op.create_index("consultations_due", ["open", "due_at", "dossier_code", "number"])
        batch_op.create_index(
            "consultations_unit", ["open", "unit", "due_at", "dossier_code", "number"]
        )
    op.create_table(
        "children",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("child_code", sa.String()),
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
        batch_op.create_index("participants_officer", ["officer", "dossier_code"])
    op.create_table(
        "absences",
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("sequence", BIG, autoincrement=False, nullable=False),
        sa.Column("substitute", sa.String(), nullable=False),
        sa.Column("begins_at", BIG, nullable=False),
        sa.Column("ends_at", BIG, nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("ended_in", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("officer", "sequence"),
    )
    op.create_table(
        "substitutions",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("ends_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", "officer"),
    )
    with op.batch_alter_table("substitutions", schema=None) as batch_op:
        batch_op.create_index("substitutions_officer", ["officer", "ends_at", "dossier_code"])
    op.create_table(
        "timers",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("transition", sa.String(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("next_at", BIG),
        sa.Column("cause_id", sa.String(), nullable=False),
        sa.Column("correlation_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code"),
    )
    with op.batch_alter_table("timers", schema=None) as batch_op:
        batch_op.create_index(
            "timers_next",
            ["next_at", "dossier_code"],
            sqlite_where=sa.text("next_at IS NOT NULL"),
            postgresql_where=sa.text("next_at IS NOT NULL"),
        )
