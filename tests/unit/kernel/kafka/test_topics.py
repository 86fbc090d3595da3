"""A topic that would lose or disorder events is not used, and it is said why."""

from __future__ import annotations

import pytest

from kernel.base.halt import HaltReason
from kernel.kafka.topic_watch import TopicWatch
from kernel.kafka.topics import IN_SYNC, KEPT, Found, Topic, differences, wrong

TOPIC = Topic("events")


def found(*, partitions: int = 6, replicas: int = 1, **settings: str) -> Found:
    """Return a topic that is right but for what is given."""
    changed = {name.replace("_", "."): value for name, value in settings.items()}
    return Found([replicas] * partitions, {**KEPT, IN_SYNC: "1", **changed})


@pytest.mark.parametrize(
    ("there", "lines"),
    [
        (found(), []),
        (found(replicas=3, min_insync_replicas="2"), []),
        (found(max_message_bytes="8000000"), []),
        (found(partitions=1), ["1 partitions, not 6"]),
        (found(retention_ms="604800000"), ["retention.ms=604800000, not -1"]),
        (found(retention_bytes="1000"), ["retention.bytes=1000, not -1"]),
        (found(cleanup_policy="compact"), ["cleanup.policy=compact, not delete"]),
        (found(cleanup_policy="compact,delete"), ["cleanup.policy=compact,delete, not delete"]),
        (
            found(unclean_leader_election_enable="true"),
            ["unclean.leader.election.enable=true, not false"],
        ),
        (found(replicas=3), ["min.insync.replicas=1, not 2, with 3 replicas"]),
        (
            Found([3, 3, 1, 3, 3, 3], {**KEPT, IN_SYNC: "1"}),
            [
                "min.insync.replicas=1, not 2, with 3 replicas",
                "a partition with 1 replica, others with 3",
            ],
        ),
    ],
)
def test_each_difference_is_named(there: Found, lines: list[str]) -> None:
    """By Kafka's own names, with the value that is there and the one that must be."""
    assert differences(TOPIC, there) == lines


def test_the_advice_fits_what_is_wrong() -> None:
    """Partitions of a topic with records can't be mended by a command."""
    assert wrong(TOPIC, found()) == ""
    gone = wrong(TOPIC, None)
    assert gone.startswith("topic events is missing; if it has had events, see docs/operators.md,")
    assert gone.endswith("; to make a new one: motcua topic fix")
    lossy = wrong(TOPIC, found(retention_ms="1"))
    assert lossy == "topic events has retention.ms=1, not -1; to mend it: motcua topic fix"
    uneven = wrong(TOPIC, Found([3, 1, 3, 3, 3, 3], {**KEPT, IN_SYNC: "2"}))
    assert uneven.endswith("for the replicas see docs/operators.md, 'The topic'")
    assert "while it has no records; else see docs/operators.md" in wrong(
        TOPIC, found(partitions=9)
    )


def test_a_topic_is_used_only_while_it_is_known_to_be_right() -> None:
    """Not before the cluster has shown it; while the cluster is away, what it said last holds."""
    answers: list[Found | Exception | None] = [
        OSError(), None, OSError(), found(), OSError(), found(partitions=1), found(),
    ]  # fmt: skip

    def look() -> Found | None:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    watch = TopicWatch(TOPIC, look)
    seen = [watch.halt.reason if watch.halt else None]
    while answers:
        watch.refresh()
        seen.append(watch.halt.reason if watch.halt else None)
    assert seen == [
        HaltReason.TOPIC_UNKNOWN, HaltReason.TOPIC_UNKNOWN,
        HaltReason.TOPIC_MISSING, HaltReason.TOPIC_MISSING,
        None, None,
        HaltReason.TOPIC_DIFFERS,
        None,
    ]  # fmt: skip


def test_a_cluster_that_refuses_to_show_the_topic_is_named() -> None:
    """Such as one whose access list lacks the right to describe it."""

    def look() -> Found | None:
        raise PermissionError("secret")

    watch = TopicWatch(TOPIC, look)
    watch.refresh()
    assert watch.halt is not None
    assert watch.halt.why == "the settings of topic events can't be read (PermissionError)"
