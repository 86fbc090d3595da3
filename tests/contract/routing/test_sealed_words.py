"""What officers write of a case lies sealed in its rows, and decisions still know it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from kernel.base.errors import Refused
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.engines import open_engine
from office.sealed_text import open_texts
from services.routing.tables import CONSULTATIONS, KERNEL
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk, call_of, handle
from tests.support.routing_cases import AN, ask

CODE = "H22.12-210809-0001"
MON = "2021-08-09 10:00"
STEP = "appraise"


@pytest.fixture
def keyring(tmp_path: Path) -> Iterator[Keyring]:
    """A keyring of its own."""
    engine = open_engine(f"sqlite:///{tmp_path / 'keyring.sqlite3'}", "keyring")
    yield Keyring(engine, b"k" * 32)
    engine.dispose()


@pytest.fixture
def departments(new_database: NewDatabase, keyring: Keyring) -> Iterator[Departments]:
    """Routing with a keyring, as every process has one, and a case at a step that may ask."""
    made = Departments(new_database("routing"), keyring=keyring)
    made.reads(Desk().files(CODE))
    yield made
    made.close()


def test_a_question_lies_sealed_and_the_same_one_is_asked_once(
    departments: Departments, keyring: Keyring
) -> None:
    """Neither event nor row has the words; the decision opens what it compares."""
    question = ask(STEP)
    words = question.question
    departments.does(question, CODE, MON)
    (row,) = departments.rows(CONSULTATIONS)
    assert words not in row["question"]
    assert open_texts(keyring, row["question"]) == words
    assert not [e for e in departments.rows(KERNEL.events) if words.encode() in e["body"]]

    with pytest.raises(Refused) as refused:
        departments.does(ask(STEP), CODE, MON)
    assert refused.value.code == "ALREADY_ASKED"
    other = ask(STEP)
    other.question = f"{words} Xin nêu rõ."
    departments.does(other, CODE, MON)
    assert len(departments.rows(CONSULTATIONS)) == 2


def test_what_was_sealed_in_the_same_transaction_is_opened(departments: Departments) -> None:
    """Two clicks whose commands are committed as one group: the question is asked once."""
    begun, go_on = threading.Event(), threading.Event()

    def hold_up(_uow: UnitOfWork) -> None:
        begun.set()
        go_on.wait(10)

    held = departments.writer.submit(hold_up)
    assert begun.wait(10)
    clicks = []
    for _ in range(2):
        question = ask(STEP)
        question.dossier_code, question.request_id = CODE, str(uuid.uuid4())
        call = call_of(AN, question, MON, CODE)
        clicks.append(departments.writer.submit(partial(handle, request=question, call=call)))
    go_on.set()
    held.result(10)
    refusals = [click.exception(10) for click in clicks]
    assert refusals[0] is None
    assert isinstance(refusals[1], Refused)
    assert len(departments.rows(CONSULTATIONS)) == 1
