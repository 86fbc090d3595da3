"""Which partition a key has."""

from __future__ import annotations

from kafka.partitioner.default import murmur2


def partition_of(key: bytes, count: int) -> int:
    """Return the partition that Kafka's clients give a key, of so many partitions."""
    number: int = (murmur2(key) & 0x7FFFFFFF) % count
    return number
