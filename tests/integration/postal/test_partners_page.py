"""docs/partners.md says what is true: its example works, its tables are the code's."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from motcua.buf.validate import validate_pb2
from motcua.events.v1.common_pb2 import ActorKind
from motcua.intake.v1.event_parts_pb2 import FeesDue
from motcua.intake.v1.types_pb2 import FeeTiming
from motcua.postal.v1 import postal_partner_pb2 as partner_pb
from motcua.postal.v1 import postal_pb2, types_pb2

from kernel.base.clock import RealClock
from kernel.base.errors import Refusal
from office.tracking_codes import TRACKING_CODES, tracking_meaning
from services.postal.config.partners import DEVELOPMENT_TOKENS, load
from services.postal.domain import refusals
from tests.support.identity import metadata
from tests.support.paths import ROOT
from tests.support.postal_service import FIRST, Serve
from tools.protos_bundle import write_bundle

PAGE = (ROOT / "docs" / "partners.md").read_text("utf-8")
OFFICES_OWN = {"JOB_HELD", "NO_PARTNER", "ITEM_UNDER_WAY", "NOT_UNDER_WAY", "ITEM_RECALLED"}
"""Refusals that only officers meet."""


def rows(title: str) -> dict[str, str]:
    """Return the table under a heading row."""
    table = re.search(rf"^\| {re.escape(title)} \|.*\n\|[-| ]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table is not None
    cells = [line.strip("| ").split(" | ") for line in table[1].splitlines()]
    return {cell[0]: cell[1] for cell in cells}


def test_the_example_takes_and_delivers(serve: Serve, tmp_path: Path) -> None:
    """The page's program, as printed, delivers three jobs."""
    serving = serve(clock=RealClock())
    serving.office.now = RealClock().now()
    for number in range(3):
        serving.office.resolve(f"H22.12.03-210809-000{number}")
    program = tmp_path / "partner.py"
    program.write_text(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], "utf-8")
    arguments = [f"127.0.0.1:{serving.port}", DEVELOPMENT_TOKENS[FIRST], "3"]
    done = subprocess.run(
        [sys.executable, str(program), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "delivered 3" in done.stdout
    request = postal_pb2.ListJobsRequest(state=postal_pb2.JOB_STATE_DELIVERED)
    answer = serving.postal.ListJobs(request, timeout=5, metadata=metadata("operator", "op"))
    assert len(answer.jobs) == 3


def test_the_example_tells_a_wrong_token_on_one_line(serve: Serve, tmp_path: Path) -> None:
    """Whoever mistypes a token reads what is wrong, and no stack trace."""
    program = tmp_path / "partner.py"
    program.write_text(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], "utf-8")
    arguments = [f"127.0.0.1:{serve().port}", "no-such-token", "1"]
    done = subprocess.run(
        [sys.executable, str(program), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("UNAUTHENTICATED: ")


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code that a partner generates from the published contracts, with nothing beside it."""
    archive = write_bundle(tmp_path_factory.mktemp("written"))[1]
    folder = tmp_path_factory.mktemp("partner")
    zipfile.ZipFile(archive).extractall(folder)
    (bundle,) = folder.iterdir()
    protos = [path.relative_to(bundle).as_posix() for path in bundle.rglob("*.proto")]
    options = [f"--python_out={folder}", f"--grpc_python_out={folder}"]
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", *options, *protos]
    subprocess.run(command, cwd=bundle, check=True)
    return folder


def test_the_example_needs_the_published_contracts_alone(serve: Serve, contracts: Path) -> None:
    """Nothing of this project is on its path. It collects the money, and does what is asked."""
    serving = serve(clock=RealClock())
    office = serving.office
    office.now = RealClock().now()
    asked = office.resolve("H22.12.03-210809-0001")
    office.do(partner_pb.TakeJobRequest(job_id=asked), FIRST)
    office.do(
        postal_pb2.CancelJobRequest(job_id=asked, reason="x"), "op", ActorKind.ACTOR_KIND_OPERATOR
    )
    fees = FeesDue(timing=FeeTiming.FEE_TIMING_AFTER, phi=100_000, le_phi=20_000)
    paid = office.resolve("H22.12.03-210809-0002", fees=fees)
    (contracts / "partner.py").write_text(
        re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], "utf-8"
    )
    packages = [path for path in sys.path if path.endswith("-packages")]
    code = f"import sys; sys.path += {packages}\nimport runpy; runpy.run_path('partner.py')"
    arguments = [f"127.0.0.1:{serving.port}", DEVELOPMENT_TOKENS[FIRST], "1"]
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments],
        cwd=contracts,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "collect at Số 24 đường Nguyễn Thái Học" in done.stdout
    assert "money 120000" in done.stdout
    found = {
        job.job_id: job
        for job in serving.postal.ListJobs(
            postal_pb2.ListJobsRequest(), timeout=5, metadata=metadata("operator", "op")
        ).jobs
    }
    assert found[asked].state == postal_pb2.JOB_STATE_CANCELLED
    assert found[paid].state == postal_pb2.JOB_STATE_DELIVERED
    assert (found[paid].collected.total, found[paid].money_differs) == (120_000, False)


def test_the_grounds_are_those_of_the_contract() -> None:
    """The page has every ground that a partner can give, for each of the calls that want one."""
    for call, request in (
        ("RefuseJob", partner_pb.RefuseJobRequest),
        ("AnswerChange", partner_pb.AnswerChangeRequest),
    ):
        field = request.DESCRIPTOR.fields_by_name["reason_code"]
        options: Any = field.GetOptions().Extensions
        rule = options[validate_pb2.field].string
        allowed = set(getattr(rule, "in"))
        page = rows(f"`reason_code` of `{call}`")
        assert set(page) == {f"`{code}`" for code in allowed - {""}}


def test_the_changes_are_those_of_the_contract() -> None:
    """Every kind of request that the office can make is on the page."""
    names = {name for name, number in types_pb2.JobChange.items() if number}
    assert set(rows("`change`")) == {f"`{name}`" for name in names}


def test_the_tokens_for_development_are_on_the_page() -> None:
    """And there are no others."""
    assert rows("partner") == {f"`{name}`": f"`{t}`" for name, t in DEVELOPMENT_TOKENS.items()}


def test_the_partners_file_on_the_page_can_be_used(tmp_path: Path) -> None:
    """In production too, with the token that the page's own command gives the digest of."""
    file = tmp_path / "partners.toml"
    file.write_text(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0], "utf-8")
    partner = load(file, "production").by_token("TOKEN")
    assert partner is not None
    assert partner.collects("H22.12.03")


def test_the_codes_are_the_known_ones() -> None:
    """Every code that the office understands stands in the table with its meaning."""
    page = {code: meaning.partition(" (")[0] for code, meaning in rows("code").items()}

    assert page == {code: tracking_meaning(code).en for code in TRACKING_CODES}


def test_the_reasons_are_the_codes_refusals() -> None:
    """Every reason that a partner can meet stands in the table, and no other."""
    known = {value.code for value in vars(refusals).values() if isinstance(value, Refusal)}

    assert set(rows("reason")) == known - OFFICES_OWN
