"""A desk that speaks on a fresh topic, for tests of the real notify process."""

from tests.support.fixtures import notify_desk

__all__ = ["notify_desk"]
