"""The real notify service as a process, with the citizens' keys and what operators ask of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import PersonalData
from motcua.events.v1.event_pb2 import Event
from motcua.notify.v1 import notify_pb2 as pb
from motcua.notify.v1.notify_pb2_grpc import NotifyServiceStub
from motcua.operations.v1 import operations_pb2
from motcua.operations.v1.operations_pb2_grpc import OperationsServiceStub

from infra.local.child import spawn
from infra.local.ports import free_port
from infra.local.smtp import MailSink, SinkHandler
from kernel.crypto.keyring import Keyring
from kernel.storage.engines import open_engine
from tests.support.feed import producer, wait_until
from tests.support.identity import metadata
from tests.support.letters import PERSON, Streams, seal, submitted

MASTER_KEY = "5a" * 32
OPERATOR = metadata("operator", "an", language="en")
QUICK = "0.3,0.3,0.3"
"""A timetable of four attempts within a second or so."""


class Desk:
    """The rest of the office: puts other services' events on the log, and seals citizens' data."""

    def __init__(self, bootstrap: str, topic: str, keyring_url: str) -> None:
        self.bootstrap = bootstrap
        self.topic = topic
        self.keyring_url = keyring_url
        self._engine = open_engine(keyring_url, "keyring")
        self._keyring = Keyring(self._engine, bytes.fromhex(MASTER_KEY))
        self._producer = producer(bootstrap)
        self._streams = Streams()

    def close(self) -> None:
        """Let the keys and the log go."""
        self._producer.close()
        self._engine.dispose()

    def submit(self, code: str, person: PersonalData = PERSON, **filed: Any) -> Event:
        """Have a person submit a dossier."""
        return self.say(code, submitted(seal(self._keyring, code, person), **filed))[0]

    def say(self, code: str, *payloads: Message) -> list[Event]:
        """Put events about a dossier on the log."""
        events = [self._streams.event(code, payload) for payload in payloads]
        sent = [
            self._producer.send(self.topic, event.SerializeToString(), key=event.stream_id.encode())
            for event in events
        ]
        self._producer.flush(60)
        for future in sent:
            future.get(0)
        return events

    def erase(self, code: str) -> None:
        """Destroy the key of a dossier's data."""
        assert self._keyring.destroy(code)


class NotifyProcess:
    """The service by `python -m services.notify.main`; ended with the block, killed in between."""

    def __init__(
        self,
        desk: Desk,
        folder: Path,
        smtp_port: int,
        *,
        database_url: str = "",
        retry: str = QUICK,
        **environment: str,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.log = folder / "notify.log"
        self.database_url = database_url or f"sqlite:///{folder / 'notify.sqlite3'}"
        self._port = free_port()
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("MOTCUA", "NOTIFY"))},
            "MOTCUA_DATA_DIR": str(folder),
            "KAFKA_BOOTSTRAP_SERVERS": desk.bootstrap,
            "MOTCUA_TOPIC": desk.topic,
            "NOTIFY_DATABASE_URL": self.database_url,
            "KEYRING_DATABASE_URL": desk.keyring_url,
            "MOTCUA_MASTER_KEY": MASTER_KEY,
            "NOTIFY_PORT": str(self._port),
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(smtp_port),
            "NOTIFY_RETRY_SECONDS": retry,
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: grpc.Channel | None = None

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        """Start, and wait until it has read the log."""
        before = self.count_logged("service.ready")
        command = [sys.executable, "-m", "services.notify.main"]
        self._process = spawn(
            command, log=self.log, death_signal=signal.SIGKILL, env=self._environment
        )
        self._channel = grpc.insecure_channel(f"127.0.0.1:{self._port}")
        wait_until(lambda: self.count_logged("service.ready") > before, seconds=40, what="ready")
        return self

    def kill(self) -> None:
        """End it without a warning, or take note that this was done."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._close()

    def stop(self) -> int:
        """End it as a supervisor does; gives its exit status."""
        assert self._process is not None
        self._process.terminate()
        status = self._process.wait(30)
        self._close()
        return status

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            print(self.log.read_text("utf-8")[-6000:])
        if self._process is not None:
            self.stop()

    def count_logged(self, event: str) -> int:
        """Count the lines of the log of one name."""
        text = self.log.read_text("utf-8") if self.log.exists() else ""
        return text.count(f'"event": "{event}"')

    # -- what operators ask ---

    def messages(self, code: str = "", state: pb.MessageState = 0) -> list[pb.Message]:  # type: ignore[assignment]
        """List messages, oldest first."""
        request = pb.ListMessagesRequest(dossier_code=code, state=state, page_size=200)
        answer = self._stub().ListMessages(request, timeout=10, metadata=OPERATOR)
        return list(reversed(answer.messages))

    def has_messages(self, code: str) -> bool:
        """Return whether there is a message about a dossier."""
        return bool(self.messages(code))

    def get(self, message_id: str) -> pb.GetMessageResponse:
        """Show one message."""
        request = pb.GetMessageRequest(message_id=message_id)
        found: pb.GetMessageResponse = self._stub().GetMessage(
            request, timeout=10, metadata=OPERATOR
        )
        return found

    def counts(self) -> dict[tuple[str, int], tuple[int, int]]:
        """Return for each kind and state how many messages, and how many of them perhaps twice."""
        answer = self._stub().CountMessages(
            pb.CountMessagesRequest(), timeout=10, metadata=OPERATOR
        )
        return {(c.kind, c.state): (c.count, c.maybe_sent) for c in answer.counts}

    def quarantined(self) -> list[operations_pb2.QuarantinedRecord]:
        """List the records that were quarantined."""
        assert self._channel is not None
        request = operations_pb2.ListQuarantinedRequest()
        stub = OperationsServiceStub(self._channel)
        return list(stub.ListQuarantined(request, timeout=10, metadata=OPERATOR).records)

    def resend(self, message_id: str, request_id: str = "") -> str:
        """Have a failed message planned again; gives the new one's id."""
        request = pb.ResendMessageRequest(
            request_id=request_id or str(uuid.uuid4()), message_id=message_id
        )
        answer: pb.ResendMessageResponse = self._stub().ResendMessage(
            request, timeout=10, metadata=OPERATOR
        )
        return answer.message_id

    def settled(self, number: int) -> bool:
        """Return whether there are so many messages, and none is under way."""
        found = self.messages()
        return len(found) == number and all(m.state != pb.MESSAGE_STATE_QUEUED for m in found)

    def _stub(self) -> NotifyServiceStub:
        assert self._channel is not None
        return NotifyServiceStub(self._channel)

    def _close(self) -> None:
        self._process = None
        if self._channel is not None:
            self._channel.close()
            self._channel = None


@contextmanager
def sink_with(handler: SinkHandler, port: int) -> Iterator[MailSink]:
    """Run a mail sink that behaves as its handler does."""
    sink = MailSink(handler.folder, port)
    sink.handler = handler
    with sink:
        yield sink


class Tripwire:
    """A port that nobody may touch; `touched` counts who did."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", free_port()))
        self.port = int(self._socket.getsockname()[1])
        self.touched = 0
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _listen(self) -> None:
        while True:
            try:
                self._socket.accept()[0].close()
            except OSError:
                return
            self.touched += 1
