"""A setting that names a file or folder means the same to the commands and to the services."""

import re
from pathlib import Path

import pytest

from cli.stack.paths import absolute_paths
from cli.stack.plan import make_plan
from office.process.repository import files_in
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
NO_PATHS = {
    "AUDIT_ADDRESS",
    "DATABASE_URL",
    "<SERVICE>_DATABASE_URL",
    "KEYRING_DATABASE_URL",
    "KEYRING_KEYS_LOST",
    "DOSSIER_FILES_MAX_MB",
    "FILES_URL",  # an absolute URL
    "FILE_MAX_MB",
    "SCANNER_ADDRESS",  # an absolute URL, too
    "UPLOADS_MAX_MB",
    "IDENTITY_AUDIENCE",
    "IDENTITY_ISSUER",
    "INTAKE_CHECK_WARNING",
    "INTAKE_PORTAL_URL",
    "KAFKA_BOOTSTRAP_SERVERS",
    "KAFKA_SASL_MECHANISM",
    "KAFKA_SASL_PASSWORD",
    "KAFKA_SASL_USERNAME",
    "KAFKA_SECURITY_PROTOCOL",
    "MALLOC_ARENA_MAX",
    "MOTCUA_CACHE_DIR",  # set-up only, and below the project's folder
    "MOTCUA_CALLS_AT_ONCE",
    "MOTCUA_CALL_RATE_ADDRESS",
    "MOTCUA_CALL_RATE_PERSON",
    "MOTCUA_CALL_RATE_PROGRAM",
    "MOTCUA_STREAMS_AT_ONCE",
    "MOTCUA_CLOCK",
    "MOTCUA_HOST",
    "MOTCUA_CHECKPOINT_SECONDS",
    "MOTCUA_LEDGER_KEYS",
    "MOTCUA_LEDGER_ORIGIN",
    "MOTCUA_LEDGER_STALE_SECONDS",
    "MOTCUA_LOG_LEVEL",
    "MOTCUA_MASTER_KEY",
    "MOTCUA_MAVEN_URL",
    "MOTCUA_MODE",
    "MOTCUA_OPERATOR",
    "MOTCUA_QUARANTINE_LEAST",
    "MOTCUA_QUARANTINE_RUN",
    "MOTCUA_QUARANTINE_SHARE",
    "MOTCUA_SMTP_HOST",
    "MOTCUA_RECORD_KEYS",
    "MOTCUA_TOKEN",
    "MOTCUA_TOPIC",
    "WEB_HOST",
    "WEB_PAGE_RATE",
    "NOTIFY_PORTAL_URL",
    "NOTIFY_RETRY_SECONDS",
    "NOTIFY_SENDER",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "PARTNER_TOKEN",
    "POSTAL_LEASE_HOURS",
    "REPLAY_WEBHOOK_SECRET",
    "SMTP_HOST",
    "SMTP_PASSWORD",
    "SMTP_TLS",
    "SMTP_USERNAME",
}


def _settings() -> set[str]:
    """List the settings of the operators' page, which holds all that there are; no ports."""
    table = PAGE.partition("## Settings")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    found = {name for row in rows for name in re.findall(r"`([A-Z<>_]+)`", row.split(" | ")[0])}
    found |= {"MOTCUA_SMTP_HOST"}  # named in the text of another row
    return {name for name in found if not name.endswith("_PORT")}


def _of_audit(name: str) -> str:
    return name.replace("<SERVICE>", "AUDIT")


def test_every_setting_is_handed_on_whole_or_names_no_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever adds a setting says here that it names no path, or has it made whole."""
    monkeypatch.chdir(tmp_path)
    given = {_of_audit(name): "there/it" for name in _settings() - NO_PATHS}
    assert absolute_paths(given) == dict.fromkeys(given, f"{tmp_path}/there/it")
    assert _settings() >= NO_PATHS


@pytest.mark.parametrize("name", ["DATABASE_URL", "AUDIT_DATABASE_URL", "KEYRING_DATABASE_URL"])
@pytest.mark.parametrize(
    ("given", "handed_on"),
    [
        ("sqlite:///office.sqlite3", "sqlite:///{here}/office.sqlite3"),
        ("sqlite:///data/a.sqlite3?timeout=9", "sqlite:///{here}/data/a.sqlite3?timeout=9"),
        ("sqlite:////srv/a.sqlite3", "sqlite:////srv/a.sqlite3"),
        ("postgresql+psycopg://u:p%40w@db/name", "postgresql+psycopg://u:p%40w@db/name"),
        ("nonsense", "nonsense"),
    ],
)
def test_an_sqlite_file_is_handed_on_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, given: str, handed_on: str
) -> None:
    """A database anywhere else stays as it is, password and all."""
    monkeypatch.chdir(tmp_path)
    whole = absolute_paths({name: given})
    assert whole == {name: handed_on.format(here=tmp_path)}


def test_what_is_not_set_is_not_made_up() -> None:
    """An empty setting means its default, wherever that is."""
    assert absolute_paths({"MOTCUA_PROCESSES": ""}) == {}


def test_the_plan_hands_them_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The folder that the office wrote is the one that routing reads."""
    own = tmp_path / "office"
    own.mkdir()
    (own / "permits.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTCUA_DATA_DIR", "data")
    monkeypatch.setenv("MOTCUA_PROCESSES", "office")
    env = next(it.env for it in make_plan().services if it.name == "routing")
    assert files_in(Path(env["MOTCUA_PROCESSES"])) == [own / "permits.yaml"]
