"""The environment is read by settings classes, once; what follows is given values."""

import re

from tests.support.paths import ROOT, code_files

READS = re.compile(r"\benviron\b|\bgetenv\b")
ALLOWED = {
    "kernel/config/environment.py": "reads the variables of all settings classes",
    "cli/printer.py": "COLUMNS is the terminal's; a command prints before it has settings",
    "cli/stack/plan.py": "hands the environment on to the programs of the stack",
    "kernel/confined/worker.py": "keeps it from confined processes, but for what they start with",
    "kernel/consumer/reading/faust_adapter.py": "keeps it from Faust, whose settings it would set",
    "demo/local_stack.py": "hands it on to the stack of the demonstration, without the office's",
    "infra/local/kafka.py": "hands it on to the broker",
    "infra/local/postgres.py": "hands it on to PostgreSQL",
    "infra/kafka/lock_jars.py": "hands Java on to the program that resolves the jars",
    "partner_sim/__main__.py": "defaults of options; a partner's program knows nothing of ours",
    "tools/entry.py": "lets the processes of an installed package find the generated code",
}


def test_only_settings_read_the_environment() -> None:
    """And every exception is still one."""
    found = {
        name
        for path in code_files()
        if not (name := path.relative_to(ROOT).as_posix()).startswith("benchmarks/")
        and READS.search(path.read_text("utf-8"))
    }
    assert found == ALLOWED.keys()
