"""Every check that needs no test run: `make lint`, or `python -m tools.lint NAME...` for some.

All checks run, also after one that failed; the exit status is 1 when one did.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

# Hosts of package registries, in two parts so that this file does not name them. An address in a
# lock file ties every user to one registry; the tools know where to look.
REGISTRIES = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("maven", "org"),
    ("maven.apache", "org"),
    ("buf", "build"),
    ("golang", "org"),
    ("crates", "io"),
    ("docker", "io"),
)
LOCKS = ("requirements.lock", "requirements/bootstrap.txt", "infra/kafka/jars.lock")


def run(*command: str) -> bool:
    """Return whether the command ends with 0; its output goes where ours goes."""
    return subprocess.run(command, cwd=ROOT).returncode == 0


def style() -> bool:
    return run(str(BIN / "ruff"), "check", "--quiet", ".")


def layout() -> bool:
    return run(str(BIN / "ruff"), "format", "--check", "--quiet", ".")


def types() -> bool:
    return run(str(BIN / "mypy"), "--no-error-summary")


def layers() -> bool:
    done = subprocess.run(
        [str(BIN / "lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode != 0:
        print(done.stdout + done.stderr, file=sys.stderr)
    return done.returncode == 0


def dependencies() -> bool:
    """Check that what is imported is declared, and what is declared is imported."""
    done = subprocess.run(
        [str(BIN / "deptry"), "--no-ansi", "."], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode != 0:
        print(done.stdout + done.stderr, file=sys.stderr)
    return done.returncode == 0


def protos() -> bool:
    """Check that gen/ is what protos/ gives, and that every element has a comment."""
    return run(sys.executable, "-m", "tools.protos", "--check") and run(
        sys.executable, "-m", "tools.proto_rules.comments"
    )


def contracts() -> bool:
    """Check the style of the contracts, and that no reader of the last release is broken."""
    buf = BIN / "buf"
    if not buf.is_file():
        print(f"{buf} is missing: run make setup", file=sys.stderr)
        return False
    config = ("--config", "protos/buf.yaml")
    style = run(str(buf), "lint", "gen/motcua.binpb", *config)
    with tempfile.NamedTemporaryFile(suffix=".binpb") as baseline:
        baseline.write(_released_contracts())
        baseline.flush()
        return (
            run(str(buf), "breaking", "gen/motcua.binpb", "--against", baseline.name, *config)
            and style
        )


def _released_contracts() -> bytes:
    """Return the last release's descriptors, completed by what they import from others."""
    released = FileDescriptorSet.FromString((ROOT / "tests/golden/descriptors.binpb").read_bytes())
    present = FileDescriptorSet.FromString((ROOT / "gen/motcua.binpb").read_bytes())
    released.file.extend(file for file in present.file if not file.name.startswith("motcua/"))
    return released.SerializeToString()


def words() -> bool:
    """Check that no retired word is used where the list forbids it."""
    return run(sys.executable, "-m", "tools.words")


def clear_text() -> bool:
    """Check that every string in an event is sealed, or listed with the reason why not."""
    return run(sys.executable, "-m", "tools.proto_rules.clear_text")


def request_bounds() -> bool:
    """Check that nothing that a caller sends may be of any size."""
    return run(sys.executable, "-m", "tools.proto_rules.request_bounds")


def events() -> bool:
    """docs/events.md is what the descriptors and the models give."""
    return run(sys.executable, "-m", "tools.event_catalogue", "--check")


def registries() -> bool:
    """Check that no file names a registry host, and no lock file any address."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    hosts = re.compile(
        "|".join(rf"\b{re.escape(name)}\.{end}\b" for name, end in REGISTRIES).encode()
    )
    clean = True
    for name in sorted(filter(None, listed.stdout.decode().split("\0"))):
        path = ROOT / name
        if not path.is_file():  # deleted, not yet committed
            continue
        content = path.read_bytes()
        found = hosts.search(content) or (name in LOCKS and re.search(rb"https?://\S+", content))
        if found:
            line = content.count(b"\n", 0, found.start()) + 1
            print(f"{name}:{line}: names {found[0].decode()}", file=sys.stderr)
            clean = False
    return clean


CHECKS: dict[str, Callable[[], bool]] = {
    "style": style,
    "layout": layout,
    "types": types,
    "layers": layers,
    "dependencies": dependencies,
    "protos": protos,
    "contracts": contracts,
    "clear-text": clear_text,
    "bounds": request_bounds,
    "words": words,
    "events": events,
    "registries": registries,
}


def main(names: list[str]) -> int:
    if unknown := set(names) - CHECKS.keys():
        print(f"lint: no check {', '.join(sorted(unknown))}; there are {', '.join(CHECKS)}")
        return 2
    failed = []
    for name in names or CHECKS:
        started = time.monotonic()
        passed = CHECKS[name]()
        if not passed:
            failed.append(name)
        print(
            f"lint: {name:<14}{'ok' if passed else 'FAILED':<7}{time.monotonic() - started:5.1f} s"
        )
    if failed:
        print(f"lint: {', '.join(failed)} failed", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
