"""Run a supervisor with nothing but its broker: FOLDER PORT."""

import sys
from pathlib import Path

from infra.supervisor.plan import Plan
from infra.supervisor.supervisor import Supervisor
from kernel.config.common_settings import EVENTS
from kernel.kafka.topics import ensure_topics

if __name__ == "__main__":
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    plan = Plan(folder, f"127.0.0.1:{port}", True, port, EVENTS, ())

    def report(line: str) -> None:
        """Print a line at once."""
        print(line, flush=True)

    Supervisor(plan, report, prepare=lambda: ensure_topics(plan.bootstrap)).run()
