"""How long an event of one service takes to have its effect committed in the next, at a steady
rate.

Intake and routing run as processes of a whole stack. The events are read from the log afterwards:
each CaseOpened names the DossierAccepted that led to it. Two figures bracket the delay from commit
to commit: "at least" is from the acceptance's publication to the case's writing (that leaves out
intake's relay), "at most" from the acceptance's writing to the case's publication (that adds
routing's relay).
"""

from __future__ import annotations

import asyncio
from statistics import quantiles

from kafka import KafkaConsumer, TopicPartition
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted
from motcua.routing.v1.case_events_pb2 import CaseOpened

from benchmarks.filing import EVENTS_EACH, file_steadily
from benchmarks.harness import Figures, Servers, Size
from infra.supervisor.state import read_state
from kernel.base.instants import to_us
from kernel.eventsourcing.envelope import payload_type

NAME = "delay from an event's commit to its effect in the next service (target: p99 < 250 ms)"
RATE = 200
"""Events a second on the log."""
SECONDS = {Size.SMALL: 3, Size.USUAL: 30, Size.FULL: 120}
WARM_UP = {Size.SMALL: 1, Size.USUAL: 10, Size.FULL: 10}
"""Seconds at the start that are not counted: Faust joins its group, connections are made."""


def run(size: Size, servers: Servers) -> Figures:
    """Hand in and accept dossiers at a steady rate, and print the delays in milliseconds."""
    seconds, stack = SECONDS[size], servers.stack()
    address = f"127.0.0.1:{stack.env['INTAKE_PORT']}"
    asyncio.run(file_steadily(address, RATE / EVENTS_EACH, seconds))
    stack.wait_settled()
    kafka = read_state(stack.folder)["kafka"]
    least, most, events = _delays(kafka["bootstrap"], kafka["topic"], WARM_UP[size] / seconds)
    print(f"{events} events, {events / seconds:.0f}/s, {len(most)} pairs")
    figures = {"pairs": float(len(most))}
    for name, values in (("at least", least), ("at most", most)):
        cuts = quantiles(values, n=100)
        print(
            f"{name:9} p50 {cuts[49]:6.1f} ms   p99 {cuts[98]:6.1f} ms   max {max(values):6.1f} ms"
        )
        figures[f"{name}, p99"] = cuts[98]
    return figures


def _delays(bootstrap: str, topic: str, left_out: float) -> tuple[list[float], list[float], int]:
    """Return the delays at least and at most, but for a part at the start, and the log's size."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None)
    places = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic) or ())]
    consumer.assign(places)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(places)
    accepted: dict[str, tuple[int, int]] = {}
    opened: dict[str, tuple[int, int]] = {}
    while any(consumer.position(place) < ends[place] for place in places):
        for records in consumer.poll(500).values():
            for record in records:
                event = Event.FromString(record.value)
                times = (to_us(event.recorded_at), record.timestamp * 1000)
                if payload_type(event) is DossierAccepted:
                    accepted[event.event_id] = times
                elif payload_type(event) is CaseOpened:
                    opened[event.causation_id] = times
    consumer.close()
    pairs = sorted((accepted[c], times) for c, times in opened.items() if c in accepted)
    pairs = pairs[int(len(pairs) * left_out) :]
    least = [max(0, written - published) / 1000 for (_, published), (written, _) in pairs]
    most = [(published - written) / 1000 for (written, _), (_, published) in pairs]
    return least, most, sum(ends.values())
