"""`motcua replay`: the log read again."""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from google.protobuf.json_format import MessageToDict
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.event_pb2 import Event

from cli.formatting import OFFSET, moment
from cli.grpc_clients import identity
from cli.options import JSON, in_order, parse_instant
from cli.printer import counted, err, failed
from cli.rpc_errors import audit
from kernel.base.instants import SECOND, to_us
from kernel.eventsourcing.envelope import payload_type

LONG = 3600.0


def replay(
    from_time: Annotated[str, typer.Option("--from", help="Begin with this instant.")] = "",
    to_time: Annotated[str, typer.Option("--to", help="End before this instant.")] = "",
    dossier: Annotated[str, typer.Option(help="Only this dossier.")] = "",
    speed: Annotated[
        float, typer.Option(help="Times as fast as it happened; 0: at once.", min=0)
    ] = 0.0,
    output: Annotated[
        Path | None, typer.Option("--output", help="Into this file, a JSON object a line.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Read the log again, to the screen or into a file. Sealed data stays sealed.

    Each partition is read in the order of the log, the partitions side by side by what happened
    first. A dossier that the log does not know is an error.
    """
    request = pb.StreamEventsRequest(dossier_code=dossier)
    if from_time:
        request.from_time.CopyFrom(parse_instant(from_time, "--from", begins=True))
    if to_time:
        request.to_time.CopyFrom(parse_instant(to_time, "--to"))
    if from_time and to_time:
        in_order(to_us(request.from_time), to_us(request.to_time))
    begun = time.monotonic()
    with audit() as stub:
        stream = _begun(stub.StreamEvents(request, timeout=LONG, metadata=identity()))
        count = _play(_paced(stream, speed), output, as_json=as_json)
    seconds = time.monotonic() - begun
    err.print(f"{counted(count, 'event')} in {seconds:.1f} s ({count / max(seconds, 1e-9):,.0f}/s)")


def _begun(stream: Iterable[Any]) -> Iterable[Any]:
    """Wait for a stream's first item, so that a failed call fails before anything is written."""
    items = iter(stream)
    return chain(list(islice(items, 1)), items)


def _play(stream: Iterable[Any], output: Path | None, *, as_json: bool) -> int:
    with _target(output) as target:
        if output:
            return _write(stream, target, lambda item: _object(item) + "\n")
        if as_json:
            return _write_array(stream, target)
        return _write(stream, target, _line)


@contextmanager
def _target(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    try:
        file = output.open("w", encoding="utf-8")
    except OSError as error:
        raise failed(f"{output}: {error.strerror}") from error
    with file:
        yield file


def _paced(stream: Iterable[pb.StreamEventsResponse], speed: float) -> Iterator[Any]:
    """Return the events of a stream, each not before its time has come; at once when speed is 0."""
    first: int | None = None
    begun = time.monotonic()
    for item in stream:
        happened = to_us(item.occurred_at)
        first = happened if first is None else first
        if speed:
            ahead = (happened - first) / SECOND / speed - (time.monotonic() - begun)
            if ahead > 0:
                sys.stdout.flush()
                time.sleep(ahead)
        yield item


def _write(stream: Iterable[Any], target: TextIO, form: Callable[[Any], str]) -> int:
    count = 0
    for item in stream:
        target.write(form(item))
        count += 1
    return count


def _write_array(stream: Iterable[Any], target: TextIO) -> int:
    count = 0
    target.write("[")
    for item in stream:
        target.write((",\n" if count else "\n") + _object(item))
        count += 1
    target.write("\n]\n")
    return count


def _line(item: pb.StreamEventsResponse) -> str:
    place = f"{item.partition}:{item.offset}"
    return f"{moment(item.occurred_at)} {OFFSET}  {place:<8} {item.stream_id:<22} {item.type}\n"


def _object(item: pb.StreamEventsResponse) -> str:
    event = _document(Event.FromString(item.body))
    place = {"partition": item.partition, "offset": item.offset, "type": item.type}
    return json.dumps(place | {"event": event}, ensure_ascii=False)


def _document(event: Event) -> dict[str, Any]:
    """Return an event as JSON has it; as its bytes a payload that this build does not know, or that
    JSON can't hold, such as an instant after the year 9999.
    """
    if payload_type(event) is not None:
        try:
            return MessageToDict(event, preserving_proto_field_name=True)
        except ValueError:
            pass
    envelope = Event()
    envelope.CopyFrom(event)
    envelope.ClearField("payload")
    payload = {
        "@type": event.payload.type_url,
        "value": base64.b64encode(event.payload.value).decode(),
    }
    return MessageToDict(envelope, preserving_proto_field_name=True) | {"payload": payload}
