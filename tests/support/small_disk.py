"""A small file system for programs that are to meet a full disk: memory, mounted at a folder in a
namespace of their own, so that it needs no rights and harms nobody.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from infra.local.child import spawn

_MOUNTED: Final = 'mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && exec "$@"'
_FILLER: Final = "filler"


class SmallDisk:
    """Runs one program whose folder is on a disk of its own; a context manager that ends it."""

    def __init__(self, folder: Path, size_mb: int) -> None:
        self._folder = folder
        self._size = f"{size_mb}m"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        self.log = folder.parent / f"{folder.name}.log"
        """Beside the disk, and never full."""

    def start(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start the program; skip the test where a user may not mount anything."""
        if (
            shutil.which("unshare") is None
            or subprocess.run(
                ["unshare", "-Urm", "true"], capture_output=True, check=False
            ).returncode
        ):
            pytest.skip("users have no namespaces of their own here")
        mounted = ["sh", "-c", _MOUNTED, "sh", self._size, str(self._folder), *command]
        self._process = spawn(
            ["unshare", "-Urm", *mounted],
            log=self.log,
            death_signal=signal.SIGTERM,
            env={**os.environ, **env},
        )

    @property
    def root(self) -> Path:
        """The folder as the program sees it."""
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/root{self._folder}")

    @property
    def runs(self) -> bool:
        """Whether the program runs."""
        return self._process is not None and self._process.poll() is None

    def fill(self, leave: int = 0) -> None:
        """Use up all space, or all but some bytes."""
        with (self.root / _FILLER).open("ab", buffering=0) as filler:
            free = shutil.disk_usage(self.root).free
            while free > leave:
                filler.write(bytes(min(free - leave, 1 << 20)))
                free = shutil.disk_usage(self.root).free

    def free(self) -> None:
        """Free the space again."""
        (self.root / _FILLER).unlink()

    def __enter__(self) -> SmallDisk:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of this project."""
    return [sys.executable, "-m", module, *arguments]
