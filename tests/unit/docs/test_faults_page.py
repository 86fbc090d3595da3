"""The list of faults is whole: each file of tests/faults stands in it, with its numbers."""

import re

from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "faults.md").read_text("utf-8")
ROW = re.compile(r"^\| (\d+) \| [^|]+ \| [^|]+ \| `(\w+\.py)` \|$", re.MULTILINE)


def test_each_file_of_faults_is_listed_and_each_row_has_a_file() -> None:
    """Neither list has more than the other."""
    files = {path.name for path in (ROOT / "tests" / "faults").glob("test_*.py")}
    assert {name for _, name in ROW.findall(PAGE)} == files


def test_every_number_in_a_name_has_a_row() -> None:
    """Of a file, and of a test in it, such as ``test_fault_49_…``."""
    rows = {(int(number), name) for number, name in ROW.findall(PAGE)}
    for path in (ROOT / "tests" / "faults").glob("test_*.py"):
        tests = re.findall(r"^(?:async )?def (test_faults?_\w+)", path.read_text("utf-8"), re.M)
        for name in (path.stem, *tests):
            words = name.removeprefix("test_").split("_")[1:]
            for word in words:
                if not word.isdigit():
                    break
                assert (int(word), path.name) in rows, (word, path.name)


def test_every_row_is_read() -> None:
    """No row has a form that the tests above do not see."""
    listed = [line for line in PAGE.splitlines() if re.match(r"\| \d", line)]
    assert len(listed) == len(ROW.findall(PAGE))
