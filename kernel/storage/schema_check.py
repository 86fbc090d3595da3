"""Compares a database's schema with the tables in the code.

A database that other code has made under the same revision would fail at the first statement that
needs what it lacks.
"""

from __future__ import annotations

from sqlalchemy import Connection, MetaData, Table, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn


def schema_differences(connection: Connection, metadata: MetaData) -> list[str]:
    """List how the database's schema differs, one line each: tables and columns that are missing or
    of another kind, and columns that the code would leave empty where the database demands a value.

    Further tables and further columns that may be empty do no harm.
    """
    return [line for lines in differences_by_table(connection, metadata).values() for line in lines]


def differences_by_table(connection: Connection, metadata: MetaData) -> dict[str, list[str]]:
    """Return the same for each table by its name; nothing where they are alike."""
    found = {
        name: columns for (_, name), columns in inspect(connection).get_multi_columns().items()
    }
    lines: dict[str, list[str]] = {}
    for table in metadata.sorted_tables:
        if table.name not in found:
            lines[table.name] = [f"table {table.name} is missing"]
        else:
            by_name = {column["name"]: column for column in found[table.name]}
            lines[table.name] = _of_table(table, by_name)
    return lines


def _of_table(table: Table, found: dict[str, ReflectedColumn]) -> list[str]:
    lines = []
    for column in table.columns:
        there = found.get(column.name)
        if there is None:
            lines.append(f"column {table.name}.{column.name} is missing")
        elif there["type"].python_type is not column.type.python_type:
            lines.append(f"column {table.name}.{column.name} has the type {there['type']}")
        elif there["nullable"] is not column.nullable:
            may = "may" if there["nullable"] else "may not"
            lines.append(f"column {table.name}.{column.name} {may} be empty")
    for name, there in found.items():
        if name not in table.columns and not there["nullable"]:
            lines.append(f"column {table.name}.{name} is not known")
    return lines
