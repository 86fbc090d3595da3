"""Compares the topic with what it must be, at the start and every few seconds, in a thread of its
own.

Until the cluster has shown a topic that is right, and whenever it shows one that is not, nothing is
taken from it and nothing is published into it. While the cluster is away, what it said last holds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from kernel.base.halt import Halt, HaltReason
from kernel.kafka.clients import make_admin
from kernel.kafka.cluster import Bootstrap
from kernel.kafka.topics import Found, Topic, find, wrong
from kernel.telemetry import metrics
from kernel.telemetry.logs import get_logger
from kernel.telemetry.vital_threads import vital_thread

INTERVAL: Final = 3.0
"""Seconds between two looks."""
BOOTSTRAP_MS: Final = 2_500
REQUEST_MS: Final = 5_000
_log = get_logger(__name__)


def look_up(bootstrap: Bootstrap, topic: Topic) -> Found | None:
    """Return the topic as the cluster has it, None when it has none; blocks until it answers, and
    raise kafka-python's errors.
    """
    admin = make_admin(bootstrap, bootstrap_timeout_ms=BOOTSTRAP_MS, request_timeout_ms=REQUEST_MS)
    try:
        return find(admin, topic)
    finally:
        admin.close()


class TopicWatch:
    """Knows whether the topic may be used. Thread-safe."""

    def __init__(self, topic: Topic, look: Callable[[], Found | None]) -> None:
        """``look`` returns the topic as the cluster has it; it may block or raise."""
        self._topic = topic
        self._look = look
        self._halt: Halt | None = Halt(
            HaltReason.TOPIC_UNKNOWN, f"the settings of topic {topic.name} are not known yet"
        )
        self._stopping = threading.Event()
        self._thread = vital_thread(self._run, "topic-watch")
        metrics.TOPIC_WRONG.observe(lambda: int(self.halt is not None))

    @classmethod
    def of(cls, bootstrap: Bootstrap, topic: Topic) -> TopicWatch:
        """Return the watch of a topic on a cluster."""
        return cls(topic, partial(look_up, bootstrap, topic))

    def start(self) -> None:
        """Start the thread; the broker may be away."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, without waiting for an answer that is under way."""
        self._stopping.set()

    @property
    def halt(self) -> Halt | None:
        """Why the topic may not be used; None while it may."""
        return self._halt

    def refresh(self) -> None:
        """Look once."""
        try:
            found = self._look()
        except Exception as error:  # whatever it is: the cluster does not say how the topic is
            if self._halt is not None and self._halt.reason is HaltReason.TOPIC_UNKNOWN:
                why = f"the settings of topic {self._topic.name} can't be read"
                self._set(Halt(HaltReason.TOPIC_UNKNOWN, f"{why} ({type(error).__qualname__})"))
            return
        missing = found is None
        reason = HaltReason.TOPIC_MISSING if missing else HaltReason.TOPIC_DIFFERS
        why = wrong(self._topic, found)
        self._set(Halt(reason, why) if why else None)

    def _set(self, halt: Halt | None) -> None:
        before, self._halt = self._halt, halt
        if halt == before:
            return
        if halt is not None:
            _log.error("topic.wrong", reason=halt.reason, why=halt.why)
        else:
            _log.info("topic.right")

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.refresh()
            self._stopping.wait(INTERVAL)
