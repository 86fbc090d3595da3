"""The desk's tables.

Each column belongs to the source named above it and is written by that source's events alone.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

from kernel.storage.kernel_tables import BIG, FREE_TEXT, kernel_tables, partial_index

SOURCE: Final = "intake"

METADATA: Final = MetaData()
KERNEL: Final = kernel_tables(METADATA)

DOSSIERS: Final = Table(
    "dossiers",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    # intake
    Column("procedure_code", String),
    Column("procedure_version", Integer),
    Column("field", String),
    Column("unit", String),
    Column("channel", Integer),
    Column("result_channel", Integer),
    Column("time_zone", String),
    Column("imported_from", String),
    Column("submitted_at", BIG),
    Column("answer_due_at", BIG),
    Column("check_alarm_at", BIG),
    Column("applicant", LargeBinary),
    Column("parts", Text),
    Column("phase", String),
    Column("accepted_at", BIG),
    Column("promised_at", BIG),
    Column("answered_round", Integer),
    Column("withdrawals", Integer),
    Column("closed_at", BIG),
    Column("fees", LargeBinary),
    Column("phi_paid", BIG),
    Column("le_phi_paid", BIG),
    Column("exempt_group", String),
    # routing
    Column("case_phase", String),
    Column("case_due_at", BIG),
    Column("case_ended_at", BIG),
    Column("round", Integer),
    Column("requested_parts", Text),
    Column("round_answer_due_at", BIG),
    Column("declined", Integer),
    # postal
    Column("item_phase", String),
    Column("item_number", String),
    Index("dossiers_submitted", "submitted_at", "dossier_code"),
    Index("dossiers_unit", "unit", "submitted_at", "dossier_code"),
    Index("dossiers_phase", "phase", "submitted_at", "dossier_code"),
    Index("dossiers_unit_phase", "unit", "phase", "submitted_at", "dossier_code"),
    Index("dossiers_unit_procedure", "unit", "procedure_code", "submitted_at", "dossier_code"),
    Index("dossiers_procedure", "procedure_code", "submitted_at", "dossier_code"),
)
"""One row for each dossier. ``applicant`` stays sealed; ``parts`` and ``requested_parts`` are
canonical JSON; ``fees`` is the ``FeesDue`` of the dossier's first event.
"""


partial_index(
    "dossiers_check_alarm",
    DOSSIERS.c.check_alarm_at,
    DOSSIERS.c.dossier_code,
    where=DOSSIERS.c.check_alarm_at.is_not(None),
)

READERS: Final = Table(
    "readers",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("reader", String, primary_key=True),
    Column("submitted_at", BIG),
    Index("readers_reader", "reader", "submitted_at", "dossier_code"),
)
"""The access index: who takes part in a dossier, beside the responsible unit and those above it.

Rows of units are the same whichever source writes them, and stay; rows of officers are routing's.
"""

MILESTONES: Final = Table(
    "milestones",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("source", String, primary_key=True),
    Column("sequence", BIG, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""Events of other services that a citizen reads in the history, as they were written."""

FEES: Final = Table(
    "fees",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("sequence", BIG, primary_key=True),
    Column("recorded_at", BIG, nullable=False),
    Column("phi", BIG, nullable=False),
    Column("le_phi", BIG, nullable=False),
    Column("phi_receipt", String, nullable=False),
    Column("le_phi_receipt", String, nullable=False),
    Column("method", String, nullable=False),
    Column("exempt_group", String, nullable=False),
    Column("cancelled_because", String, info={FREE_TEXT: True}),
)
"""Payments and exemptions as the desk recorded them; what was cancelled stays, with the reason."""

RECEIPTS: Final = Table(
    "receipts",
    METADATA,
    Column("unit", String, primary_key=True),
    Column("receipt", String, primary_key=True),
    Column("dossier_code", String, nullable=False),
)
"""The receipts that a unit has given; a cancelled one is not given again."""

EXTERNAL_CODES: Final = Table(
    "external_codes",
    METADATA,
    Column("external_code", String, primary_key=True),
    Column("system", String, primary_key=True),
    Column("dossier_code", String, nullable=False),
    Index("external_codes_dossier", "dossier_code"),
)
"""The numbers that other systems have for our dossiers."""


CODE_COUNTERS: Final = Table(
    "code_counters",
    METADATA,
    Column("agency", String, primary_key=True),
    Column("day", String, primary_key=True),
    Column("number", BIG, nullable=False),
)
"""The highest number that an agency has used on a local day (``yymmdd``)."""

PIN_TRIES: Final = Table(
    "pin_tries",
    METADATA,
    Column("code_sha256", String, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("since", BIG, nullable=False),
)
"""Wrong PINs that are not forgotten, counted by limit and whom or what it counts: ``code_sha256``
is a hash of both. ``since`` is the real time of the last one. Operational.
"""

FILES: Final = Table(
    "files",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("sha256", String, primary_key=True),
    Column("sequence", BIG, nullable=False),
    Column("stored_at", BIG, nullable=False),
    Column("part", String, nullable=False),
    Column("size", BIG, nullable=False),
    Column("media_type", String, nullable=False),
    Column("file_id", String, nullable=False),
    Column("key", LargeBinary, nullable=False),
)
"""The files of each dossier. ``key`` stays sealed."""

UPLOADS: Final = Table(
    "uploads",
    METADATA,
    Column("request_id", String, primary_key=True),
    Column("caller", String, nullable=False),
    Column("dossier_code", String, nullable=False),
    Column("part", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("size", BIG, nullable=False),
    Column("media_type", String, nullable=False),
    Column("file_id", String, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("state", String, nullable=False),
    Column("since", BIG, nullable=False),
    Index("uploads_caller", "caller", "sha256"),
    Index("uploads_since", "state", "since"),
)
"""Files that belong to no dossier yet. ``key`` is sealed by a key of the upload's own; ``since`` is
the real time of its beginning. Operational.
"""

OPERATIONAL: Final = frozenset({"pin_tries", "uploads"})
