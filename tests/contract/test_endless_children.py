"""Processes that lead back to each other by a catalogue that was not at hand when they were
checked: the chain of children ends, says so, and comes to its results.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.collaboration_events_pb2 import ChildWithheld
from structlog.testing import capture_logs

from kernel.base.clock import FixedClock
from office.catalogue.loader import shipped_catalogue
from office.catalogue.model import Catalogue
from services.intake.application.decision_context import ContextLoader
from services.intake.application.handlers import DossierHandlers
from services.routing.domain.use_cases.collaboration.child_dossiers import MOST_ABOVE
from services.routing.tables import CASES
from services.routing.views.case_rows import RESOLVED
from tests.support.children import MON, OTHER, PARENT, Intake, same_again
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk
from tests.support.events import payload_of
from tests.support.models import CHILD_OPENER
from tests.support.office_files import office_calendars
from tests.support.routing_cases import BINH, at, complete, resolve
from tests.support.routing_queries import case


def turned(catalogue: Catalogue) -> Catalogue:
    """Let the procedure of the joint process's child be worked by the joint process itself."""
    code = "1.004237"
    versions = tuple(replace(it, process="joint") for it in catalogue.procedures[code])
    return replace(catalogue, procedures={**catalogue.procedures, code: versions})


@pytest.fixture
def desk(new_database: NewDatabase) -> Iterator[Intake]:
    """The desk with such a catalogue."""
    made = Intake(new_database("intake"))
    loader = ContextLoader(turned(shipped_catalogue()), office_calendars())
    CHILD_OPENER.handlers = DossierHandlers(loader, FixedClock(at(MON)))
    yield made
    CHILD_OPENER.handlers = None
    made.close()


def settled(desk: Intake, departments: Departments) -> list[Event]:
    """Let both sides hear of each other until neither has anything more to say; gives what the
    desk said of the parent.
    """
    filed = Desk().files(PARENT, process="joint")
    departments.reads(filed)
    heard: list[set[str]] = [set(), set()]
    for _ in range(3 * MOST_ABOVE):
        for ears, side, other in ((0, desk, departments), (1, departments, desk)):
            fresh = [it for it in other.own_events() if it.event_id not in heard[ears]]
            heard[ears] |= {it.event_id for it in fresh}
            side.reads(fresh)
    return filed


def test_a_chain_of_children_ends_and_says_so(
    desk: Intake, departments: Departments, new_database: NewDatabase
) -> None:
    """One parent and five below each other; the last one's child is withheld, which its record,
    its case and the log tell. Its step does not wait, and each parent goes on in its turn.
    """
    with capture_logs() as lines:
        filed = settled(desk, departments)
    rows = {row["dossier_code"]: row for row in departments.rows(CASES)}
    chain = [PARENT]
    while below := [code for code, row in rows.items() if row["parent_code"] == chain[-1]]:
        chain += below
    assert len(rows) == len(chain) == 6
    payload = payload_of(departments.own_events(chain[-1])[-1], ChildWithheld)
    assert (payload.number, payload.name, payload.step, payload.procedure_code, payload.above) == (
        *(1, "environment", "appraise"),
        *("1.004237", 5),
    )
    assert departments.kinds().count("ChildRequested") == 5
    assert [(c.ending, c.dossier_code) for c in case(departments, chain[-1]).children] == [
        ("withheld", "")
    ]
    (line,) = [it for it in lines if it["event"] == "child.withheld"]
    assert line["dossier"] == chain[-1]
    for code in reversed(chain):
        actor = BINH if code == PARENT else OTHER
        departments.does(complete("appraise"), code, MON, actor)
        departments.does(resolve("approve"), code, MON, actor)
    assert {row["state"] for row in departments.rows(CASES)} == {RESOLVED}
    same_again(new_database, departments, [*filed, *desk.own_events()])
