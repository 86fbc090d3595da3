"""The rooms of the tree: what a reader of one service finds in the next one, at the same place."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT, code_files

SERVICES = ("intake", "routing", "postal", "notify", "audit")
MODULES = {"__init__", "main", "definition", "settings", "rpc", "tables"}
ROOMS = {"domain", "application", "queries", "views", "schedulers", "config", "migrations"}
OWN = {
    "postal": {"partner_rpc"},  # partners have an interface of their own
    "notify": {"delivery"},  # who calls outside: attempts, mails, the SMTP server
    # Audit decides nothing: it keeps the record, and answers from it by kinds of question.
    "audit": {"record", "ledger", "state", "deadlines", "reports", "wording", "responses"},
}
WITHOUT_EVENTS = {
    # Web writes no events and keeps no rows: it asks the services, and has pages instead.
    "web": {"__init__", "main", "settings", "application"}
    | {"pages", "templates", "static", "rendering", "texts", "wording", "search", "security"}
    | {"intake_client", "office_names"},
}
"""Services that are clients of the others, each with all that is in it."""
REQUIRED = {"__init__", "main", "definition", "settings", "rpc", "tables", "migrations"}
MOST = 12
"""Modules in one folder, its ``__init__`` left out."""
IMPURE = {
    *("os", "time", "random", "secrets", "uuid", "uuid_utils", "socket", "subprocess", "threading"),
    *("asyncio", "sqlalchemy", "grpc", "faust", "kafka", "opentelemetry", "structlog", "logging"),
}


def _found(folder: Path) -> set[str]:
    return {
        path.stem if path.is_file() else path.name
        for path in folder.iterdir()
        if path.name != "__pycache__" and (path.is_dir() or path.suffix == ".py")
    }


def _imports(path: Path) -> set[str]:
    """Collect the modules that a file imports when it is run, by their full names."""
    tree = ast.parse(path.read_text("utf-8"))
    typing = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if node in typing:
            continue
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{each.name}" for each in node.names}
    return names


def _pure(path: Path) -> bool:
    """Return whether a module has to be pure: by its room, or because it says so."""
    parts = path.relative_to(ROOT).parts
    doc = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return (parts[0] == "services" and "domain" in parts) or "Pure." in doc or "; pure" in doc


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_rooms_of_every_service(service: str) -> None:
    """A room of another name is listed above, with its reason."""
    found = _found(ROOT / "services" / service)
    assert found >= REQUIRED
    assert found - MODULES - ROOMS == OWN.get(service, set())


def test_there_is_no_service_that_is_not_looked_at() -> None:
    """The list above is whole."""
    assert _found(ROOT / "services") - {"__init__"} == {*SERVICES, *WITHOUT_EVENTS}


@pytest.mark.parametrize("service", WITHOUT_EVENTS)
def test_a_service_without_events_has_its_own_rooms(service: str) -> None:
    """None of those in which decisions are made or rows are kept."""
    assert _found(ROOT / "services" / service) == WITHOUT_EVENTS[service]


def test_no_folder_is_a_heap() -> None:
    """A folder with more modules than a reader can overlook is cut by meaning."""
    counts: dict[str, int] = {}
    for path in code_files():
        if path.stem != "__init__":
            folder = path.parent.relative_to(ROOT).as_posix()
            counts[folder] = counts.get(folder, 0) + 1
    assert {folder: count for folder, count in counts.items() if count > MOST} == {}


def test_what_is_said_to_be_pure_is_pure() -> None:
    """Decisions, and every module that says so, import no clock, no chance, no input or output."""
    pure = [path for path in code_files() if _pure(path)]
    assert len(pure) > 60
    strays = {
        path.relative_to(ROOT).as_posix(): sorted(bad)
        for path in pure
        if (bad := {name for name in _imports(path) if name.partition(".")[0] in IMPURE})
    }
    assert strays == {}


def test_decisions_know_nothing_of_what_carries_them_out() -> None:
    """A service's domain imports its own domain, libraries of the office, and values."""
    rooms = (ROOMS | OWN["notify"] | MODULES) - {"domain", "__init__"}
    for path in code_files():
        parts = path.relative_to(ROOT).parts
        if parts[0] == "services" and "domain" in parts:
            above = {f"services.{parts[1]}.{room}" for room in rooms}
            found = {
                n for n in _imports(path) if any(n == a or n.startswith(a + ".") for a in above)
            }
            assert not found, (path, found)


def test_the_command_line_knows_services_by_their_interfaces() -> None:
    """It calls RPCs or the office's libraries; a rebuild is handed a service's definition. What an
    operator sets is an interface, too: the stack refuses wrong settings before it starts anything.
    """
    settings = re.compile(r"services\.(\w+)\.settings(\.\w+Settings)?")
    for path in code_files():
        if path.relative_to(ROOT).parts[0] == "cli":
            inside = {
                name
                for name in _imports(path)
                if name.startswith("services.") and not settings.fullmatch(name)
            }
            assert not inside, (path, inside)


def test_no_service_opens_another_s_files() -> None:
    """A path begins at a module's own folder and does not climb out of its service."""
    for path in code_files():
        if path.relative_to(ROOT).parts[0] in ("services", "office"):
            text = path.read_text("utf-8")
            climbs = [
                line for line in text.splitlines() if "__file__" in line and "parents" in line
            ]
            assert not climbs, (path, climbs)


def test_tests_import_helpers_from_support_alone() -> None:
    """What several tests use is in tests/support: no test imports from a test or a conftest, and
    support imports from neither.
    """
    kept = ("tests.support", "tests.golden")
    read, strays = 0, {}
    for path in (ROOT / "tests").rglob("*.py"):
        read += 1
        names = {name for name in _imports(path) if name.startswith("tests.")}
        if found := {name for name in names if "." in name[6:] and not name.startswith(kept)}:
            strays[path.relative_to(ROOT).as_posix()] = sorted(found)
    assert strays == {}
    assert read > 300
