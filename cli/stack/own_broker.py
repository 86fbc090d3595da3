"""The stack's own broker, started for as long as a command takes where nothing runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cli.printer import err
from cli.settings import settings
from cli.stack.addresses import running_stack
from infra.local.kafka import KafkaBroker
from infra.supervisor import state


@contextmanager
def own_broker(*, new: bool = False) -> Iterator[str]:
    """Return the address of a broker on the log of the data folder; empty when a stack runs there,
    another cluster is used, or the folder has no log and may not get a ``new`` one.

    Raise ``AlreadyRunning``, ``BrokerError`` or ``JarError``.
    """
    given = settings()
    folder = given.data_dir.absolute()
    if running_stack(folder) or given.kafka or not (new or (folder / "kafka").is_dir()):
        yield ""
        return
    err.print("nothing runs here: starting the stack's own broker for this command")
    with (
        state.acquire(folder),  # no other broker is started on the same data meanwhile
        KafkaBroker(folder / "kafka", given.kafka_port) as broker,
    ):
        yield broker.bootstrap
