"""Processes beside the test's own, for what must hold between replicas of a service."""

from __future__ import annotations

import multiprocessing
from multiprocessing.pool import Pool


def replicas(number: int, module: str) -> Pool:
    """Return a pool of processes for functions of a module; a context manager.

    The module is imported once, in a process without threads from which the others are forked: to
    import it in each takes longer than most of what they do.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([module])
    return context.Pool(number)
