"""The kernel's metrics: each has a name, a unit, and a sentence that explains it.

A metric costs next to nothing until ``bind`` connects it. Attributes are few and closed: names of
methods, codes, reasons, partitions; never a person, a stream or an id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation
    from opentelemetry.metrics import Counter as OtelCounter
    from opentelemetry.metrics import Histogram as OtelHistogram

Number = int | float
Attributes = dict[str, str | int | bool]
Readings = Number | Iterable[tuple[Number, Attributes]]

CALL_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10)
"""Seconds of a call: a millisecond to the longest deadline in use."""
DELAY_BUCKETS: Final = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    5,
    15,
    60,
    600,
    3600,
    14_400,
    86_400,
)
"""Seconds between services: milliseconds when all is well, hours or a day when it is not."""
SIZE_BUCKETS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1000, 5000)


class Metric:
    """The name, the unit and the sentence of a metric."""

    def __init__(self, name: str, unit: str, sentence: str) -> None:
        self.name = name
        self.unit = unit
        self.sentence = sentence


class Counter(Metric):
    """A number that only grows."""

    _instrument: OtelCounter | None = None

    def add(self, amount: Number = 1, attributes: Attributes | None = None) -> None:
        """Count; does nothing while no exporter is set."""
        if self._instrument is not None:
            self._instrument.add(amount, attributes)

    def bind(self, meter: Meter | None) -> None:
        """Connect to a meter, or to none."""
        self._instrument = (
            None if meter is None else meter.create_counter(self.name, self.unit, self.sentence)
        )


class Histogram(Metric):
    """The distribution of a quantity, in buckets chosen for it."""

    _instrument: OtelHistogram | None = None

    def __init__(self, name: str, unit: str, buckets: Sequence[Number], sentence: str) -> None:
        super().__init__(name, unit, sentence)
        self.buckets = buckets

    def record(self, amount: Number, attributes: Attributes | None = None) -> None:
        """Record one value; does nothing while no exporter is set."""
        if self._instrument is not None:
            self._instrument.record(amount, attributes)

    def bind(self, meter: Meter | None) -> None:
        """Connect to a meter, or to none."""
        if meter is None:
            self._instrument = None
            return
        self._instrument = meter.create_histogram(
            self.name,
            self.unit,
            self.sentence,
            explicit_bucket_boundaries_advisory=list(self.buckets),
        )


class Gauge(Metric):
    """A number that goes up and down, read from its source at each export."""

    def __init__(self, name: str, unit: str, sentence: str) -> None:
        super().__init__(name, unit, sentence)
        self._source: Callable[[], Readings] | None = None

    def observe(self, source: Callable[[], Readings]) -> None:
        """Set the source, which returns a number, or numbers with their attributes, and must not
        block for long.
        """
        self._source = source

    def read(self) -> list[tuple[Number, Attributes]]:
        """Return what the source returns now; an empty list when there is none."""
        found = self._source() if self._source is not None else ()
        return [(found, {})] if isinstance(found, int | float) else list(found)

    def bind(self, meter: Meter | None) -> None:
        """Connect to a meter, or to none."""
        if meter is not None:
            meter.create_observable_gauge(self.name, [self._observations], self.unit, self.sentence)

    def _observations(self, _options: CallbackOptions) -> Iterable[Observation]:
        from opentelemetry.metrics import Observation

        return [Observation(value, attributes) for value, attributes in self.read()]


Instrument = Counter | Histogram | Gauge

RPC_DURATION = Histogram(
    "motcua.rpc.duration",
    "s",
    CALL_BUCKETS,
    "Time from a call's arrival to its answer, by method and code.",
)
RPC_ACTIVE_STREAMS = Gauge("motcua.rpc.streams", "{stream}", "Streams that are open now.")
RPC_WINDOWS = Gauge(
    "motcua.rpc.windows", "{window}", "Times in which calls of a caller are counted; at rest 0."
)
RPC_LIMITED = Counter(
    "motcua.rpc.limited",
    "{call}",
    "Calls that a limit on their caller refused, by method and reason.",
)
RPC_DENIED = Counter("motcua.rpc.denied", "{call}", "Calls that were denied, by method and reason.")
COMMANDS_REPEATED = Counter(
    "motcua.commands.repeated",
    "{command}",
    "Commands that came again and got their first answer, by method.",
)
COMMANDS_ABANDONED = Counter(
    "motcua.commands.abandoned",
    "{command}",
    "Commands whose caller was gone before they began, by method.",
)
WRITER_BATCH = Histogram(
    "motcua.writer.batch", "{job}", SIZE_BUCKETS, "Jobs that shared one transaction of the writer."
)
LAG = Gauge(
    "motcua.consumer.lag", "{record}", "Records of the log that are not yet handled, by partition."
)
HANDLED = Counter("motcua.consumer.handled", "{event}", "Events whose effects were committed.")
REPEATS = Counter("motcua.consumer.repeats", "{event}", "Events that were met again and skipped.")
UNKNOWN = Counter(
    "motcua.consumer.unknown", "{event}", "Events of a type newer than this build, skipped."
)
KEY_MISMATCHES = Counter(
    "motcua.consumer.key_mismatches",
    "{record}",
    "Records whose key is another than their event's: a matter of security.",
)
UNAUTHENTICATED = Counter(
    "motcua.consumer.unauthenticated",
    "{record}",
    "Records that no source has proven to be its own: a matter of security.",
)
CONFLICTS = Counter(
    "motcua.consumer.conflicts",
    "{record}",
    "Records at whose place in their stream another event was taken: a matter of security.",
)
FENCED = Counter(
    "motcua.consumer.fenced",
    "{batch}",
    "Batches abandoned because another worker had moved the position.",
)
STALLED = Counter(
    "motcua.consumer.stalled",
    "{record}",
    "Records that the stall detector found and Faust had not delivered.",
)
BULK_RECORDS = Counter(
    "motcua.consumer.bulk", "{record}", "Records read in bulk instead of one by one."
)
DELAY = Histogram(
    "motcua.consumer.delay",
    "s",
    DELAY_BUCKETS,
    "Time from an event's commit in its service to its effect here.",
)
CONSUMER_BATCH = Histogram(
    "motcua.consumer.batch",
    "{record}",
    SIZE_BUCKETS,
    "Records whose effects shared one transaction.",
)
QUARANTINED = Gauge("motcua.quarantine.size", "{record}", "Records in quarantine.")
OUTBOX_SIZE = Gauge("motcua.outbox.size", "{event}", "Events committed and not yet published.")
OUTBOX_AGE = Gauge("motcua.outbox.age", "s", "Age of the oldest event not yet published.")
OUTBOX_QUARANTINED = Gauge(
    "motcua.outbox.quarantined", "{event}", "Events that the broker refused."
)
PUBLISHED = Counter(
    "motcua.outbox.published", "{event}", "Events that the broker has acknowledged."
)
PUBLISH_FAILURES = Counter(
    "motcua.outbox.failures", "{send}", "Sends that failed, by kind of fault."
)
TOPIC_WRONG = Gauge(
    "motcua.topic.wrong",
    "{topic}",
    "Topics (0 or 1) that are missing, not as they must be, or not yet known.",
)
LEDGER_AGE = Gauge(
    "motcua.ledger.age",
    "s",
    "How long ago all that was read of the log was signed in the ledger; 0 while not known.",
)
CLOCK_AHEAD = Gauge(
    "motcua.clock.ahead",
    "s",
    "How far this machine's clock is ahead of the broker's; below 0 when behind.",
)
SCHEDULER_FAILED = Gauge(
    "motcua.scheduler.failed",
    "{stream}",
    "Streams that a periodic task leaves out for a while because its work on them failed.",
)
REACTIONS = Counter(
    "motcua.reactions.done", "{reaction}", "Reactions that appended events, by their cause."
)

METRICS: Final[tuple[Instrument, ...]] = tuple(
    each for each in tuple(vars().values()) if isinstance(each, Instrument)
)
"""All those above."""


def bind(meter: Meter | None, own: Iterable[Instrument] = ()) -> None:
    """Connect the kernel's metrics and a service's own to a meter; None disconnects counters and
    histograms.
    """
    for metric in (*METRICS, *own):
        metric.bind(meter)
