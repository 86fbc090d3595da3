"""Faust within a service: what sets it up, and how its own thread ends."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from mode.threads import ServiceThread

from kernel.consumer.reading import faust_adapter


class _NoAnswer(ServiceThread):
    """Waits at its end for a broker that does not answer."""

    async def on_thread_stop(self) -> None:
        await asyncio.Event().wait()


class _Cancelled(ServiceThread):
    """Meets a cancelled fetch while it is to go on."""

    async def on_thread_started(self) -> None:
        raise asyncio.CancelledError


@pytest.fixture
def fallen(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What threads of this test fell over."""
    seen: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(args.exc_type))
    return seen


def _app(service: ServiceThread) -> Any:
    return SimpleNamespace(consumer=SimpleNamespace(_thread=service))


def test_a_thread_that_hangs_at_its_end_is_cancelled(fallen: list[Any]) -> None:
    async def run() -> Any:
        service = _NoAnswer()
        await service.start()
        await faust_adapter._end_fetcher(_app(service))
        return service._thread

    thread = asyncio.run(run())
    assert isinstance(thread, faust_adapter._DaemonThread)
    assert not thread.is_alive()
    assert fallen == []


def test_a_thread_cancelled_while_it_is_to_go_on_is_said(fallen: list[Any]) -> None:
    async def run() -> None:
        service = _Cancelled()
        starting = asyncio.ensure_future(service.start())
        while service._thread is None or service._thread.is_alive():
            await asyncio.sleep(0.01)
        starting.cancel()

    asyncio.run(run())
    assert fallen == [asyncio.CancelledError]


async def test_the_environment_sets_nothing_of_faust(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its variables have names that other programs use, and would overrule what is given."""
    for name, value in {
        "WEB_PORT": "0", "BROKER_URL": "kafka://elsewhere", "TIMEZONE": "Europe/Paris",
        "BROKER_SESSION_TIMEOUT": "1", "CONSUMER_AUTO_OFFSET_RESET": "nonsense",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    conf = faust_adapter.bare_app("group", "127.0.0.1:9", offset_reset="latest").conf
    assert [str(url) for url in conf.broker] == ["kafka://127.0.0.1:9"]
    assert (conf.broker_session_timeout, conf.consumer_auto_offset_reset) == (10, "latest")
