"""`motcua replay`: the log read again, for whom an operator chooses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.formatting import print_json
from cli.options import JSON, in_order, must_exist, parse_instant
from cli.printer import counted, err, failed, out
from cli.replaying import sources
from cli.replaying.event_json import NoEvent
from cli.replaying.filter import Filter, WrongFilter
from cli.replaying.pace import Pace
from cli.replaying.place import KeptPlace, Place, PlaceTaken
from cli.replaying.run import play
from cli.replaying.selection import Selection
from cli.replaying.summary import Summary, summed_up
from cli.replaying.targets.file import FileTarget
from cli.replaying.targets.lines import as_array, as_lines, on_screen
from cli.replaying.targets.target import Target, TargetFailed
from cli.replaying.targets.topic import TopicTarget
from cli.replaying.targets.webhook import WebhookTarget, secret_problem, url_problem
from cli.rpc_errors import audit
from cli.settings import settings
from cli.stack.topic_at_hand import topic_at_hand
from kernel.base.instants import to_us

INTERRUPTED: Final = 130
"""The exit status, as shells have it."""
Goes = Callable[[ExitStack, Place], Target]


def replay(
    from_time: Annotated[str, typer.Option("--from", help="Begin with this instant.")] = "",
    to_time: Annotated[str, typer.Option("--to", help="End before this instant.")] = "",
    dossier: Annotated[str, typer.Option(help="Only this dossier.")] = "",
    after: Annotated[
        list[str] | None,
        typer.Option(help="Continue after PARTITION:OFFSET; once for each partition."),
    ] = None,
    expression: Annotated[
        str, typer.Option("--filter", help="Only events of which this expression (CEL) is true.")
    ] = "",
    from_file: Annotated[
        Path | None, typer.Option(help="Read what --to-file wrote, instead of the log.")
    ] = None,
    to_file: Annotated[
        str, typer.Option(help="Into this file, a JSON object a line; - for standard output.")
    ] = "",
    to_topic: Annotated[str, typer.Option(help="Into this topic, another than the log.")] = "",
    to_kafka: Annotated[
        str, typer.Option(help="Where that topic is (HOST:PORT,…), if not where the log is.")
    ] = "",
    to_webhook: Annotated[
        str, typer.Option(help="To this address, signed with REPLAY_WEBHOOK_SECRET.")
    ] = "",
    speed: Annotated[
        float, typer.Option(help="Times as fast as it happened; 0: at once.", min=0)
    ] = 0.0,
    rate: Annotated[float, typer.Option(help="Events a second at most; 0: any.", min=0)] = 0.0,
    dry_run: Annotated[
        bool, typer.Option(help="Say what would be sent, and send nothing.")
    ] = False,
    restart: Annotated[
        bool, typer.Option(help="Begin anew, also when it was interrupted before.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """Read the log again: to screen, file, topic or webhook.

    Sealed data stays sealed. Each partition is read in the order of the log, the partitions side by
    side by what happened first, up to where the log ends at the beginning of the replay. A replay
    into a file, a topic or a webhook that was interrupted goes on when the same command is given
    again; what was sent last may then be sent twice, with the same ids. A dossier that the log does
    not know is an error.
    """
    selection = Selection(*_period(from_time, to_time), dossier, expression, _places(after or []))
    target, name = _target(to_file, to_topic, to_kafka, to_webhook, as_json=as_json)
    if from_file is not None:
        must_exist(from_file, "--from-file")
    with _explained():
        taken = Filter(expression)
        with ExitStack() as held:
            if dry_run:
                _preview(held, selection, from_file, taken, name, speed, rate, as_json=as_json)
                return
            replay_id = {"source": str(from_file or ""), "to": name} | selection.document()
            kept = None
            if name:
                kept = KeptPlace(settings().data_dir.absolute() / "replays", replay_id)
                held.enter_context(kept.reserved())
                if restart:
                    kept.forget()
            begun = time.monotonic()
            place = _send(held, selection, from_file, taken, target, kept, Pace(speed, rate))
    seconds = time.monotonic() - begun
    if name and as_json:
        print_json({"to": name, "sent": place.sent, "lacking": taken.lacking})
        return
    _lacking(taken)
    err.print(
        f"{counted(place.sent, 'event')} in {seconds:.1f} s "
        f"({place.sent / max(seconds, 1e-9):,.0f}/s)"
    )


def _send(
    held: ExitStack, selection: Selection, from_file: Path | None, taken: Filter, target: Goes,
    kept: KeptPlace | None, pace: Pace,
) -> Place:  # fmt: skip
    before = kept.load() if kept is not None else None
    place = before or Place(after=dict(selection.after))
    if before is not None:
        err.print(f"goes on after {counted(place.sent, 'event')}; --restart begins anew")
    items = _items(held, selection, from_file, place)
    first = next(items, None)  # a failed call fails before anything is written
    to = target(held, place)
    try:
        play(
            _chained(first, items), to, taken, pace, place,
            keep=kept.save if kept is not None else lambda _: None,
        )  # fmt: skip
    except KeyboardInterrupt:
        raise failed(f"interrupted after {_sent(place, kept)}", INTERRUPTED) from None
    except TargetFailed as error:
        raise failed(f"{error}; stopped after {_sent(place, kept)}") from error
    finally:
        to.close()
    if kept is not None:
        kept.forget()
    return place


def _sent(place: Place, kept: KeptPlace | None) -> str:
    again = "; the same command goes on from there" if kept is not None else ""
    return f"{counted(place.sent, 'event')}{again}"


def _chained(first: Any, items: Iterator[Any]) -> Iterator[Any]:
    if first is not None:
        yield first
        yield from items


def _items(
    held: ExitStack, selection: Selection, from_file: Path | None, place: Place
) -> Iterator[Any]:
    if from_file is not None:
        return sources.from_file(from_file, selection, place.after)
    stub = held.enter_context(audit())
    if not place.ends:
        place.ends = sources.ends_of(stub)
    return sources.from_log(stub, selection, place.after, place.ends)


def _preview(
    held: ExitStack, selection: Selection, from_file: Path | None, taken: Filter, name: str,
    speed: float, rate: float, *, as_json: bool,
) -> None:  # fmt: skip
    items = _items(held, selection, from_file, Place(after=dict(selection.after)))
    found = summed_up(filter(taken.takes, items))
    seconds = found.seconds(speed, rate)
    if as_json:
        asked = {"to": name, "seconds": round(seconds, 1), "lacking": taken.lacking}
        print_json({"dry_run": True} | asked | found.document())
        return
    _shown(found, name, seconds)
    _lacking(taken)


def _shown(found: Summary, name: str, seconds: float) -> None:
    shown = found.document()
    out.print(f"would go to {name or 'the screen'}; nothing was sent", markup=False)
    out.print(f"{counted(found.events, 'event')} of {counted(shown['dossiers'], 'dossier')}")
    if found.events:
        out.print(f"happened from {shown['earliest']} to {shown['latest']}")
    if seconds:
        out.print(f"takes {seconds:,.0f} s at least")
    for type_name, count in found.types.most_common():
        out.print(f"{count:>9}  {type_name}")


def _lacking(taken: Filter) -> None:
    if taken.lacking:
        lacking = counted(taken.lacking, "event")
        err.print(f"{lacking} left out that lack what the filter asks for")


def _period(from_time: str, to_time: str) -> tuple[int | None, int | None]:
    first = to_us(parse_instant(from_time, "--from", begins=True)) if from_time else None
    end = to_us(parse_instant(to_time, "--to")) if to_time else None
    if first is not None and end is not None:
        in_order(first, end)
    return first, end


def _places(texts: list[str]) -> dict[int, int]:
    places: dict[int, int] = {}
    for text in texts:
        partition, _, offset = text.partition(":")
        if not (partition.isdecimal() and offset.isdecimal()):
            raise typer.BadParameter(f"{text!r} is no place such as 3:120", param_hint="--after")
        places[int(partition)] = int(offset)
    return places


def _target(
    to_file: str, to_topic: str, to_kafka: str, to_webhook: str, *, as_json: bool
) -> tuple[Goes, str]:
    """Return what makes the target, and its name; the screen has none."""
    if sum(map(bool, (to_file, to_topic, to_webhook))) > 1:
        raise typer.BadParameter("only one of --to-file, --to-topic and --to-webhook may be given")
    if to_kafka and not to_topic:
        raise typer.BadParameter("goes with --to-topic", param_hint="--to-kafka")
    if to_topic:
        if to_topic == settings().topic:
            raise typer.BadParameter(
                f"{to_topic} is the log itself; name another topic", param_hint="--to-topic"
            )
        named = f"topic {to_topic}" + (f" at {to_kafka}" if to_kafka else "")
        return lambda held, _: _topic(held, to_topic, to_kafka), named
    if to_webhook:
        secret = settings().replay_webhook_secret
        if problem := url_problem(to_webhook):
            raise typer.BadParameter(f"{to_webhook} {problem}", param_hint="--to-webhook")
        if problem := secret_problem(secret):
            raise typer.BadParameter(
                f"REPLAY_WEBHOOK_SECRET {problem}: `openssl rand -base64 32` makes one",
                param_hint="--to-webhook",
            )
        return lambda _, __: WebhookTarget(to_webhook, secret), to_webhook
    if to_file == "-":
        return lambda _, __: as_lines(), ""
    if to_file:
        path = Path(to_file).absolute()
        return lambda _, place: FileTarget(path, place.mark), str(path)
    return (lambda _, __: as_array() if as_json else on_screen()), ""


def _topic(held: ExitStack, topic: str, servers: str) -> Target:
    if servers:
        return TopicTarget(replace(settings().cluster, servers=servers), topic)
    cluster, _ = held.enter_context(topic_at_hand())
    return TopicTarget(cluster, topic)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except WrongFilter as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--filter") from wrong
    except (TargetFailed, NoEvent, PlaceTaken) as error:
        raise failed(str(error)) from error
    except OSError as error:
        raise failed(f"{error.filename}: {error.strerror}") from error
