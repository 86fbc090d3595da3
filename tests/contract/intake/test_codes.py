"""Dossier codes are given once, by however many threads and processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from motcua.events.v1.event_pb2 import Event

from kernel.base.clock import FixedClock
from kernel.base.errors import AlreadyExists, Conflict
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.group_commit import Writer
from kernel.storage.engines import open_engine
from office.catalogue.dossier_code import parse_code
from services.intake.application.decision_context import ContextLoader
from services.intake.application.handlers import DossierHandlers, PinSlip
from services.intake.queries.code_audit import explain
from tests.support.databases import NewDatabase
from tests.support.intake_samples import (
    CITIZEN,
    COUNTER,
    IMPORTER,
    MONDAY,
    OFFICER,
    call,
    foreign,
    small_catalogue,
    submission,
)
from tests.support.intake_store import opened, put, rows
from tests.support.models import INTAKE as MODEL
from tests.support.office_files import office_calendars
from tests.support.replicas import replicas


def replica(url: str, keys: str, count: int) -> list[str]:
    """Hand in dossiers at one replica of the desk, from eight threads; gives their codes."""
    engine, vault = open_engine(url, "intake"), open_engine(keys, "keyring")
    writer = Writer(engine, MODEL, Keyring(vault, b"k" * 32))
    office = DossierHandlers(
        ContextLoader(small_catalogue(), office_calendars()), FixedClock(MONDAY)
    )
    writer.start()

    def one(number: int) -> str:
        if number % 3:
            request, who = submission(), call(CITIZEN)
        else:
            request = submission(channel=COUNTER, procedure_code="1.000002")
            who = call(OFFICER)
        work = writer.submit(lambda uow: office.submit(uow, request, who, PinSlip()))
        return work.result(timeout=60)[0].stream_id

    try:
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(one, range(count)))
    finally:
        writer.stop()
        engine.dispose()
        vault.dispose()


@pytest.mark.parametrize("number", [1, 4])
def test_no_code_is_given_twice(new_database: NewDatabase, number: int) -> None:
    """Replicas side by side number each agency's day without gap or repeat."""
    url, keys = new_database("intake"), new_database("keys")
    with opened(url) as engine:
        with replicas(number, __name__) as pool:
            given = pool.starmap(replica, [(url, keys, 60)] * number)
        codes = [code for codes in given for code in codes]
        assert len(set(codes)) == 60 * number
        numbers: dict[str, list[int]] = {}
        for text in codes:
            code = parse_code(text)
            assert code is not None
            numbers.setdefault(code.agency, []).append(code.number)
        assert set(numbers) == {"H22.12", "H22.60.05"}
        for found in numbers.values():
            assert sorted(found) == list(range(1, len(found) + 1))
        counters = rows(engine)["code_counters"]
        assert counters == [(a, "210809", len(n)) for a, n in sorted(numbers.items())]


def test_the_counters_are_made_again_from_the_events(new_database: NewDatabase) -> None:
    """A database made again from the events goes on counting where the lost one stopped."""
    url, keys = new_database("intake"), new_database("keys")
    with opened(url) as engine, opened(new_database("again")) as again:
        replica(url, keys, 30)
        with engine.connect() as connection:
            events = MODEL.tables.events
            found = connection.execute(events.select().order_by(events.c.event_id))
            put(again, [Event.FromString(row.body) for row in found])
        assert rows(again) == rows(engine)


def importer(url: str, keys: str, numbers: list[str]) -> list[str]:
    """Bring in dossiers that another system numbers, at one replica; gives the codes they got."""
    engine, vault = open_engine(url, "intake"), open_engine(keys, "keyring")
    writer = Writer(engine, MODEL, Keyring(vault, b"k" * 32))
    office = DossierHandlers(
        ContextLoader(small_catalogue(), office_calendars()), FixedClock(MONDAY)
    )
    writer.start()

    def one(number: str) -> str:
        request = foreign(foreign_code=None, external_code=number, unit="H22.12")
        who = call(IMPORTER)
        try:
            work = writer.submit(lambda uow: office.submit(uow, request, who, PinSlip()))
            return work.result(timeout=60)[0].stream_id
        except (AlreadyExists, Conflict):
            return ""

    try:
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(one, numbers))
    finally:
        writer.stop()
        engine.dispose()
        vault.dispose()


def test_a_foreign_number_is_taken_once(new_database: NewDatabase) -> None:
    """Replicas that bring in the same dossiers give each one code, and leave no gap behind."""
    url, keys = new_database("intake"), new_database("keys")
    numbers = [f"09.H44.181214.{number:05d}" for number in range(25)]
    with opened(url) as engine:
        with replicas(2, __name__) as pool:
            given = pool.starmap(importer, [(url, keys, numbers)] * 2)
        codes = sorted(code for codes in given for code in codes if code)
        assert codes == [f"H22.12-210809-{number:04d}" for number in range(1, 26)]
        noted = rows(engine)["external_codes"]
        assert [row[0] for row in noted] == numbers
        assert sorted(str(row[2]) for row in noted) == codes
        with engine.connect() as connection:
            explanation = explain(connection, "H22.12", "H22.12", date(2021, 8, 9))
        assert (explanation.highest, explanation.brought_in, len(explanation.gaps)) == (25, 25, 0)
