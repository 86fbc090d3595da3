"""The kernel is event sourcing on Kafka and SQL, for whatever office uses it."""

import re

from tests.support.paths import ROOT, code_files

OFFICE = re.compile(
    r"dossier|officer|citizen|applicant|decree|procedure|holiday|department|postal"
    r"|(?<![a-z])(office|importer|partner|recept(?:ion)?ist|desk|fee|fees)(?![a-z])",
    re.IGNORECASE,
)
OFFICE_VI = re.compile(r"hồ sơ|cán bộ|công dân|thủ tục|lệ phí|bưu|một cửa|phòng", re.IGNORECASE)
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


def test_the_kernel_s_texts_know_nothing_of_the_office() -> None:
    """In neither language."""
    texts = (ROOT / "kernel" / "vi.po").read_text("utf-8")
    assert 'msgctxt "' in texts
    assert not OFFICE.findall(texts)
    assert not OFFICE_VI.findall(texts)


def test_the_kernel_imports_contracts_of_its_own() -> None:
    """Of the generated code it uses the envelope, the operations service and validation's rules."""
    own = re.compile(
        r"motcua\.(events\.v1\.(event|common)_pb2|archive\.v1|operations\.v1|buf\.validate)"
    )
    for path in code_files():
        if path.relative_to(ROOT).parts[0] == "kernel":
            text = path.read_text("utf-8")
            strays = [
                line
                for line in re.findall(r"^[ \t]*(?:from|import) motcua\..*$", text, re.MULTILINE)
                if not own.search(line)
            ]
            assert not strays, (path, strays)
