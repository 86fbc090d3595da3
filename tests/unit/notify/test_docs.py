"""The operator's page says what the code does."""

import inspect
import re

from motcua.notify.v1 import message_events_pb2

from kernel.config.settings import Settings
from office.ledger import LedgerSettings
from services.notify import settings
from services.notify.delivery import rendering, sender
from services.notify.domain.citizen_messages import KINDS
from services.notify.domain.officer_messages import OFFICER_KINDS
from services.notify.domain.retry_schedule import HOUR, MINUTE, RETRY_SCHEDULE, attempts
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "notify.md").read_text("utf-8")
UNITS = {"minute": MINUTE, "hour": HOUR}
ROW = re.compile(r"^\| (\d+) \| (\d+) (minute|hour)s? \|$", re.MULTILINE)


def test_timetable() -> None:
    """The table of waits is the timetable."""
    rows = ROW.findall(PAGE)
    assert [int(number) for number, _, _ in rows] == list(range(1, len(RETRY_SCHEDULE) + 1))
    assert tuple(int(amount) * UNITS[unit] for _, amount, unit in rows) == RETRY_SCHEDULE
    assert attempts(RETRY_SCHEDULE) == 8
    assert "eighth attempt" in PAGE


def test_kinds() -> None:
    """The table of kinds has each kind once."""
    section = PAGE.split("## What citizens are told")[1].split("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == sorted(KINDS)


def test_kinds_for_officers() -> None:
    """The table of what officers are told has each kind once."""
    section = PAGE.split("## What officers are told")[1].split("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == sorted(OFFICER_KINDS)


def test_reasons() -> None:
    """The table of failures has each reason that the code gives, and the contract names them."""
    section = PAGE.split("## What to look at")[1].split("\n## ")[0]
    described = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) - {"reason_code"}
    code = inspect.getsource(sender) + inspect.getsource(rendering)
    given = set(re.findall(r'RenderingError\(\s*"(\w+)"', code))
    given |= set(re.findall(r'_fail\([^)]*"(\w+)"', code))
    assert described == given
    proto = ROOT / "protos" / message_events_pb2.DESCRIPTOR.name
    assert all(reason in proto.read_text("utf-8") for reason in given)


def test_settings() -> None:
    """The table of settings has each variable of notify's own, and the usual sender."""
    own = {
        names[0]
        for field, names in settings.NotifySettings.variables().items()
        if field not in Settings.model_fields.keys() | LedgerSettings.model_fields.keys()
    }
    assert {name for name in own if f"`{name}`" not in PAGE} == set()
    assert settings.DEFAULT_SENDER in PAGE
