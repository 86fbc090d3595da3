"""Importing a module does nothing: no file is read, nothing is ended, no setting is changed."""

import json
import subprocess
import sys

from tests.support.paths import ROOT, code_files

CHECK = r"""
import builtins, importlib, json, logging, os, signal, sys, sysconfig
roots = [os.path.realpath(p) for p in (sys.prefix, sys.base_prefix, os.path.dirname(os.__file__))]
found, current = {}, ""

def hook(event, args):
    if event not in ("open", "subprocess.Popen", "socket.connect", "os.system"):
        return
    what = os.path.realpath(str(args[0])) if event == "open" else event
    if event == "open" and (what.endswith((".py", ".pyc", ".so")) or not os.path.isfile(what)):
        return
    if any(what.startswith(root) for root in roots) or what.startswith(("/proc", "/sys", "/etc")):
        return
    if "__pycache__" in what:
        return
    found.setdefault(current, []).append(what)

before = dict(os.environ), signal.getsignal(signal.SIGTERM), list(logging.root.handlers)
sys.addaudithook(hook)
for name in json.loads(sys.argv[1]):
    current = name
    try:
        importlib.import_module(name)
    except SystemExit:
        found.setdefault(name, []).append("ends the process")
    after = dict(os.environ), signal.getsignal(signal.SIGTERM), list(logging.root.handlers)
    if after != before:
        found.setdefault(name, []).append("changes the environment, a signal or the log")
        before = after
print(json.dumps(found))
"""
STARTED = ("__main__", "env", "0001_initial_tables")
"""Files that are run, not imported."""
OTHERS = {"kernel.consumer.reading.faust_adapter": ["subprocess.Popen"]}
"""What libraries do when they are imported: Faust asks for the processor's name."""


def test_importing_does_nothing() -> None:
    """Of every module that is no program by itself, in one process."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in code_files()
        if path.stem not in STARTED
    ]
    assert len(names) > 400
    done = subprocess.run(
        [sys.executable, "-c", CHECK, json.dumps(names)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == OTHERS
