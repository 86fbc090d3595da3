"""The operators' page holds what there is."""

import re

from cli.main import _COMMANDS
from cli.stack.plan import SERVICES
from tests.support.paths import ROOT, code_files

PAGE = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
NAMES = "MOTCUA|KAFKA|SMTP|IDENTITY|PEOPLE|DATABASE|KEYRING|NOTIFY|POSTAL|OTEL|PARTNER|MALLOC"


def _variables() -> set[str]:
    """Collect the environment variables that the code names."""
    found: set[str] = set()
    for file in code_files():
        text = file.read_text(encoding="utf-8")
        found |= set(re.findall(rf'"((?:{NAMES})_[A-Z_]+)"', text))
        found |= {f"<SERVICE>{name}" for name in re.findall(r'\}(_[A-Z_]+)"', text)}
    return found - {"<SERVICE>_PORT"} | {f"{name.upper()}_PORT" for name in SERVICES}


def test_every_setting_is_on_the_page() -> None:
    """Whoever adds a variable tells operators of it."""
    missing = {name for name in _variables() if f"`{name}`" not in PAGE}
    assert missing == set()


def test_every_command_on_the_page_is_there() -> None:
    """And every command there is, is on the page."""
    shown = set(re.findall(r"[$`] ?motcua ([a-z]+)", PAGE))
    assert set(_COMMANDS) - {"calendar"} <= shown <= set(_COMMANDS)
