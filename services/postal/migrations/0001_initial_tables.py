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
        "changes",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("offer_number", BIG, nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("addressee", sa.LargeBinary()),
        sa.Column("answer_code", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("asked_at", BIG, nullable=False),
        sa.Column("ended_at", BIG),
        sa.PrimaryKeyConstraint("job_id", "number"),
    )
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.create_index("changes_open", ["partner_id", "state", "offer_number"])
    op.create_table(
        "counters",
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("last_offer", BIG, nullable=False),
        sa.Column("last_serial", BIG, nullable=False),
        sa.PrimaryKeyConstraint("partner_id"),
    )
    op.create_table(
        "holders",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "partner_id"),
    )
    op.create_table(
        "items",
        sa.Column("item_number", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("item_number"),
    )
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("addressee", sa.LargeBinary(), nullable=False),
        sa.Column("addressee_field", sa.String(), nullable=False),
        sa.Column("correlation_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("offer_number", BIG, nullable=False),
        sa.Column("offered_at", BIG, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("item_number", sa.String(), nullable=False),
        sa.Column("taken_event_id", sa.String(), nullable=False),
        sa.Column("lease_until", BIG),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("changed_at", BIG, nullable=False),
        sa.Column("last_code", sa.String(), nullable=False),
        sa.Column("last_happened_at", BIG, nullable=False),
        sa.Column("delivery_reported", sa.Integer(), nullable=False),
        sa.Column("contradictions", sa.Integer(), nullable=False),
        sa.Column("proof_sha256", sa.String(), nullable=False),
        sa.Column("receiver", sa.LargeBinary()),
        sa.Column("collect_phi", BIG, nullable=False),
        sa.Column("collect_le_phi", BIG, nullable=False),
        sa.Column("collected_phi", BIG, nullable=False),
        sa.Column("collected_le_phi", BIG, nullable=False),
        sa.Column("open_change", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("job_id"),
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index("jobs_created", ["created_at", "job_id"])
        batch_op.create_index("jobs_dossier", ["dossier_code"])
        batch_op.create_index("jobs_lease", ["state", "lease_until"])
        batch_op.create_index("jobs_offered", ["partner_id", "state", "offer_number"])
        batch_op.create_index("jobs_partner", ["partner_id", "created_at", "job_id"])
        batch_op.create_index("jobs_unit", ["unit", "created_at", "job_id"])
    op.create_table(
        "offers",
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("offer_number", BIG, autoincrement=False, nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("offered_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("partner_id", "offer_number"),
    )
    with op.batch_alter_table("offers", schema=None) as batch_op:
        batch_op.create_index("offers_job", ["job_id"])
    op.create_table(
        "payments",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("sequence", BIG, autoincrement=False, nullable=False),
        sa.Column("phi", BIG, nullable=False),
        sa.Column("le_phi", BIG, nullable=False),
        sa.Column("exempt", sa.Integer(), nullable=False),
        sa.Column("by_post", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", "sequence"),
    )
    op.create_table(
        "refusals",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("sequence", BIG, autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("recorded_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "sequence"),
    )
    op.create_table(
        "reports",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("item_number", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("happened_at", BIG, nullable=False),
        sa.Column("recorded_at", BIG, nullable=False),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.Column("contradicts", sa.Integer(), nullable=False),
        sa.Column("collected_phi", BIG, nullable=False),
        sa.Column("collected_le_phi", BIG, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "partner_id", "report_id"),
    )
    op.create_table(
        "submissions",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("applicant", sa.LargeBinary(), nullable=False),
        sa.Column("imported", sa.Integer(), nullable=False),
        sa.Column("collected", sa.Integer(), nullable=False),
        sa.Column("phi_owed", BIG, nullable=False),
        sa.Column("le_phi_owed", BIG, nullable=False),
        sa.Column("phi_paid", BIG, nullable=False),
        sa.Column("le_phi_paid", BIG, nullable=False),
        sa.Column("phi_by_post", BIG, nullable=False),
        sa.Column("le_phi_by_post", BIG, nullable=False),
        sa.Column("exemptions", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code"),
    )
