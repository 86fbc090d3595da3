"""The table of who may do what, against every method that the contracts have.

Methods are found in the generated code, so a new one is tested as soon as it is there.
"""

from __future__ import annotations

import importlib
import pkgutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import motcua
import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from motcua.events.v1.common_pb2 import Actor, ActorKind

from kernel.auth.identity import Credentials
from kernel.auth.permissions import PermissionsError, read_permissions
from kernel.base.errors import Unauthenticated
from kernel.config.settings import Settings
from kernel.rpc.client import explain
from kernel.rpc.registration import Service
from kernel.rpc.server import RpcServer
from office.people.directory import below
from office.people.rights import ACCESS_MODEL, require_own_unit
from office.permissions import shipped
from office.process.verification.rules import ROLES
from tests.support import call_limits
from tests.support.identity import metadata

DENIED = (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED)
CHECKPOINTS = "motcua.audit.v1.AuditService/GetCheckpoint"
"""What audit has signed, and publishes."""
PARTNERS = "motcua.postal.v1.PostalPartnerService"
TABLE = shipped()
KINDS = ACCESS_MODEL.kinds


def _stubs() -> Iterator[Any]:
    for module in pkgutil.walk_packages(motcua.__path__, "motcua."):
        if module.name.endswith("_pb2_grpc"):
            yield importlib.import_module(module.name)


@dataclass(frozen=True)
class Offered:
    """One service of the contracts, with what was generated for it."""

    descriptor: ServiceDescriptor
    add: Any
    servicer: Any


def offered() -> dict[str, Offered]:
    """Find every service of the contracts."""
    found = {}
    for module in _stubs():
        package = module.__name__.rpartition(".")[0]
        for name in dir(module):
            if not name.endswith("Servicer") or name.startswith("add_"):
                continue
            full = f"{package}.{name.removesuffix('Servicer')}"
            descriptor = descriptor_pool.Default().FindServiceByName(full)
            add = getattr(module, f"add_{name}_to_server")
            found[full] = Offered(descriptor, add, getattr(module, name)())
    return found


SERVICES = offered()
METHODS = sorted(
    f"{name}/{method.name}" for name, it in SERVICES.items() for method in it.descriptor.methods
)


def test_every_method_has_a_rule_and_every_rule_a_method() -> None:
    """Whoever adds a method says who may call it; the message says where."""
    for name, it in SERVICES.items():
        TABLE.check(name, it.descriptor.methods_by_name)
    assert set(TABLE.rules) == set(METHODS)
    assert len(METHODS) > 40


def allowed(kind: str) -> set[str]:
    """Return the methods that a kind of caller may use."""
    return {method for method, rule in TABLE.rules.items() if KINDS[kind] in rule.kinds}


def test_guests_see_procedures_and_their_own_dossier() -> None:
    """Nothing else is open to somebody who does not say who it is, but what is published."""
    assert allowed("guest") == {
        CHECKPOINTS,
        "motcua.intake.v1.IntakeService/ListProcedures",
        "motcua.intake.v1.IntakeService/GetProcedure",
        "motcua.intake.v1.IntakeService/TrackDossier",
        "motcua.operations.v1.OperationsService/GetStatus",
    }


def test_citizens_act_at_the_desk_only() -> None:
    """No department, record, message or operation is a citizen's to call, but what is published."""
    assert {method.partition("/")[0] for method in allowed("citizen") - {CHECKPOINTS}} == {
        "motcua.intake.v1.IntakeService"
    }


def test_partners_have_a_service_of_their_own() -> None:
    """Partners use nothing else, and nobody else uses theirs."""
    own = {method for method in METHODS if method.startswith(f"{PARTNERS}/")}
    assert allowed("partner") == own
    assert all(TABLE.rules[method].kinds == {KINDS["partner"]} for method in own)


def test_processes_use_the_table_s_roles() -> None:
    """A role that a process may name is one that a token can hold and the table explains."""
    assert set(ROLES) <= set(TABLE.roles)


def test_operators_decide_nothing_about_a_dossier() -> None:
    """Who runs the system does not do the office's work: of what changes a dossier only moving a
    case to another version of its process.
    """
    for method in allowed("operator") - {"motcua.routing.v1.CaseAdministrationService/MoveCase"}:
        service, _, name = method.partition("/")
        if service.split(".")[1] in ("intake", "routing"):
            request = SERVICES[service].descriptor.methods_by_name[name].input_type
            changes = {"request_id", "dossier_code"} <= set(request.fields_by_name)
            assert not changes, method


# -- calls obey the table --------------------------------------------------------------------------


def _authenticate(credentials: Credentials) -> Actor:
    if credentials.bearer != "partner":
        raise Unauthenticated("chưa chứng thực", "no credential")
    return Actor(kind=ActorKind.ACTOR_KIND_PARTNER, id="p")


@pytest.fixture(scope="module")
def channel() -> Iterator[grpc.Channel]:
    """A server that offers every service of the contracts, with nothing behind it."""
    services = [
        Service(it.add, it.servicer, name, _authenticate if name == PARTNERS else None)
        for name, it in SERVICES.items()
    ]
    server = RpcServer(
        Settings(service="audit", port=0, database_url="sqlite://", **call_limits.SETTINGS),
        services,
        TABLE,
    )
    with grpc.insecure_channel(f"127.0.0.1:{server.start()}") as channel:
        yield channel
    server.drain(0.1)


def _call(channel: grpc.Channel, method: str, who: Any) -> grpc.StatusCode:
    service, _, name = method.partition("/")
    described: MethodDescriptor = SERVICES[service].descriptor.methods_by_name[name]
    request: Any = message_factory.GetMessageClass(described.input_type)()
    if "request_id" in described.input_type.fields_by_name:
        request.request_id = str(uuid.uuid4())
    kind: Callable[..., Any] = (
        channel.unary_stream if described.server_streaming else channel.unary_unary
    )
    answer = message_factory.GetMessageClass(described.output_type)
    call = kind(
        f"/{method}",
        request_serializer=lambda it: it.SerializeToString(),
        response_deserializer=answer.FromString,
    )
    try:
        result = call(request, timeout=20, metadata=who)
        if described.server_streaming:
            list(result)
    except grpc.RpcError as error:
        if explain(error).reason == "NOT_YOUR_UNIT":
            return grpc.StatusCode.OK
        return error.code()
    return grpc.StatusCode.OK


@pytest.mark.parametrize("method", METHODS)
def test_calls_obey_the_table(channel: grpc.Channel, method: str) -> None:
    """Each kind of caller, and officers with each role, pass exactly where the table says so."""
    rule = TABLE.rules[method]
    partners = method.startswith(PARTNERS)
    callers: list[tuple[str, list[str], Any]] = [
        ("guest", [], ()),
        ("partner", [], metadata(token="partner")),
        *((kind, [], metadata(kind, "x")) for kind in ("citizen", "operator", "importer")),
        ("officer", [], metadata("officer", "an", unit="H22")),
        *(
            ("officer", [role], metadata("officer", "an", unit="H22", roles=[role]))
            for role in TABLE.roles
        ),
    ]
    for kind, roles, who in callers:
        expected = KINDS[kind] in rule.kinds
        if kind == "officer" and rule.roles:
            expected = bool(rule.roles & set(roles))
        code = _call(channel, method, who)
        passed = code not in DENIED
        assert passed == expected, (kind, roles, code)
        if not expected and (partners or kind in ("guest", "partner")):
            assert code == grpc.StatusCode.UNAUTHENTICATED


# -- the file -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x", ":1:2: is no TOML: a key is followed by ="),
        ('[s]\nM = { kinds = ["king"] }', "s, M, kinds 1: unknown kind king"),
        ('[s]\nM = { kinds = "officer" }', "s, M, kinds: must be a list"),
        ("[s]\nM = { kinds = [] }", "s, M, kinds: must have at least 1 entry"),
        ("[s]\nM = { }", "s, M, kinds: is missing"),
        ('[s]\nM = "officer"', "s, M: must be a table"),
        (
            '[s]\nM = { kinds = ["officer"], role = "head" }',
            "s, M, role: is no key here; is roles meant",
        ),
        ('[s]\nM = { kinds = ["officer"], roles = ["head"] }', "s, M, roles 1: unknown role head"),
        ('[s]\nM = { kinds = ["officer"], scope = "mine" }', "s, M, scope: must be one of any"),
        (
            '[s]\nM = { kinds = ["citizen"], scope = "step" }',
            "s, M, scope: roles and scope are for officers",
        ),
        ("[roles]\nHead = 1", "roles, Head: the name of a role must be at most 32"),
    ],
)
def test_a_mistake_in_the_table_is_named(tmp_path: Path, text: str, words: str) -> None:
    """The message names the file, the method and what is wrong."""
    path = tmp_path / "permissions.toml"
    path.write_text(text)
    with pytest.raises(PermissionsError, match=words) as caught:
        read_permissions(path, ACCESS_MODEL)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("unit", "own", "expected"),
    [
        ("H22.60.05", "H22.60", True),
        ("H22.60", "H22.60", True),
        ("H22.6", "H22.60", False),
        ("H22.60", "H22.6", False),
        ("H22", "H22.60", False),
        ("H22.60", "", False),
        ("", "", True),
    ],
)
def test_own_unit_or_below(unit: str, own: str, expected: bool) -> None:
    """A unit is an officer's when it is the own one or lies below it, part by part."""
    assert below(unit, own) == expected


def test_the_unit_is_asked_of_officers_under_such_a_rule_only() -> None:
    """Other kinds and other rules pass whatever the unit."""
    rule = TABLE.rules["motcua.intake.v1.IntakeService/AcceptDossier"]
    officer = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="an", unit="H22.12")
    importer = Actor(kind=ActorKind.ACTOR_KIND_IMPORTER, id="x")
    with pytest.raises(Exception, match="not of the caller's unit"):
        require_own_unit(rule, officer, "H22.02")
    require_own_unit(rule, officer, "H22.12.01")
    require_own_unit(rule, importer, "H22.02")
    require_own_unit(TABLE.rules["motcua.intake.v1.IntakeService/GetDossier"], officer, "H22.02")


@pytest.mark.parametrize("method", METHODS)
def test_officers_read_a_dossier_at_the_desk_and_in_departments_by_taking_part(method: str) -> None:
    """A read of dossiers or cases that a service of them gets is restricted from its first day."""
    service, _, name = method.partition("/")
    if service.split(".")[1] not in ("intake", "routing") or name == "TrackDossier":
        return
    request = SERVICES[service].descriptor.methods_by_name[name].input_type.fields_by_name
    answer = SERVICES[service].descriptor.methods_by_name[name].output_type
    reads = "request_id" not in request and name.startswith(("Get", "List"))
    if reads and any(_has_code(field) for field in answer.fields):
        assert TABLE.rules[method].scope == "part", method


def _has_code(field: Any) -> bool:
    if field.name == "dossier_code":
        return True
    kind = field.message_type
    return kind is not None and any(each.name == "dossier_code" for each in kind.fields)
