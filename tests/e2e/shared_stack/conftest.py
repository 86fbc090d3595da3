"""The stack that the tests of this folder share; the others have their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stack import Stack, running


@pytest.fixture(scope="package")
def stack(session_dir: Path) -> Iterator[Stack]:
    """A whole stack on SQLite, its clock at a Monday's opening; killed in it is intake alone."""
    trace_file = session_dir / "e2e-traces.jsonl"
    with running(session_dir, settings={"MOTCUA_TRACE_FILE": str(trace_file)}) as stack:
        yield stack
