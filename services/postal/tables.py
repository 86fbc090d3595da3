"""Postal's tables.

Every row is a function of the events of one source: ``submissions`` of intake's, the rest of
postal's own. Sealed columns hold a serialised SealedData.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table

from kernel.storage.kernel_tables import BIG, FREE_TEXT, kernel_tables

APPLICANT: Final = "applicant"
"""The field at which intake sealed the applicant."""
ADDRESSEE: Final = "addressee"
"""The field at which postal seals another address."""
METADATA = MetaData()
KERNEL = kernel_tables(METADATA)

SUBMISSIONS = Table(
    "submissions",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("unit", String, nullable=False),
    Column("applicant", LargeBinary, nullable=False),
    Column("imported", Integer, nullable=False),
    Column("collected", Integer, nullable=False),
    Column("phi_owed", BIG, nullable=False),
    Column("le_phi_owed", BIG, nullable=False),
    Column("phi_paid", BIG, nullable=False),
    Column("le_phi_paid", BIG, nullable=False),
    Column("phi_by_post", BIG, nullable=False),
    Column("le_phi_by_post", BIG, nullable=False),
    Column("exemptions", Integer, nullable=False),
)
"""What postal must know of each dossier; ``…_by_post``: what partners collected of the payments."""

PAYMENTS = Table(
    "payments",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("sequence", BIG, primary_key=True, autoincrement=False),
    Column("phi", BIG, nullable=False),
    Column("le_phi", BIG, nullable=False),
    Column("exempt", Integer, nullable=False),
    Column("by_post", Integer, nullable=False),
)
"""What the desk recorded of each dossier's fees and did not cancel, by the number of its event."""

JOBS = Table(
    "jobs",
    METADATA,
    Column("job_id", String, primary_key=True),
    Column("dossier_code", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("addressee", LargeBinary, nullable=False),
    Column("addressee_field", String, nullable=False),
    Column("correlation_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("partner_id", String, nullable=False),
    Column("offer_number", BIG, nullable=False),
    Column("offered_at", BIG, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("item_number", String, nullable=False),
    Column("taken_event_id", String, nullable=False),
    Column("lease_until", BIG, nullable=True),
    Column("created_at", BIG, nullable=False),
    Column("changed_at", BIG, nullable=False),
    Column("last_code", String, nullable=False),
    Column("last_happened_at", BIG, nullable=False),
    Column("delivery_reported", Integer, nullable=False),
    Column("contradictions", Integer, nullable=False),
    Column("proof_sha256", String, nullable=False),
    Column("receiver", LargeBinary, nullable=True),
    Column("collect_phi", BIG, nullable=False),
    Column("collect_le_phi", BIG, nullable=False),
    Column("collected_phi", BIG, nullable=False),
    Column("collected_le_phi", BIG, nullable=False),
    Column("open_change", Integer, nullable=False),
    Index("jobs_dossier", "dossier_code"),
    Index("jobs_offered", "partner_id", "state", "offer_number"),
    Index("jobs_lease", "state", "lease_until"),
    Index("jobs_created", "created_at", "job_id"),
    Index("jobs_unit", "unit", "created_at", "job_id"),
    Index("jobs_partner", "partner_id", "created_at", "job_id"),
)
"""One row per job: its present state. ``state`` is a value of ``decider.JobStatus``.

``addressee_field`` is the field at which ``addressee`` was sealed; ``collect_…`` what the holder
is to collect; ``open_change`` the number of the office's request that waits for an answer, or 0.
"""

CHANGES = Table(
    "changes",
    METADATA,
    Column("job_id", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("change", Integer, nullable=False),
    Column("partner_id", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("offer_number", BIG, nullable=False),
    Column("state", Integer, nullable=False),
    Column("reason", String, nullable=False, info={FREE_TEXT: True}),
    Column("addressee", LargeBinary, nullable=True),
    Column("answer_code", String, nullable=False),
    Column("answer", String, nullable=False, info={FREE_TEXT: True}),
    Column("asked_at", BIG, nullable=False),
    Column("ended_at", BIG, nullable=True),
    Index("changes_open", "partner_id", "state", "offer_number"),
)
"""What the office asked of partners. ``state`` is a ``ChangeState`` of the contract."""

OFFERS = Table(
    "offers",
    METADATA,
    Column("partner_id", String, primary_key=True),
    Column("offer_number", BIG, primary_key=True, autoincrement=False),
    Column("job_id", String, nullable=False),
    Column("offered_at", BIG, nullable=False),
    Index("offers_job", "job_id"),
)
"""Every place in the partners' streams that was ever given, to an offer or to a request of the
office; its key keeps two writers from giving one number twice.
"""

HOLDERS = Table(
    "holders",
    METADATA,
    Column("job_id", String, primary_key=True),
    Column("partner_id", String, primary_key=True),
    Column("attempt", Integer, nullable=False),
)
"""The partners that have ever taken a job, each with its last attempt."""

REPORTS = Table(
    "reports",
    METADATA,
    Column("job_id", String, primary_key=True),
    Column("partner_id", String, primary_key=True),
    Column("report_id", String, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("item_number", String, nullable=False),
    Column("code", String, nullable=False),
    Column("happened_at", BIG, nullable=False),
    Column("recorded_at", BIG, nullable=False),
    Column("reason_code", String, nullable=False),
    Column("contradicts", Integer, nullable=False),
    Column("collected_phi", BIG, nullable=False),
    Column("collected_le_phi", BIG, nullable=False),
)
"""Everything that partners reported."""

REFUSALS = Table(
    "refusals",
    METADATA,
    Column("job_id", String, primary_key=True),
    Column("sequence", BIG, primary_key=True, autoincrement=False),
    Column("partner_id", String, nullable=False),
    Column("reason_code", String, nullable=False),
    Column("reason", String, nullable=False, info={FREE_TEXT: True}),
    Column("recorded_at", BIG, nullable=False),
)
"""Every refusal, by the number of its event."""

ITEMS = Table(
    "items",
    METADATA,
    Column("item_number", String, primary_key=True),
    Column("job_id", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("partner_id", String, nullable=False),
)
"""Every item number ever used; its key keeps one from being used twice."""

COUNTERS = Table(
    "counters",
    METADATA,
    Column("partner_id", String, primary_key=True),
    Column("last_offer", BIG, nullable=False),
    Column("last_serial", BIG, nullable=False),
)
"""The highest offer number and serial of each partner."""
