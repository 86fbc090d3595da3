"""The audit service's tables: the stored log, its hash chains, the trees over the log and their
checkpoints, and a row for each dossier, for each with contradictions, and for each acknowledgement
of a finding.

But for checkpoints and their keys, all are functions of the log: a rebuild makes them again equal
row for row.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

from kernel.storage.kernel_tables import BIG, kernel_tables

METADATA = MetaData()
KERNEL = kernel_tables(METADATA)

LOG = Table(
    "log",
    METADATA,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BIG, primary_key=True, autoincrement=False),
    Column("stream_id", String, nullable=False),
    Column("stream_kind", String, nullable=False),
    Column("source", String, nullable=False),
    Column("sequence", BIG, nullable=False),
    Column("event_id", String, nullable=False),
    Column("type", String, nullable=False),
    Column("occurred_at", BIG, nullable=False),
    Column("recorded_at", BIG, nullable=False),
    Column("trace", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("log_stream", "stream_id", "partition", "offset"),
)
"""Every event once, at its offset in the log. ``hash`` = SHA-256(hash before in the partition,
``body``). The other columns are what is searched; everything else is in ``body`` alone.
"""

CHAINS = Table(
    "chains",
    METADATA,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BIG, nullable=False),
    Column("events", BIG, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
"""The last link of each partition's hash chain."""

TREES = Table(
    "trees",
    METADATA,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("size", BIG, nullable=False),
)
"""How many leaves the Merkle tree of each partition has."""

TILES = Table(
    "tiles",
    METADATA,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("index", BIG, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)
"""The hashes of the trees, 256 a row at most (``kernel/ledger/tiles.py``)."""

CHECKPOINTS = Table(
    "checkpoints",
    METADATA,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("size", BIG, primary_key=True, autoincrement=False),
    Column("signed_at", BIG, nullable=False),
    Column("cosigned", Integer, nullable=False),
    Column("note", Text, nullable=False),
)
"""Signed heads of the trees. They are what was said to others, so a rebuild keeps them."""

LEDGER_KEYS = Table(
    "ledger_keys",
    METADATA,
    Column("public", LargeBinary, primary_key=True),
    Column("first_used_at", BIG, nullable=False),
)
"""The public part of each key that has signed a checkpoint; a rebuild keeps them."""

ACKNOWLEDGEMENTS = Table(
    "acknowledgements",
    METADATA,
    Column("finding_id", String, primary_key=True),
    Column("person", String, primary_key=True),
    Column("person_kind", Integer, nullable=False),
    Column("person_unit", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("acknowledged_at", BIG, nullable=False),
)
"""Who answers for which finding of a verification."""

CONTRADICTIONS = Table(
    "contradictions",
    METADATA,
    Column("dossier_code", String, primary_key=True),
)
"""The dossiers of which a report contradicts an earlier one."""

DOSSIERS = Table(
    "dossiers",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("procedure", String, nullable=False),
    Column("field", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("level", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("time_zone", String, nullable=False),
    Column("imported", Integer, nullable=False),
    Column("state", Integer, nullable=False),
    Column("submitted_at", BIG),
    Column("accepted_at", BIG),
    Column("refused_at", BIG),
    Column("opened_at", BIG),
    Column("due_at", BIG),
    Column("first_due_at", BIG),
    Column("suspended_at", BIG),
    Column("suspended_for", Integer, nullable=False),
    Column("extended_at", BIG),
    Column("missed_at", BIG),
    Column("check_due_at", BIG),
    Column("check_missed_at", BIG),
    Column("resolved_at", BIG),
    Column("withdrawn_at", BIG),
    Column("closed_at", BIG),
    Column("returned_at", BIG),
    Column("step", String, nullable=False),
    Column("step_unit", String, nullable=False),
    Column("step_officer", String, nullable=False),
    Column("step_state", Integer, nullable=False),
    Column("late_unit", String, nullable=False),
    Column("late_officer", String, nullable=False),
    Column("received_day", Integer),
    Column("due_day", Integer),
    Column("suspended_day", Integer),
    Column("finished_day", Integer),
    Column("pending_due_at", BIG),
    Column("changed_at", BIG, nullable=False),
    Column("recorded_at", BIG, nullable=False),
    Index("dossiers_pending_due", "pending_due_at", "dossier_code"),
)
"""What ``state/fold.py`` makes: one row for each dossier that has an event. ``recorded_at`` is no
part of it, but the latest of all the dossier's events.

Days are whole numbers YYYYMMDD. ``late_unit`` and ``late_officer`` had the case when its promised
instant passed.
"""
