"""Pages of `ListWork` and `ListDossiers` at a million dossiers against ten thousand, on PostgreSQL.

The queries themselves, on rows made by the database; gRPC is left out. A page is the first one or
one further on, for a unit, a role, an officer, a state, a channel or a procedure; as an operator
sees it, and as an officer who sees a quarter of the units.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from motcua.intake.v1 import intake_pb2 as intake
from motcua.routing.v1 import routing_pb2 as routing
from sqlalchemy import Connection, text

from benchmarks.harness import Figures, Servers, Size, TargetMissed
from infra.local.postgres import PostgresUnavailable
from kernel.eventsourcing.migrate import migrate
from kernel.storage.engines import open_engine
from office.people.access_scope import AccessScope
from services.intake.queries import dossier_list
from services.routing.queries import work_lists
from tests.support.models import INTAKE, ROUTING

NAME = "lists: pages of work and dossiers at a million dossiers against ten thousand"
FEW = {Size.SMALL: 200, Size.USUAL: 10_000, Size.FULL: 10_000}
MANY = {Size.SMALL: 1_000, Size.USUAL: 1_000_000, Size.FULL: 1_000_000}
TARGET = 3.0
CALLS = {Size.SMALL: 20, Size.USUAL: 400, Size.FULL: 400}
UNCOUNTED = 0.1
"""The part of the calls, before all others, that is not measured."""
NOW = 1_628_474_400_000_000
_UNITS = 40
_CASES = """
insert into {schema}.cases (dossier_code, procedure_code, dossier_unit, channel, result_channel,
  imported_from, state, process, process_version, imported, opened_at, due_at, step, step_unit,
  step_role, assignee, round)
select code, '1.' || lpad((n % 200)::text, 6, '0'), unit, 1 + n % 3, 1, '', 1, 'standard', 1, 0,
  {now}, {now} + n * 1000000::bigint, 'appraise', unit, 'specialist', officer, 0
from (select n, 'H22.' || lpad((n % {units} / 10)::text, 2, '0') || '.'
  || lpad((n % 10)::text, 2, '0') as unit,
  'H22.' || lpad((n % {units} / 10)::text, 2, '0') || '.'
  || lpad((n % 10)::text, 2, '0') || '-210809-' || lpad(n::text, 7, '0') as code,
  'officer-' || n % 997 as officer from generate_series(1, {count}) n) rows
"""
_WORK = """
insert into {schema}.work (dossier_code, state, unit, role, assignee, due_at)
select dossier_code, 1, step_unit, step_role, assignee, due_at from {schema}.cases
"""
_DOSSIERS = """
insert into {schema}.dossiers (dossier_code, procedure_code, procedure_version, field, unit,
  channel, result_channel, time_zone, imported_from, submitted_at, parts, phase, accepted_at,
  promised_at, answered_round, withdrawals, case_phase, declined)
select code, '1.' || lpad((n % 200)::text, 6, '0'), 1, 'G03', unit, 1 + n % 3, 1,
  'Asia/Ho_Chi_Minh', '', {now} + n * 1000000::bigint, '[]',
  case when n % 50 = 0 then 'accepted' when n % 50 = 1 then 'submitted' else 'returned' end,
  {now}, {now}, 0, 0, case when n % 50 = 0 then 'running' else 'resolved' end, 0
from (select n, 'H22.' || lpad((n % {units} / 10)::text, 2, '0') || '.'
  || lpad((n % 10)::text, 2, '0') as unit,
  'H22.' || lpad((n % {units} / 10)::text, 2, '0') || '.'
  || lpad((n % 10)::text, 2, '0') || '-210809-' || lpad(n::text, 7, '0') as code
  from generate_series(1, {count}) n) rows
"""
_READERS = """
insert into {schema}.readers (dossier_code, reader, submitted_at)
select dossier_code, 'H22.01', submitted_at from {schema}.dossiers
where unit not like 'H22.01.%' and submitted_at / 1000000 % 97 = 0
"""
OFFICER = AccessScope("H22.01", "officer-7", {}, date(2021, 8, 9))
Call = Callable[[Connection], Any]


def _unit(chance: random.Random, mine: AccessScope | None) -> str:
    """Choose a unit; of an officer one that they cover."""
    number = chance.randrange(_UNITS // 4) + 10 if mine else chance.randrange(_UNITS)
    return f"H22.{number // 10:02d}.{number % 10:02d}"


def _works(chance: random.Random, mine: AccessScope | None = None) -> Iterator[Call]:
    """Ask for work, for its first page or a further one; ``mine``: as an officer sees it."""
    while True:
        request = routing.ListWorkRequest()
        kind = chance.randrange(4)
        if kind in (1, 2):
            request.unit = _unit(chance, mine)
        if kind == 2:
            request.role = "specialist"
        if kind == 3:
            request.assignee = f"officer-{chance.randrange(997)}"
        for _ in range(2):
            found: list[Any] = []
            yield lambda on, r=request, f=found: f.append(work_lists.list_work(on, r, NOW, mine))  # type: ignore[misc]
            if not found or not found[0].next_page_token:
                break
            request.page_token = found[0].next_page_token


def _dossiers(chance: random.Random, mine: AccessScope | None = None) -> Iterator[Call]:
    """Ask for dossiers, for the first page or a further one; ``mine``: as an officer sees them."""
    states = intake.DossierState
    while True:
        request = intake.ListDossiersRequest()
        kind = chance.randrange(6)
        if kind in (1, 5):
            request.unit = _unit(chance, mine)
        if kind == 2:
            request.procedure_code = f"1.{chance.randrange(200):06d}"
        if kind == 3:
            request.channel = chance.randint(1, 3)  # type: ignore[assignment]
        if kind in (4, 5):
            request.state = chance.choice(
                (states.DOSSIER_STATE_SUBMITTED, states.DOSSIER_STATE_IN_PROCESSING)
            )
        for _ in range(2):
            found: list[Any] = []
            yield lambda on, r=request, f=found: f.append(  # type: ignore[misc]
                dossier_list.page(on, r, access_scope=mine)
            )
            if not found or not found[0].next_page_token:
                break
            request.page_token = found[0].next_page_token


def _p95(connection: Connection, calls: Iterator[Call], count: int) -> float:
    """Return the 95th percentile of some calls in milliseconds."""
    taken = []
    first = int(count * UNCOUNTED)
    for number in range(first + count):
        call = next(calls)
        began = time.perf_counter()
        call(connection)
        if number >= first:
            taken.append(time.perf_counter() - began)
    return sorted(taken)[int(len(taken) * 0.95)] * 1000


def _measure(servers: Servers, count: int, calls_each: int) -> dict[str, float]:
    """Fill two databases and return the 95th percentile of each list in milliseconds."""
    found = {}
    for model, name, inserts, calls in (
        (ROUTING, "ListWork", (_CASES, _WORK), _works),
        (INTAKE, "ListDossiers", (_DOSSIERS, _READERS), _dossiers),
    ):
        engine = open_engine(servers.postgresql(model.source), model.source)
        migrate(engine, model)
        with engine.begin() as connection:
            schema = connection.execute(text("select current_schema()")).scalar_one()
            for insert in inserts:
                given = {"schema": schema, "now": NOW, "units": _UNITS, "count": count}
                connection.exec_driver_sql(insert.format(**given).replace("%", "%%"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("vacuum analyze")
        with engine.connect() as connection:
            found[name] = _p95(connection, calls(random.Random(7)), calls_each)
            found[f"{name}, officer"] = _p95(
                connection, calls(random.Random(7), OFFICER), calls_each
            )
        engine.dispose()
    return found


def run(size: Size, servers: Servers) -> Figures:
    """Print both percentiles and their ratio for each list."""
    few, many = FEW[size], MANY[size]
    try:
        short = _measure(servers, few, CALLS[size])
    except PostgresUnavailable as error:
        print(f"  {error}")
        return {}
    long = _measure(servers, many, CALLS[size])
    ratios = {}
    for name in short:
        ratios[name] = long[name] / short[name]
        print(f"  {name:<21} p95 at {few:>9,}  {short[name]:8.2f} ms")
        print(f"  {'':<21}     at {many:>9,}  {long[name]:8.2f} ms")
        print(f"  {'':<21} ratio         {ratios[name]:8.2f}     (target {TARGET:g})")
    if size is not Size.SMALL and max(ratios.values()) > TARGET:
        raise TargetMissed(f"{max(ratios.values()):.2f} times as long with more dossiers")
    return ratios
