"""The operators' page holds what there is."""

import re

from cli.main import _COMMANDS
from cli.stack.plan import SERVICES
from cli.stack.service_settings import ALL_SETTINGS
from demo.settings import DemoSettings
from infra.kafka.settings import JarSettings
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
OTHERS = {"PARTNER_TOKEN"}
"""The partner simulator knows nothing of ours; it has a variable of its own."""
NOT_FOR_OPERATORS = {"SCALE", "XDG_CACHE_HOME"}
"""The demonstration's, and one that every program on the machine shares."""


def _variables() -> set[str]:
    """Collect the variables of all settings classes."""
    found = {n for kind in ALL_SETTINGS for names in kind.variables().values() for n in names}
    found |= {n for names in DemoSettings.variables().values() for n in names}
    found |= {str(field.validation_alias) for field in JarSettings.model_fields.values()}
    return found | OTHERS


def _shown(name: str) -> bool:
    """Return whether the page has a variable by its name or, if services share it, by <SERVICE>."""
    first, _, rest = name.partition("_")
    of_any = first.lower() in SERVICES and f"`<SERVICE>_{rest}`" in PAGE
    return f"`{name}`" in PAGE or of_any


def test_every_setting_is_on_the_page() -> None:
    """Whoever adds a variable tells operators of it."""
    assert {name for name in _variables() if not _shown(name)} == NOT_FOR_OPERATORS


def test_every_setting_on_the_page_is_there() -> None:
    """And the page shows none that nothing reads."""
    table = PAGE.partition("## Settings")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    shown = {name for row in rows for name in re.findall(r"`([A-Z<>_]+)`", row.split(" | ")[0])}
    known = _variables() | {
        f"<SERVICE>_{name.partition('_')[2]}" for name in _variables() if name.startswith("AUDIT_")
    }
    assert shown <= known


def test_every_command_on_the_page_is_there() -> None:
    """And every command there is, is on the page."""
    shown = set(re.findall(r"[$`] ?motcua ([a-z-]+)", PAGE))
    assert set(_COMMANDS) - {"calendar"} <= shown <= set(_COMMANDS)


def test_the_table_of_losses_quotes_what_the_code_says() -> None:
    """Whoever looks for the words that they see finds the way out."""
    chapter = PAGE.partition("\n## When the log, a database or the keys were lost\n")[2]
    rows = [line for line in chapter.strip().split("\n\n")[0].splitlines() if "`" in line]
    assert rows
    folders = ("cli", "infra", "kernel", "office")
    code = "".join(p.read_text("utf-8") for f in folders for p in (ROOT / f).rglob("*.py"))
    joined = re.sub(r'"\s+f?"', "", code)
    quoted = [text for row in rows for text in re.findall(r"`([^`]+)`", row.split(" | ")[0])]
    parts = [part.strip() for text in quoted for part in text.split("…")]
    assert [part for part in parts if part not in joined] == []
