"""Routing's view tables: cases, their current work, and the alarms of their due dates.

Instants are microseconds UTC, flags are 0 or 1.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

from kernel.storage.kernel_tables import BIG, kernel_tables, partial_index

SOURCE: Final = "routing"
METADATA = MetaData()
KERNEL = kernel_tables(METADATA)

NO_DUE: Final = 2**62
"""Stands for the due date of work that has none: it sorts behind everything."""

CASES = Table(
    "cases",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    # Written by intake's events alone
    Column("procedure_code", String),
    Column("dossier_unit", String),
    Column("channel", Integer),
    Column("result_channel", Integer),
    Column("imported_from", String),
    Column("time_limit", String),
    Column("calendar_version", String),
    Column("resume_policy", String),
    Column("supplement_rounds", Integer),
    Column("supplement_period", String),
    Column("level", Integer),
    Column("parent_code", String),
    Column("parent_number", Integer),
    Column("received_unit", String),
    Column("result_kind", Integer),
    Column("withdrawals", Integer),
    Column("withdrawal_reason", LargeBinary),
    Column("withdrawal_requested_at", BIG),
    # Written by routing's events alone
    Column("state", Integer),
    Column("process", String),
    Column("process_version", Integer),
    Column("imported", Integer),
    Column("history_complete", Integer),
    Column("recorded", Integer),
    Column("opened_at", BIG),
    Column("due_at", BIG),
    Column("step", String),
    Column("step_unit", String),
    Column("step_role", String),
    Column("step_due_at", BIG),
    Column("step_warn_at", BIG),
    Column("assignee", String),
    Column("suspended_at", BIG),
    Column("answer_due_at", BIG),
    Column("round", Integer),
    Column("result", Integer),
    Column("result_number", String),
    Column("explanation", Text),
    Column("file_sha256", String),
    Column("withdrawals_declined", Integer),
    Column("ended_at", BIG),
    Column("first_due_at", BIG),
    Column("extended_at", BIG),
    Column("apology_number", String),
    Column("suspension", Text),
)
"""``suspension`` is canonical JSON, empty while the clock runs."""

partial_index(
    "cases_process",
    CASES.c.process,
    CASES.c.process_version,
    where=CASES.c.ended_at.is_(None),
)

WORK = Table(
    "work",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("state", Integer, nullable=False),
    Column("unit", String, nullable=False),
    Column("role", String, nullable=False),
    Column("assignee", String, nullable=False),
    Column("due_at", BIG, nullable=False),
    Index("work_due", "state", "due_at", "dossier_code"),
    Index("work_unit", "state", "unit", "due_at", "dossier_code"),
    Index("work_unit_role", "state", "unit", "role", "due_at", "dossier_code"),
    Index("work_assignee", "state", "assignee", "due_at", "dossier_code"),
)
"""One row for each open case; ``due_at`` is the earlier one of step and dossier, or ``NO_DUE``."""

DEADLINES = Table(
    "deadlines",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("scope", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("due_at", BIG, nullable=False),
    Column("warn_at", BIG),
    Column("warned", Integer, nullable=False),
    Column("missed", Integer, nullable=False),
    Column("escalation_levels", Text, nullable=False),
    Column("levels_notified", Integer, nullable=False),
    Column("next_alarm_at", BIG),
    Column("cause_id", String, nullable=False),
    Column("correlation_id", String, nullable=False),
)
"""The due dates of open cases; ``number`` is that of a consultation, else 0.

``next_alarm_at`` is empty while nothing is to be said of one.

``cause_id`` names the event that set the due date. ``escalation_levels`` is a JSON list of who is
told when, ``levels_notified`` how many of them were.
"""

partial_index(
    "deadlines_alarm",
    DEADLINES.c.next_alarm_at,
    DEADLINES.c.dossier_code,
    where=DEADLINES.c.next_alarm_at.is_not(None),
)

CONSULTATIONS = Table(
    "consultations",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("unit", String, nullable=False),
    Column("role", String, nullable=False),
    Column("step", String, nullable=False),
    Column("question", Text, nullable=False),
    Column("waits", Integer, nullable=False),
    Column("open", Integer, nullable=False),
    Column("asked_at", BIG, nullable=False),
    Column("due_at", BIG, nullable=False),
    Column("answered_at", BIG),
    Column("opinion", Integer),
    Column("answer", Text),
    Column("cancelled_at", BIG),
    Column("cancelled_for", Text),
    Index("consultations_due", "open", "due_at", "dossier_code", "number"),
    Index("consultations_unit", "open", "unit", "due_at", "dossier_code", "number"),
)
"""Questions to other units; ``due_at`` is ``NO_DUE`` without a limit; the end closes all."""

PARTICIPANTS = Table(
    "participants",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("officer", String, primary_key=True),
    Column("participation", Integer, nullable=False),
    Index("participants_officer", "officer", "dossier_code"),
)
"""Officers who cooperate in a case or watch it."""

ABSENCES = Table(
    "absences",
    METADATA,
    Column("officer", String, primary_key=True),
    Column("sequence", BIG, primary_key=True, autoincrement=False),
    Column("substitute", String, nullable=False),
    Column("begins_at", BIG, nullable=False),
    Column("ends_at", BIG, nullable=False),
    Column("unit", String, nullable=False),
    Column("ended_in", Text, nullable=False),
)
"""Who stands in for whom, by the number of the event in the officer's record; ``ended_in`` names
the units, with blanks between, for whose work that was ended early.
"""

SUBSTITUTIONS = Table(
    "substitutions",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("officer", String, primary_key=True),
    Column("ends_at", BIG, nullable=False),
    Index("substitutions_officer", "officer", "ends_at", "dossier_code"),
)
"""The officers for whom somebody may act on a dossier, until ``ends_at`` at the latest."""

TIMERS = Table(
    "timers",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("transition", String, nullable=False),
    Column("at", BIG, nullable=False),
    Column("next_at", BIG),
    Column("cause_id", String, nullable=False),
    Column("correlation_id", String, nullable=False),
)
"""The way that is taken next by itself in a case; ``next_at`` is empty while the clock stands, or
while the step waits for something.
"""

partial_index(
    "timers_next",
    TIMERS.c.next_at,
    TIMERS.c.dossier_code,
    where=TIMERS.c.next_at.is_not(None),
)

CHILDREN = Table(
    "children",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    # Written by intake's events about the child alone
    Column("child_code", String),
)
"""The dossiers that other agencies work on for a dossier, by its code."""
