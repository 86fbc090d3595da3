"""What the environment makes of the local stack."""

import os
import socket
from pathlib import Path

import pytest

from cli.stack.plan import make_plan
from infra.local.ports import free_port
from tests.support.identity import Key, write_keys

KEY = "00" * 32


PRODUCTION = {
    "MOTCUA_MODE": "production",
    "MOTCUA_MASTER_KEY": KEY,
    "MOTCUA_RECORD_KEYS": KEY,
    "MOTCUA_LEDGER_KEYS": KEY,
    "MOTCUA_LEDGER_ORIGIN": "hagiang.example/ledger",
    "IDENTITY_ISSUER": "https://identity.example.vn",
}
LIVE = PRODUCTION | {"SMTP_HOST": "mail.example", "SMTP_TLS": "starttls"}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only what the test sets is set."""
    ours = ("MOTCUA_", "KAFKA_", "SMTP_", "DATABASE_", "KEYRING_", "POSTAL_", "IDENTITY_")
    for name in list(os.environ):
        if name.startswith(ours) or name.endswith(("_PORT", "_DATABASE_URL")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MOTCUA_DATA_DIR", str(tmp_path))


def test_nothing_set_gives_a_whole_stack_on_loopback(tmp_path: Path) -> None:
    """A broker and a mail sink of its own, the services and the web pages at their usual ports."""
    plan = make_plan()
    assert plan.addresses() == [
        ("kafka", "127.0.0.1:29092"),
        ("mail", "127.0.0.1:2525"),
        ("intake", "127.0.0.1:7401"),
        ("routing", "127.0.0.1:7402"),
        ("postal", "127.0.0.1:7403"),
        ("notify", "127.0.0.1:7404"),
        ("audit", "127.0.0.1:7405"),
        ("web", "127.0.0.1:7480"),
    ]
    assert plan.data_dir == tmp_path
    assert len({p.env["MOTCUA_MASTER_KEY"] for p in plan.services}) == 1


def test_a_key_of_records_that_was_lost_is_not_made_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A new one would make every record of the log that of a stranger; it may be given by name."""
    key = make_plan().services[0].env["MOTCUA_RECORD_KEYS"]
    (tmp_path / "kafka").mkdir()
    (tmp_path / "audit.sqlite3").touch()
    assert make_plan().services[0].env["MOTCUA_RECORD_KEYS"] == key
    (tmp_path / "records.key").unlink()
    with pytest.raises(ValueError, match=r"MOTCUA_RECORD_KEYS: .*records\.key put back"):
        make_plan()
    assert not (tmp_path / "records.key").exists()
    monkeypatch.setenv("MOTCUA_RECORD_KEYS", key)
    assert make_plan().services[0].env["MOTCUA_RECORD_KEYS"] == key


def test_no_new_master_key_is_made_beside_a_keyring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would not open the keys that are there; nothing is left behind by the refusal."""
    monkeypatch.setenv("MOTCUA_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("MOTCUA_MASTER_KEY", raising=False)
    key = make_plan().services[0].env["MOTCUA_MASTER_KEY"]
    (tmp_path / "keyring.sqlite3").touch()
    assert make_plan().services[0].env["MOTCUA_MASTER_KEY"] == key
    (tmp_path / "master.key").unlink()
    with pytest.raises(ValueError, match=r"MOTCUA_MASTER_KEY: .*master\.key put back"):
        make_plan()
    assert not (tmp_path / "master.key").exists()


def test_a_cluster_and_a_mail_server_that_are_given_are_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The stack then starts neither."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "broker:9092")
    monkeypatch.setenv("SMTP_HOST", "mail.example")
    plan = make_plan()
    assert (plan.own_kafka, plan.bootstrap) == (False, "broker:9092")
    assert [p.name for p in plan.programs if not p.is_service] == ["web"]
    assert {p.env["SMTP_HOST"] for p in plan.programs} == {"mail.example"}


def test_files_are_given_to_the_programs_by_whole_paths(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The programs run in another folder than the command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POSTAL_PARTNERS", "partners.toml")
    monkeypatch.setenv("MOTCUA_DATA_DIR", "data")
    plan = make_plan()
    assert plan.services[0].env["POSTAL_PARTNERS"] == str(tmp_path / "partners.toml")
    assert plan.services[0].env["MOTCUA_DATA_DIR"] == str(tmp_path / "data")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"MOTCUA_MODE": "productive"}, "MOTCUA_MODE: "),
        ({"AUDIT_PORT": "abc"}, "AUDIT_PORT: must be a port number, got 'abc'"),
        ({"KAFKA_PORT": "70000"}, "KAFKA_PORT: must be a port number, got '70000'"),
        ({"AUDIT_PORT": "7401"}, "intake and audit can't both listen at 127.0.0.1:7401"),
        ({"MOTCUA_CLOCK": "noon"}, "MOTCUA_CLOCK: "),
        ({"MOTCUA_MASTER_KEY": "short"}, "MOTCUA_MASTER_KEY: "),
        (
            {"MOTCUA_MODE": "production"},
            "IDENTITY_ISSUER: must be set in production; MOTCUA_MASTER_KEY: must be set in "
            "production; MOTCUA_RECORD_KEYS: must be set in production; "
            "IDENTITY_JWKS: must be set in production; "
            "MOTCUA_LEDGER_KEYS: must be set in production; "
            "MOTCUA_LEDGER_ORIGIN: must be set in production; SMTP_HOST: must be set ",
        ),
        (
            PRODUCTION | {"POSTAL_LEASE_HOURS": "0", "NOTIFY_SENDER": "me", "KAFKA_PORT": "x"},
            "IDENTITY_JWKS: must be set in production; POSTAL_LEASE_HOURS: must be a number of "
            "hours above 0, got '0'; NOTIFY_SENDER: must be like .*; KAFKA_PORT: must be a port",
        ),
        (LIVE | {"IDENTITY_JWKS": "/none"}, "IDENTITY_JWKS: /none: No such file"),
        (LIVE | {"IDENTITY_JWKS": __file__}, f"IDENTITY_JWKS: {__file__}: not a JWKS file"),
    ],
)
def test_a_wrong_setting_is_named_on_one_line(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], words: str
) -> None:
    """Before anything is started."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match="^" + words) as wrong:
        make_plan()
    assert "\n" not in str(wrong.value)


def test_production_needs_a_mail_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The stack's own sink sends nothing on."""
    keys = write_keys(tmp_path / "jwks.json", Key("office"))
    for name, value in (PRODUCTION | {"IDENTITY_JWKS": str(keys)}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=r"^SMTP_HOST: must be set"):
        make_plan()


def test_addresses_at_which_something_else_listens_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A taken port is reported with the program that wants it."""
    ports = {
        f"{name}_PORT": free_port()
        for name in ("KAFKA", "SMTP", "INTAKE", "ROUTING", "POSTAL", "NOTIFY", "AUDIT", "WEB")
    }
    for name, port in ports.items():
        monkeypatch.setenv(name, str(port))
    assert make_plan().problems() == []
    with socket.create_server(("127.0.0.1", ports["POSTAL_PORT"])):
        taken = f"something else listens at 127.0.0.1:{ports['POSTAL_PORT']} (postal)"
        assert make_plan().problems() == [taken]


def test_an_address_of_another_machine_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens there: it is not ours."""
    monkeypatch.setenv("MOTCUA_HOST", "192.0.2.1")
    for name in ("KAFKA", "SMTP", "WEB"):  # these stay on this machine
        monkeypatch.setenv(f"{name}_PORT", str(free_port()))
    (problem,) = make_plan().problems()
    assert problem.startswith("this machine does not have the address of 192.0.2.1:")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "mysql://x@127.0.0.1/x"),
        ("KEYRING_DATABASE_URL", "nonsense"),
        ("MOTCUA_LOG_LEVEL", "loud"),
        ("MOTCUA_TOPIC", "bad topic!"),
        ("MOTCUA_CLOCK", "2021-08-09T08:00:00+07:00@nan@1"),
        ("MOTCUA_CLOCK", "2021-08-09T08:00:00+07:00@1e30@1"),
        ("MOTCUA_CLOCK", "2021-08-09T08:00:00+07:00@x@1"),
        ("MOTCUA_CLOCK", "2021-08-09T08:00:00+07:00@1@inf"),
        ("MOTCUA_CLOCK", "2021-08-09T08:00:00@1@1"),
    ],
)
def test_a_setting_that_nothing_can_run_with_is_told_before_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Instead of programs that end again and again; by the name of its variable."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=rf"^{name}: "):
        make_plan()


def test_a_stack_serves_no_pages_where_the_port_is_0(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as beside a web process of its own."""
    monkeypatch.setenv("WEB_PORT", "0")
    assert "web" not in [program.name for program in make_plan().programs]


def test_pages_are_not_served_in_the_clear_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reverse proxy on the machine speaks TLS."""
    for name, value in (LIVE | {"WEB_HOST": "0.0.0.0"}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match="WEB_HOST: must be this machine in production"):
        make_plan()
