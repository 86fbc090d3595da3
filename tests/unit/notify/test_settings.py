"""What notify is told from outside is right, or refused with the variable's name."""

import pytest

from kernel.config.environment import SettingsError, load
from services.notify.domain.retry_schedule import RETRY_SCHEDULE, attempts, wait_after
from services.notify.settings import NotifySettings


def test_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset, the sender can't be answered and the timetable is the usual one."""
    for name in ("NOTIFY_SENDER", "NOTIFY_RETRY_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    assert str(load(NotifySettings).sender) == "Một Cửa <khong-tra-loi@motcua.invalid>"
    assert load(NotifySettings).retry_seconds == RETRY_SCHEDULE


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("Tỉnh Hà Giang <mc@hagiang.gov.vn>", "Tỉnh Hà Giang", "mc@hagiang.gov.vn"),
        ("mc@hagiang.gov.vn", "", "mc@hagiang.gov.vn"),
        ("=?utf-8?b?Cg==?= <mc@hagiang.gov.vn>", "=?utf-8?b?Cg==?=", "mc@hagiang.gov.vn"),
    ],
)
def test_sender(monkeypatch: pytest.MonkeyPatch, text: str, name: str, address: str) -> None:
    """The sender is a name and an address, or an address alone."""
    monkeypatch.setenv("NOTIFY_SENDER", text)
    sender = load(NotifySettings).sender
    assert (sender.display_name, sender.addr_spec) == (name, address)


@pytest.mark.parametrize(
    "text",
    ["nobody", "a@b\nBcc: c@d", "@b", "a@", "a b <>", "á@b.vn", "Mc <=?utf-8?q?a=0A?=@b.vn>"],
)
def test_wrong_sender(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A sender that is no address is refused."""
    monkeypatch.setenv("NOTIFY_SENDER", text)
    with pytest.raises(SettingsError, match="NOTIFY_SENDER"):
        load(NotifySettings)


@pytest.mark.parametrize("text", ["0", "-1", "1,,2", "nan", "inf", "soon", ","])
def test_wrong_timetable(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A timetable that is no list of positive numbers is refused."""
    monkeypatch.setenv("NOTIFY_RETRY_SECONDS", text)
    with pytest.raises(SettingsError, match="NOTIFY_RETRY_SECONDS"):
        load(NotifySettings)


def test_timetable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt but the last has its wait; whoever begins the last one borrows the longest."""
    monkeypatch.setenv("NOTIFY_RETRY_SECONDS", "0.5, 2")
    waits = load(NotifySettings).retry_seconds
    assert waits == (0.5, 2.0)
    assert attempts(waits) == 3
    assert [wait_after(waits, number) for number in (1, 2, 3)] == [0.5, 2.0, 2.0]
