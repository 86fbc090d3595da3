"""Postal's tables.

Every row is a function of the events of one source: ``submissions`` of intake's, the rest of
postal's own. Sealed columns hold a serialised SealedData.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table

from kernel.storage.kernel_tables import BIG, FREE_TEXT, kernel_tables

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
)
"""What postal must know of each dossier."""

JOBS = Table(
    "jobs",
    METADATA,
    Column("job_id", String, primary_key=True),
    Column("dossier_code", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("addressee", LargeBinary, nullable=False),
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
    Index("jobs_dossier", "dossier_code"),
    Index("jobs_offered", "partner_id", "state", "offer_number"),
    Index("jobs_lease", "state", "lease_until"),
    Index("jobs_created", "created_at", "job_id"),
    Index("jobs_unit", "unit", "created_at", "job_id"),
)
"""One row per job: its present state. ``state`` is a value of ``decider.JobStatus``."""

OFFERS = Table(
    "offers",
    METADATA,
    Column("partner_id", String, primary_key=True),
    Column("offer_number", BIG, primary_key=True, autoincrement=False),
    Column("job_id", String, nullable=False),
    Column("offered_at", BIG, nullable=False),
    Index("offers_job", "job_id"),
)
"""Every offer ever made; its key keeps two writers from giving one number twice."""

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
