"""An event that the broker refused is sent again when an operator says so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from kafka.errors import MessageSizeTooLargeError

from tests.support.feed import code_of, wait_until
from tests.support.logs_of_both_kinds import LogInMemory
from tests.support.memory_log import MemoryProducer
from tests.support.resumptions import resume


def test_a_refused_event_and_those_behind_it_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In their order, once the broker takes them; as long as it does not, they wait again."""
    send, refusing = MemoryProducer.send, [code_of(1), code_of(2)]

    def refuse(producer: MemoryProducer, rows: Sequence[Any]) -> Any:
        taken = [row for row in rows if row.stream_id not in refusing]
        acked, _none = send(producer, taken)
        return acked, MessageSizeTooLargeError() if len(taken) < len(rows) else None

    monkeypatch.setattr(MemoryProducer, "send", refuse)
    log = LogInMemory()
    with log.node(f"sqlite:///{tmp_path / 'tally.sqlite'}") as node:
        wait_until(node.is_ready)
        for number in (1, 1, 2, 3):
            node.writer.submit(resume(number)).result(10)
        wait_until(lambda: node.relay.status().quarantined == 2)
        wait_until(lambda: node.relay.status().size == 3)
        assert node.relay.release(code_of(1)) == 1
        wait_until(lambda: node.relay.status().quarantined == 2, what="it is refused again")
        refusing.remove(code_of(1))
        assert node.relay.release(code_of(1)) == 1
        wait_until(lambda: node.relay.status().size == 1)
        refusing.clear()
        assert node.relay.release() == 1
        wait_until(lambda: node.relay.status().size == 0)
    own = [(e.stream_id, e.sequence) for e in log.read() if e.stream_kind == "dossier"]
    assert sorted(own) == [(code_of(1), 1), (code_of(1), 2), (code_of(2), 1), (code_of(3), 1)]
    assert own.index((code_of(1), 1)) < own.index((code_of(1), 2))
