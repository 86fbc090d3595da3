"""What a comparison of two copies of a table names, and what it keeps to itself."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, Connection, LargeBinary, MetaData, String, Table, Text

from kernel.rebuild.table_compare import RowDifference, compare
from kernel.storage.engines import open_engine
from kernel.storage.kernel_tables import FREE_TEXT
from tests.support.databases import NewDatabase

CASES = Table(
    "cases",
    MetaData(),
    # The key's columns are not the first ones, nor is the table in their order.
    Column("step", String),
    Column("code", String, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("due_at", BigInteger),
    Column("note", Text),
    Column("ground", String, info={FREE_TEXT: True}),
    Column("applicant", LargeBinary),
    Column("proof", LargeBinary),
    Column("phone", String),
)
WHOLE: dict[str, Any] = {
    "step": "check",
    "code": "H1",
    "number": 1,
    "due_at": 7,
    "note": "given by Nguyen Van A",
    "ground": "Nguyen Van A is abroad",
    "applicant": b"sealed",
    "proof": b"\x00\x01",
    "phone": "0912345678",
}
Fill = list[dict[str, Any]]


@pytest.fixture
def copies(new_database: NewDatabase) -> Iterator[tuple[Connection, Connection]]:
    """Two connections to databases with an empty table each."""
    engines = [open_engine(new_database(name), name) for name in ("one", "two")]
    for engine in engines:
        CASES.metadata.create_all(engine)
    with engines[0].connect() as one, engines[1].connect() as two:
        yield one, two
        one.rollback()
        two.rollback()
    for engine in engines:
        engine.dispose()


def fill(copies: tuple[Connection, Connection], ours: Fill, theirs: Fill) -> None:
    """Write rows that are ``WHOLE`` but for what is given."""
    for connection, rows in zip(copies, (ours, theirs), strict=True):
        if rows:
            connection.execute(CASES.insert(), [WHOLE | row for row in rows])


def test_equal_copies(copies: tuple[Connection, Connection]) -> None:
    """Rows count once, and none differs whatever the order of insertion."""
    fill(copies, [{"code": "H1"}, {"code": "h1"}], [{"code": "h1"}, {"code": "H1"}])

    found = compare(*copies, CASES)

    assert (found.rows, found.differences, found.examples) == (2, 0, [])


def test_columns_and_both_values(copies: tuple[Connection, Connection]) -> None:
    """Only the columns that differ are named; NULL is not the empty text."""
    fill(copies, [{"due_at": 8, "step": None}, {"number": 2}], [{"step": ""}, {"number": 2}])

    found = compare(*copies, CASES)

    assert (found.rows, found.differences) == (2, 1)
    assert found.examples == [
        RowDifference(
            {"code": "H1", "number": 1}, True, True, {"step": (None, ""), "due_at": (8, 7)}
        )
    ]


def test_rows_that_one_lacks(copies: tuple[Connection, Connection]) -> None:
    """A missing row is named by its key, on either side, and shows no values."""
    fill(copies, [{"number": 1}, {"number": 3}], [{"number": 2}, {"number": 3}, {"number": 4}])

    found = compare(*copies, CASES)

    assert (found.rows, found.differences) == (2, 3)
    assert found.examples == [
        RowDifference({"code": "H1", "number": 1}, True, False),
        RowDifference({"code": "H1", "number": 2}, False, True),
        RowDifference({"code": "H1", "number": 4}, False, True),
    ]


def test_nothing_personal_is_shown(copies: tuple[Connection, Connection]) -> None:
    """Sealed data, other bytes, personal columns, free text: named, not shown; addresses hidden."""
    other = {"applicant": b"other", "proof": b"", "phone": "0987654321"}
    fill(copies, [{"number": 1}, {"number": 2}], [{"number": 1, **other}, {"number": 2}])
    changed = CASES.update().where(CASES.c.number == 2)
    copies[1].execute(changed.values(note="given by Tran Van B", ground="Tran Van B is abroad"))
    mail, call = "write to nguyen.a@example.vn", "call 0912345678"
    fill(copies, [{"number": 3, "step": mail}], [{"number": 3, "step": call, "applicant": None}])

    examples = compare(*copies, CASES).examples

    assert [dict(row.columns) for row in examples] == [
        {"applicant": None, "proof": None, "phone": None},
        {"note": None, "ground": None},
        {"step": ("write to ***", "call ***"), "applicant": ("***", None)},
    ]


def test_so_many_examples(copies: tuple[Connection, Connection]) -> None:
    """The first ones are described, all are counted."""
    fill(copies, [{"number": number} for number in range(12)], [])

    default, asked = compare(*copies, CASES), compare(*copies, CASES, examples=2)

    assert (default.differences, len(default.examples)) == (12, 5)
    assert [row.key["number"] for row in asked.examples] == [0, 1]
