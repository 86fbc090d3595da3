"""The kernel is event sourcing on Kafka and SQL, for whatever office uses it."""

import re

from tests.support.paths import ROOT, code_files

OFFICE = re.compile(
    r"dossier|officer|citizen|applicant|decree|procedure|holiday|department|postal"
    r"|(?<![a-z])(office|importer|partner|recept(?:ion)?ist|desk|fee|fees)(?![a-z])",
    re.IGNORECASE,
)
ALLOWED = {
    "kernel/telemetry/logs.py": {"applicant", "citizen"},  # fields that are never logged
    "kernel/config/common_settings.py": {"dossier"},  # the default name of the topic
    "kernel/eventsourcing/unit_of_work.py": {"importer"},  # the envelope's kind of actor
}


def test_the_kernel_knows_nothing_of_the_office() -> None:
    """No name, comment or text of the kernel holds a word of office business."""
    strays: dict[str, set[str]] = {}
    read = 0
    for path in code_files():
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith("kernel/"):
            continue
        read += 1
        found = {match.group().lower() for match in OFFICE.finditer(path.read_text("utf-8"))}
        if found := found - ALLOWED.get(name, set()):
            strays[name] = found
    assert strays == {}
    assert read > 50


def test_the_kernel_imports_contracts_of_its_own() -> None:
    """Of the generated code it uses the envelope and the operations service."""
    own = re.compile(r"motcua\.(events\.v1\.(event|common)_pb2|operations\.v1)")
    for path in code_files():
        if path.relative_to(ROOT).parts[0] == "kernel":
            text = path.read_text("utf-8")
            strays = [
                line
                for line in re.findall(r"^[ \t]*(?:from|import) motcua\..*$", text, re.MULTILINE)
                if not own.search(line)
            ]
            assert not strays, (path, strays)
