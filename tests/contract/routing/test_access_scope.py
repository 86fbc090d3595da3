"""What officers see of the departments: their units' work, and the cases they take part in."""

from __future__ import annotations

import random
from datetime import date

import pytest
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.routing.v1 import routing_pb2 as pb
from sqlalchemy import insert, text

from kernel.base.errors import Forbidden
from kernel.storage import index_scan
from office.people.access_scope import AccessScope
from office.people.directory import DirectoryUnit
from services.routing.queries import case, consultations, work_lists
from services.routing.tables import CASES, WORK
from tests.support.departments import Departments, Desk
from tests.support.events import changing
from tests.support.office_files import standard_processes
from tests.support.routing_cases import SPECIALIST, answer, ask, at, complete, extend, takes_part

OFFICER = ActorKind.ACTOR_KIND_OFFICER
NOW = "2021-08-09 10:00"
DAY = date(2021, 8, 9)
GONE = DirectoryUnit("H22.70", "Gộp", valid_to=date(2021, 6, 30), successor="H22.60")
PLANNER = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="quy", unit="H22.02")


def access_scope_of(unit: str, officer: str = "chi") -> AccessScope:
    """Return what an officer of a unit sees."""
    return AccessScope(unit, officer, {GONE.code: GONE}, DAY)


def sees(departments: Departments, code: str, unit: str, officer: str = "chi") -> bool:
    """Return whether a case is shown to an officer."""
    with departments.engine.connect() as connection:
        request = pb.GetCaseRequest(dossier_code=code)
        mine = access_scope_of(unit, officer)
        try:
            case.get_case(connection, request, standard_processes(), at(NOW), access_scope=mine)
        except Forbidden:
            return False
        return True


def work(
    departments: Departments, mine: AccessScope | None, size: int, **more: object
) -> list[str]:
    """Read a list of work to its end; every page but the last is full."""
    request, codes = pb.ListWorkRequest(page_size=size, **more), []  # type: ignore[arg-type]
    with departments.engine.connect() as connection:
        while True:
            page = work_lists.list_work(connection, request, at(NOW), mine)
            codes += [item.dossier_code for item in page.items]
            if not page.next_page_token:
                return codes
            assert len(page.items) == size
            request.page_token = page.next_page_token


def filled(departments: Departments, count: int = 400) -> dict[str, str]:
    """Fill the list of work; gives the unit of each dossier's step."""
    places = ("H22", "H22.12", "H22.60", "H22.60.05", "H22.70.01", "H22.6", "H30.01")
    chance = random.Random(count)
    units = {f"d{n:05d}": chance.choice(places) for n in range(count)}
    rows = [
        {
            "dossier_code": code,
            "state": 1,
            "unit": unit,
            "role": "specialist",
            "assignee": f"a{n % 9}",
            "due_at": n * 7 % 40,
        }
        for n, (code, unit) in enumerate(units.items())
    ]
    with departments.engine.begin() as connection:
        connection.execute(insert(WORK), rows)
        cases = [
            {"dossier_code": row["dossier_code"], "step": "x", "step_unit": row["unit"]}
            | {"step_role": "specialist", "state": 1, "process": "standard", "channel": 1}
            for row in rows
        ]
        connection.execute(insert(CASES), cases)
    return units


@pytest.mark.parametrize(
    ("unit", "seen"),
    [
        ("H22", {"H22", "H22.12", "H22.60", "H22.60.05", "H22.70.01", "H22.6"}),
        ("H22.60", {"H22.60", "H22.60.05", "H22.70.01"}),
        ("H22.12", {"H22.12"}),
        ("H22.60.05", {"H22.60.05"}),
        ("H31", set()),
        ("", set()),
    ],
)
def test_work_is_listed_to_its_units(departments: Departments, unit: str, seen: set[str]) -> None:
    """Own unit, those below, and those whose work has passed to them: in the order of due dates,
    each once, with full pages of any size.
    """
    units = filled(departments)
    everything = work(departments, None, 500)
    expected = [code for code in everything if units[code] in seen]
    for size in (1, 13, 500):
        assert work(departments, access_scope_of(unit), size) == expected
    role = work(departments, access_scope_of(unit), 50, role="specialist")
    assert role == expected
    assert work(departments, access_scope_of(unit), 50, role="clerk") == []


def test_another_unit_s_work_is_refused_and_one_s_own_is_found_anywhere(
    departments: Departments,
) -> None:
    """Asking for another unit says no rather than nothing; one's own work is one's own."""
    filled(departments)
    with pytest.raises(Forbidden):
        work(departments, access_scope_of("H22.12"), 50, unit="H22.60")
    with pytest.raises(Forbidden):
        work(departments, access_scope_of("H22.12"), 50, unit="H22.60", assignee="a1")
    assert work(departments, access_scope_of("H22.60"), 50, unit="H22.60.05")
    mine = work(departments, access_scope_of("H22.12", "a1"), 50, assignee="a1")
    assert mine == work(departments, None, 50, assignee="a1")
    others = work(departments, access_scope_of("H22.12", "a1"), 50, assignee="a2")
    assert set(others) < set(work(departments, None, 50, assignee="a2"))


def test_a_case_is_shown_to_those_who_take_part(departments: Departments) -> None:
    """The unit that answers for it, those above, where it was received or worked on, who was
    asked, who cooperates or watches; nobody else, whatever their role.
    """
    desk, own, other = Desk(), "H22.12-210809-0001", "H22.60.05-210809-0001"
    submitted, accepted = desk.files(own)
    submitted.actor.CopyFrom(Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="mc", unit="H22.09"))
    departments.reads([submitted, accepted])
    departments.reads(desk.files(other, unit="H22.60.05", process="two-level"))
    assert [u for u in ("H22.12", "H22", "H22.09") if sees(departments, own, u)] == [
        "H22.12",
        "H22",
        "H22.09",
    ]
    for unit in ("H22.02", "H22.60", "H22.12.01", "H22.1", "H30", ""):
        assert not sees(departments, own, unit), unit

    departments.does(ask("appraise", False, "1wd"), own, NOW)
    assert sees(departments, own, "H22.02")
    departments.does(answer(), own, NOW, PLANNER)
    assert sees(departments, own, "H22.02"), "who answered sees what became of it"

    assert not sees(departments, own, "H30", "dung")
    departments.does(takes_part(2, "dung"), own, NOW)
    assert sees(departments, own, "H30", "dung")
    assert work(departments, access_scope_of("H30", "dung"), 5, participant="dung") == [own]
    departments.does(takes_part(0, "dung"), own, NOW)
    assert not sees(departments, own, "H30", "dung")


def test_questions_are_listed_to_the_unit_asked_and_to_who_asks(departments: Departments) -> None:
    """Others' questions are not listed, by whatever filter."""
    code = "H22.12-210809-0001"
    departments.reads(Desk().files(code))
    departments.does(ask("appraise", False, "1wd"), code, NOW)

    def listed(own: str, **more: object) -> int:
        request = pb.ListConsultationsRequest(**more)  # type: ignore[arg-type]
        with departments.engine.connect() as connection:
            page = consultations.list_all(connection, request, at(NOW), access_scope_of(own))
        return len(page.consultations)

    assert [listed(unit) for unit in ("H22", "H22.02", "H22.12", "H22.60")] == [1, 1, 0, 0]
    assert listed("H22.12", dossier_code=code) == 1
    assert listed("H22.60", dossier_code=code) == 0
    assert listed("H22.60", unit="H22.02") == 0


def test_units_are_found_by_hopping_over_the_index(departments: Departments) -> None:
    """Neither the units nor the first rows of some of them cost a look at every row."""
    filled(departments, 5_000)
    with departments.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("analyze work"))
            connection.execute(text("analyze cases"))
        assert len(index_scan.values(connection, WORK.c.unit, WORK.c.state == 1)) == 7
        hops = index_scan.select_values(WORK.c.unit, WORK.c.state == 1)
        compiled = hops.compile(connection, compile_kwargs={"literal_binds": True})
        explain = "explain" if connection.dialect.name == "postgresql" else "explain query plan"
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {compiled}"))
    assert "work_unit" in plan
    for slow in ("SCAN work", "Seq Scan on work"):
        assert slow not in plan, plan


@pytest.mark.parametrize("command", ["extend", "move_case"])
def test_a_leader_of_the_dossier_s_unit_or_above_signs(
    departments: Departments, command: str
) -> None:
    """The table alone says who moves a promise or a process: neither a leader of the unit at whose
    step it is, nor an officer of the right unit who is no leader.
    """
    code = "H22.60.05-210809-0001"
    departments.reads(Desk().files(code, unit="H22.60.05", process="two-level"))
    for step in ("appraise", "submit"):
        departments.does(complete(step), code, NOW, _leader("H22"))
    assert departments.rows(CASES)[0]["step_unit"] == "H22.60"
    requests = {
        "extend": extend("2021-08-16 09:00", "2021-08-20 10:00"),
        "move_case": pb.MoveCaseRequest(process="standard", process_version=1, reason="mới"),
    }
    request = requests[command]
    for actor, reason in (
        (_leader("H22.12"), "NOT_YOUR_UNIT"),
        (_leader("H22.60.06"), "NOT_YOUR_UNIT"),
        (Actor(kind=OFFICER, id=SPECIALIST.id, unit="H22.60.05"), "ROLE_MISSING"),
    ):
        with pytest.raises(Forbidden) as refused:
            departments.does(request, code, NOW, actor)
        assert refused.value.code == reason
    departments.does(request, code, NOW, _leader("H22.60.05"))


def _leader(unit: str) -> Actor:
    return Actor(kind=OFFICER, id=f"ld.{unit}", unit=unit)


def test_who_waits_for_a_child_sees_its_case(departments: Departments) -> None:
    """The units of the dossier for which another agency works on it do; others still do not."""
    desk, parent, child = Desk(), "H22.12-210809-0001", "H22.05-210809-0001"
    departments.reads(desk.files(parent))
    submitted, accepted = desk.files(child, unit="H22.05")
    with changing(submitted, DossierSubmitted) as filed:
        filed.parent_code, filed.parent_number = parent, 1
    departments.reads([submitted, accepted])
    assert sees(departments, child, "H22.12")
    assert sees(departments, child, "H22.05")
    assert not sees(departments, child, "H22.60")
    assert not sees(departments, parent, "H22.05")
