"""`motcua archive` and `motcua restore`: the log as files, and an empty topic filled from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cli.formatting import print_json
from cli.log_repair.repair import note
from cli.operator_name import operator_name
from cli.options import JSON
from cli.printer import count_progress, counted, failed, out
from cli.settings import settings
from cli.stack.plan import SERVICES
from cli.stack.stopped import StillRunning, require_none_answers, stopped
from cli.stack.topic_at_hand import topic_at_hand
from kernel.archive.archive import SUMS, Archive
from kernel.archive.archiving import extend, lacking, remaining
from kernel.archive.segment import ArchiveError
from kernel.base.clock import RealClock
from kernel.base.instants import isoformat
from kernel.consumer.reading.kafka_reader import KafkaReader
from kernel.kafka.exact_writer import OffsetTaken, write_exactly
from kernel.kafka.topics import TopicError, check_topics, ensure_topics

Folder = Annotated[Path, typer.Argument(help="The archive's folder.")]


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (ArchiveError, OffsetTaken, StillRunning, TopicError, TimeoutError) as error:
        raise failed(str(error)) from error
    except OSError as error:
        raise failed(f"{error.filename}: {error.strerror}") from error


def archive(
    folder: Folder,
    only_check: Annotated[
        bool, typer.Option("--check", help="Read the whole archive, and add nothing.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """Write the log to files.

    From where the archive ends to where the log ends now; the services may run. The archive holds
    no keys: what is sealed stays so. Refused when the log is another one than the archived one, or
    has lost records. Exit status 1 then, and when --check finds a file missing, changed or
    exchanged.
    """
    with _explained():
        found = Archive(folder)
        if only_check:
            _check(found, as_json=as_json)
            return
        with (
            found.reserved(),
            topic_at_hand() as (cluster, topic),
            closing(KafkaReader(cluster, topic.name)) as reader,
            count_progress("archive") as report,
        ):
            check_topics(cluster, [topic])
            added = extend(found, reader, topic.name, RealClock(), report)
    if as_json:
        print_json({"added": added, "ok": True})
    else:
        out.print(f"{counted(added, 'record')} added to {folder}")


def restore(folder: Folder, as_json: JSON = False) -> None:
    """Fill an empty topic from an archive.

    Each record gets its offset and its bytes. The topic is made when it is missing. The services
    have to be stopped; those of the local stack are kept stopped meanwhile. Nothing is overwritten:
    a topic with any other record is refused. Killed, run it again.
    """
    data = settings().data_dir.absolute()
    with _explained(), ExitStack() as held:
        found = Archive(folder)
        if not found.partitions:
            raise ArchiveError(f"{folder} holds no archive: it has no {SUMS}")
        cluster, topic = held.enter_context(topic_at_hand(new=True))
        for service in SERVICES:
            held.enter_context(stopped(data, service))
        require_none_answers()
        ensure_topics(cluster, topics=[topic])
        with (
            closing(KafkaReader(cluster, topic.name)) as reader,
            count_progress("compare") as report,
        ):
            ends = lacking(found, reader, report)
        entry = {"what": "restored", "archive": str(folder.absolute()), "topic": topic.name}
        with count_progress("restore") as report:
            lacked = remaining(found, ends)
            written = write_exactly(cluster, topic.name, lacked, lambda done: report(done, 0))
        now = isoformat(RealClock().now())
        note(data, entry | {"by": operator_name(), "at": now, "written": written})
    if as_json:
        print_json(entry | {"written": written, "ok": True})
        return
    out.print(f"{counted(written, 'record')} written; {topic.name} holds the whole archive")
    out.print(
        "start the services, and then `motcua log check`: what they hold beyond the archive, "
        "`motcua log repair` gives back"
    )


def _check(found: Archive, *, as_json: bool) -> None:
    partitions = []
    read = 0
    with count_progress("check") as report:
        for partition in range(found.partitions):
            end = 0
            for record in found.records(partition):
                end, read = record.offset + 1, read + 1
                report(read, 0)
            files = len(found.segments.get(partition, ()))
            partitions.append({"partition": partition, "files": files, "end": end})
    if as_json:
        print_json({"records": read, "partitions": partitions, "ok": True})
        return
    files = sum(each["files"] for each in partitions)
    out.print(
        f"{counted(read, 'record')} in {counted(files, 'file')}; none is missing or was changed"
    )
