"""Notify's tables: recipients, messages, and the attempts that are due."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

from kernel.storage.kernel_tables import BIG, kernel_tables

METADATA = MetaData()
KERNEL = kernel_tables(METADATA)

RECIPIENTS = Table(
    "recipients",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    # From intake's events.
    Column("procedure_code", String, nullable=True),
    Column("procedure_name", String, nullable=True),
    Column("procedure_name_en", String, nullable=True),
    Column("part_names", Text, nullable=True),
    Column("unit", String, nullable=True),
    Column("unit_name", String, nullable=True),
    Column("unit_name_en", String, nullable=True),
    Column("language", String, nullable=True),
    Column("time_zone", String, nullable=True),
    Column("consent_email", Integer, nullable=True),
    Column("silent", Integer, nullable=True),
    Column("applicant", LargeBinary, nullable=True),
)
"""What messages to a dossier's citizen need; personal data stays sealed."""

MESSAGES = Table(
    "messages",
    METADATA,
    Column("message_id", String, primary_key=True),
    Column("dossier_code", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("correlation_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("language", String, nullable=False),
    Column("template", String, nullable=False),
    Column("values", Text, nullable=False),
    Column("replaces", String, nullable=False),
    Column("officer", String, nullable=False),
    Column("state", Integer, nullable=False),
    Column("queued_at", BIG, nullable=False),
    Column("settled_at", BIG, nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("maybe_sent", Integer, nullable=False),
    Column("code", Integer, nullable=False),
    Column("reason_code", String, nullable=False),
    Index("messages_dossier", "dossier_code"),
    Index("messages_newest", "queued_at", "message_id"),
    Index("messages_state", "state", "queued_at"),
)
"""The messages planned for each citizen and officer, with their states.

``event_id`` is the event that planned it; ``officer`` is empty for a citizen.
"""

DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("message_id", String, primary_key=True),
    Column("execute_after", BIG, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("under_way", Integer, nullable=False),
    Column("maybe_sent", Integer, nullable=False),
    Column("last_code", Integer, nullable=False),
    Index("deliveries_due", "execute_after"),
)
"""Attempts that are due, in real time; a row goes when its message is settled. Operational.

``attempt`` counts those begun; ``under_way`` is 1 from before the mail server is called until
its answer is recorded, so that an attempt cut off by a crash is known as one.
"""

OPERATIONAL = frozenset({"deliveries"})
