"""The table's unit and role of every method of routing, against the departments themselves.

Methods are found in the contract: a new one fails until it is proved here.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import pytest
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.routing.v1 import routing_pb2 as pb

from kernel.auth.identity import Caller
from kernel.base.errors import Forbidden, Refused
from kernel.base.instants import to_timestamp
from kernel.eventsourcing.command_context import Call
from office.people.directory import Directory, DirectoryUnit, Officer
from services.routing.application.decision_context import CaseContextLoader
from services.routing.domain.command_table import COMMANDS
from services.routing.queries import case, consultations, work_lists
from services.routing.rpc import SERVICES
from tests.support.databases import NewDatabase
from tests.support.departments import TABLE, Departments, Desk, answer_again, handle, path_of
from tests.support.models import OFFICE
from tests.support.office_files import standard_processes
from tests.support.routing_cases import (
    BINH,
    LEADER,
    UNIT,
    answer,
    ask,
    assign,
    at,
    close,
    complete,
    draft,
    extend,
    go_on,
    judge,
    let_go,
    look,
    paid,
    payment,
    pull,
    resolve,
    send_back,
    stop,
    supplement,
    takes_part,
    withdrawal,
)

CONTRACT: Final = {
    method.name: method for service, _ in SERVICES.values() for method in service.methods
}
MON = "2021-08-09 10:00"
CODE = f"{UNIT}-210809-0001"
DOING = {"specialist"}
LEADING = {"head", "leader"}
STRANGE = "H22.13"
ROLES: Final = frozenset(TABLE.roles)
NOT_THE_UNIT: Final = {
    "NOT_YOUR_UNIT",
    "NOT_SENT_BY_YOU",
    "NOT_YOURS_TO_CANCEL",
    "NOT_YOURS_TO_DELEGATE",
    "NOT_YOURS_TO_END",
}
NOT_THE_ROLE: Final = {
    "NOT_YOUR_ROLE",
    "ROLE_MISSING",
    "NOT_YOURS_TO_CANCEL",
    "NOT_YOURS_TO_CORRECT",
    "NOT_YOURS_TO_DELEGATE",
    "NOT_YOURS_TO_END",
}
"""The codes of refusals that mean the officer, not what was asked for."""
Prepare = Callable[[Departments], None]


@dataclass(frozen=True)
class Proof:
    """A command that the case takes after ``prepare`` from an officer of ``unit`` with any one of
    ``roles`` (empty: no role is asked for), and from no other.
    """

    request: Callable[[], Message]
    roles: set[str]
    prepare: Prepare = lambda _departments: None
    unit: str = UNIT
    officer: str = "moi"


def _done(*requests: Message) -> Prepare:
    def prepare(departments: Departments) -> None:
        for request in requests:
            departments.does(request, CODE, MON)

    return prepare


def _reviewed(departments: Departments) -> None:
    _done(complete("appraise"))(departments)


def _sealing(departments: Departments) -> None:
    steps = ("appraise", "review", "approve")
    _done(*(complete(step) for step in steps))(departments)


def _resolved(departments: Departments) -> None:
    _sealing(departments)
    _done(resolve("seal"))(departments)


def _wished(departments: Departments) -> None:
    desk = Desk()
    desk.files(CODE)  # what was read before
    departments.reads([desk.says(CODE, withdrawal(), MON)])


def _asked(departments: Departments) -> None:
    request = supplement("appraise", "2021-08-09 10:01")
    departments.does(request, CODE, "2021-08-09 09:30")


def _question(departments: Departments) -> None:
    request = ask("appraise")
    request.role = "head"
    departments.does(request, CODE, MON)


def _correction() -> pb.CorrectCaseRequest:
    return pb.CorrectCaseRequest(result_number="13/GP", reason="gõ nhầm")


def _absence() -> pb.DelegateWorkRequest:
    until = to_timestamp(at("2021-08-13 17:00"))
    return pb.DelegateWorkRequest(officer="an", substitute="binh", ends_at=until)


def _away(departments: Departments) -> None:
    _done(assign("appraise", "an"))(departments)
    departments.delegates(_absence(), MON, BINH)


def _move() -> pb.MoveCaseRequest:
    return pb.MoveCaseRequest(process="simple", process_version=1, reason="quy định mới")


PROOFS: Final[dict[str, Proof]] = {
    "AssignStep": Proof(lambda: assign("appraise", "binh"), DOING | LEADING),
    "CompleteStep": Proof(lambda: complete("appraise"), DOING),
    "SendBack": Proof(lambda: send_back("review"), {"head"}, _reviewed),
    "RequestSupplement": Proof(lambda: supplement("appraise"), DOING),
    "RequestPayment": Proof(lambda: payment("appraise"), DOING),
    "ConfirmPayment": Proof(
        lambda: paid("appraise"),
        {"receptionist", "accountant", "specialist"},
        _done(payment("appraise")),
    ),
    "SuspendCase": Proof(lambda: stop("appraise"), DOING),
    "ResumeCase": Proof(lambda: go_on("appraise"), DOING | LEADING, _done(stop("appraise"))),
    "ExtendDeadline": Proof(lambda: extend("2021-08-16 09:00", "2021-08-18 09:00"), {"leader"}),
    "CloseCase": Proof(close, {"receptionist", "specialist", "head", "leader"}, _asked),
    "OpenStep": Proof(lambda: look("appraise"), DOING),
    "PullBack": Proof(lambda: pull("review"), set(), _reviewed, officer="an"),
    "MoveCase": Proof(_move, {"leader"}),
    "SetParticipant": Proof(takes_part, DOING | LEADING),
    "DelegateWork": Proof(_absence, LEADING, _done(assign("appraise", "an"))),
    "EndAbsence": Proof(lambda: pb.EndAbsenceRequest(officer="an"), LEADING, _away),
    "RequestConsultation": Proof(lambda: ask("appraise"), DOING),
    "AnswerConsultation": Proof(answer, {"head"}, _question, unit="H22.02"),
    "CancelConsultation": Proof(
        lambda: pb.CancelConsultationRequest(number=1, reason="Đã rõ."),
        DOING,
        _question,
    ),
    "DraftDocument": Proof(lambda: draft("appraise"), DOING),
    "ReviewDocument": Proof(judge, {"head"}, _done(draft("appraise"))),
    "CorrectCase": Proof(_correction, LEADING, _resolved),
    "AnswerWithdrawal": Proof(let_go, LEADING, _wished),
    "ResolveCase": Proof(lambda: resolve("seal"), {"clerk"}, _sealing),
}
OF_NO_CASE: Final = {"ListProcesses"}
METHODS: Final = [
    name for name in CONTRACT if ActorKind.ACTOR_KIND_OFFICER in TABLE.rule(path_of(name)).kinds
]


@pytest.fixture
def departments(new_database: NewDatabase) -> Iterator[Departments]:
    """Routing on an empty database, with a case whose first step is a specialist's."""
    made = Departments(new_database("routing"))
    made.reads(Desk().files(CODE))
    yield made
    made.close()


def test_every_method_that_officers_may_call_is_proved() -> None:
    """Whoever adds a method says here who may and who may not."""
    assert set(METHODS) == PROOFS.keys() | SHOWN.keys() | OF_NO_CASE
    for name in METHODS:
        scope = TABLE.rule(path_of(name)).scope
        assert (name in SHOWN) == (scope == "part"), name
        assert (name in OF_NO_CASE) == (scope == "any"), name


def called(name: str, officer: str, unit: str, roles: set[str]) -> tuple[Any, Call]:
    """Return a proof's request, and the call of an officer."""
    request: Any = PROOFS[name].request()
    request.request_id = str(uuid.uuid4())
    if hasattr(request, "dossier_code"):
        request.dossier_code = CODE
    actor = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id=officer, unit=unit)
    now, rule = at("2021-08-09 10:05"), TABLE.rule(path_of(name))
    granted = frozenset(roles)
    call = Call(
        actor,
        "vi",
        request.request_id,
        now,
        now,
        "",
        CODE,
        roles=granted,
        digest=b"digest",
        rule=rule,
    )
    return request, call


def refusal_code(
    departments: Departments,
    name: str,
    officer: str,
    unit: str,
    roles: set[str],
    office: CaseContextLoader = OFFICE,
) -> str:
    """Let an officer call, through permissions and departments; return the code of a refusal."""
    request, call = called(name, officer, unit, roles)
    try:
        assert call.rule is not None
        TABLE.authorize(call.rule, call.actor, call.roles)
        departments.writer.submit(lambda uow: handle(uow, request, call, office)).result()
    except (Refused, Forbidden) as failure:
        return failure.code
    return ""


@pytest.mark.parametrize("name", PROOFS)
def test_an_officer_of_another_unit_is_refused(departments: Departments, name: str) -> None:
    """Every role there is does not help; nor does a unit below, or one that begins alike."""
    PROOFS[name].prepare(departments)
    before = departments.kinds(CODE)
    for unit in (STRANGE, f"{PROOFS[name].unit}.01", "H22.1", ""):
        if name == "EndAbsence" and unit.endswith(".01"):
            continue  # a unit below ends the absence for its own work
        code = refusal_code(departments, name, "la", unit, set(ROLES))
        assert code in NOT_THE_UNIT, (unit, code)
    assert departments.kinds(CODE) == before


def _office_where(*dissolved: str, successor: str = "") -> CaseContextLoader:
    """Return an office in which units were dissolved the day before."""
    last = date(2021, 8, 8)
    units = {
        code: DirectoryUnit(code, code, valid_to=last if code in dissolved else None)
        for code in ("H22", UNIT, "H22.02", STRANGE)
    }
    for code in dissolved:
        units[code] = replace(units[code], successor=successor)
    people = Directory(units, {name: Officer(name, name, UNIT, ROLES) for name in ("an", "binh")})
    return CaseContextLoader(
        OFFICE.processes, OFFICE.calendars, OFFICE.policies, people=lambda: people
    )


@pytest.mark.parametrize("successor", ["", STRANGE])
@pytest.mark.parametrize("name", PROOFS)
def test_an_officer_of_a_dissolved_unit_is_refused(
    departments: Departments, name: str, successor: str
) -> None:
    """The directory of that day decides: whoever did the work until the day before has no right to
    it, whether another unit has it now or none; nor has a unit above it that is dissolved.
    """
    proof = PROOFS[name]
    proof.prepare(departments)
    before = departments.kinds(CODE)
    for unit in (proof.unit, "H22"):
        office = _office_where(unit, successor=successor)
        code = refusal_code(departments, name, "moi", unit, set(ROLES), office)
        assert code in NOT_THE_UNIT | {"OFFICER_OF_ANOTHER_UNIT"}, (unit, code)
    assert departments.kinds(CODE) == before


@pytest.mark.parametrize("name", [name for name, proof in PROOFS.items() if proof.roles])
def test_an_officer_without_the_role_is_refused(departments: Departments, name: str) -> None:
    """Every other role there is does not help, and no role still less."""
    proof = PROOFS[name]
    proof.prepare(departments)
    before = departments.kinds(CODE)
    for roles in (set(ROLES) - proof.roles, set()):
        code = refusal_code(departments, name, "moi", proof.unit, roles)
        assert code in NOT_THE_ROLE, (roles, code)
    assert departments.kinds(CODE) == before


@pytest.mark.parametrize(
    ("name", "role"),
    [(name, role) for name, proof in PROOFS.items() for role in sorted(proof.roles or {""})],
)
def test_the_right_officer_is_not_refused(departments: Departments, name: str, role: str) -> None:
    """One role of those that may is enough, and it is done."""
    proof = PROOFS[name]
    proof.prepare(departments)
    before = departments.kinds(CODE)
    assert refusal_code(departments, name, proof.officer, proof.unit, {role} - {""}) == ""
    assert departments.kinds(CODE) != before


@pytest.mark.parametrize("name", PROOFS)
def test_a_request_is_answered_the_same_when_its_answer_is_lost(
    departments: Departments, name: str
) -> None:
    """What is durable gives the answer once more, and nothing is written a second time."""
    proof = PROOFS[name]
    proof.prepare(departments)
    request, call = called(name, proof.officer, proof.unit, proof.roles)
    first = departments.writer.submit(lambda uow: handle(uow, request, call)).result()
    before = departments.kinds()
    again = departments.writer.submit(lambda uow: answer_again(uow, request, call)).result()
    assert again == first
    assert again.ByteSize()
    assert departments.kinds() == before


@pytest.mark.parametrize("name", PROOFS)
def test_a_unit_above_may_what_the_unit_may(departments: Departments, name: str) -> None:
    """Units take in those below them; what one officer did stays that officer's."""
    proof = PROOFS[name]
    proof.prepare(departments)
    officer = proof.officer if name == "PullBack" else LEADER.id
    assert refusal_code(departments, name, officer, LEADER.unit, proof.roles) == ""


@pytest.mark.parametrize("name", PROOFS)
def test_a_proof_sends_what_the_method_takes(name: str) -> None:
    """A proof's request is the method's, so its handler is the one behind the method."""
    assert PROOFS[name].request().DESCRIPTOR is CONTRACT[name].input_type


def test_what_is_proved_is_a_command_and_what_is_shown_is_none() -> None:
    """Every command of the table that officers may call is proved; no query is a command."""
    commands = {spec.message.DESCRIPTOR.name.removesuffix("Request") for spec in COMMANDS}
    assert commands & set(METHODS) == PROOFS.keys()


def _case_shown(departments: Departments, scope: Any) -> bool:
    request = pb.GetCaseRequest(dossier_code=CODE)
    with departments.engine.connect() as on:
        found = case.get_case(on, request, standard_processes(), at(MON), access_scope=scope)
    return found.case.dossier_code == CODE


def _work_shown(departments: Departments, scope: Any) -> bool:
    with departments.engine.connect() as on:
        return bool(work_lists.list_work(on, pb.ListWorkRequest(), at(MON), scope).items)


def _question_shown(departments: Departments, scope: Any) -> bool:
    with departments.engine.connect() as on:
        found = consultations.list_all(on, pb.ListConsultationsRequest(), at(MON), scope)
    return bool(found.consultations)


SHOWN: Final = {
    "GetCase": (_case_shown, UNIT),
    "ListWork": (_work_shown, UNIT),
    "ListConsultations": (_question_shown, "H22.02"),
}
"""Whether a read shows the case, and the unit to which it does."""


@pytest.mark.parametrize("name", SHOWN)
def test_a_read_shows_a_case_to_the_units_that_take_part(
    departments: Departments, name: str
) -> None:
    """A stranger sees nothing, whatever the roles."""
    shown, own = SHOWN[name]
    _question(departments)

    def sees(unit: str) -> bool:
        actor = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="moi", unit=unit)
        who = Caller(name, actor, "vi", "", 0.0, roles=ROLES, rule=TABLE.rule(path_of(name)))
        try:
            return shown(departments, OFFICE.access_scope(who, at(MON)))
        except Forbidden:
            return False

    assert (sees(own), sees(LEADER.unit), sees(STRANGE), sees("")) == (True, True, False, False)


@pytest.mark.parametrize("name", SHOWN)
def test_a_read_shows_nothing_to_a_dissolved_unit(departments: Departments, name: str) -> None:
    """Nor to the head of the district in which it lay, when its work has passed elsewhere."""
    shown, own = SHOWN[name]
    _question(departments)

    def sees(unit: str, office: CaseContextLoader) -> bool:
        actor = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="moi", unit=unit)
        who = Caller(name, actor, "vi", "", 0.0, roles=ROLES, rule=TABLE.rule(path_of(name)))
        try:
            return shown(departments, office.access_scope(who, at(MON)))
        except Forbidden:
            return False

    assert not sees(own, _office_where(UNIT, "H22.02"))
    passed_on = _office_where(UNIT, "H22.02", successor=STRANGE)
    assert not sees(own, passed_on)
    assert sees(STRANGE, passed_on)
