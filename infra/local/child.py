"""Child processes that do not outlive their parent.

`spawn` starts a program through this very file, run as a script: it gives up root's rights if asked
so, asks the kernel for a signal at the parent's death (Linux; elsewhere the child may outlive a
killed parent), and becomes the program. A fork hook (`preexec_fn`) could do the same, but is unsafe
in a process with threads.
"""

import os
import subprocess
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PRIVATE = 0o077
"""The umask with which files are their owner's alone."""


def spawn(
    command: list[str],
    *,
    log: Path,
    death_signal: int,
    env: dict[str, str] | None = None,
    user: tuple[int, int] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, its output appended to `log`; the Popen's pid is the
    program's.

    What the program writes only its user can read. user: (uid, gid) to become, when the caller is
    root. The working directory is "/". The signal
    also comes when the *thread* that called this function ends: call it from one that lives as long
    as the child shall.
    """
    uid, gid = user or (-1, -1)
    launcher = [
        sys.executable,
        "-I",
        "-S",
        __file__,
        str(os.getpid()),
        str(death_signal),
        str(uid),
        str(gid),
    ]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*launcher, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=env,
            start_new_session=True,
            umask=PRIVATE,
        )


def _become(parent: int, death_signal: int, uid: int, gid: int, command: list[str]) -> None:
    libc = None
    if sys.platform == "linux":
        # Before setuid: the new user may be unable to read Python's own files.
        import ctypes

        libc = ctypes.CDLL(None)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if libc is not None:
        # After setuid, which clears the setting.
        libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:5]]
    _become(numbers[0], numbers[1], numbers[2], numbers[3], sys.argv[5:])
