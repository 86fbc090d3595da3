"""A served postal office on SQLite; what differs between databases is in the contract tests."""

from tests.support.fixtures import serve, serving

__all__ = ["serve", "serving"]
