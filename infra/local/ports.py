"""Free TCP ports on the loopback interface."""

import random
import socket
import threading

# Below the range from which Linux gives ports to outgoing connections (32768 and up): a server that
# is stopped and started again finds its port free, and not taken by some client's socket.
LOWEST = 20_001
HIGHEST = 32_767
# Defaults of the local stack, kept free for it.
RESERVED = frozenset({29092, 29093})

_given: set[int] = set(RESERVED)
_lock = threading.Lock()
_random = random.SystemRandom()  # a test's seed must not choose ports


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on, never given twice by this process.

    Raise OSError when there is none.
    """
    # Other processes ask at the same time: at random, two seldom try the same port.
    with _lock:
        for _ in range(2_000):
            port = _random.randint(LOWEST, HIGHEST)
            if port not in _given and is_free(port):
                _given.add(port)
                return port
    raise OSError(f"no free port found between {LOWEST} and {HIGHEST}")


def is_free(port: int) -> bool:
    """Return whether a server could listen on 127.0.0.1:port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
