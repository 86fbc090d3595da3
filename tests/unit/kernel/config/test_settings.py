"""What a service takes from its environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from kernel.config.call_limits import CallLimits
from kernel.config.environment import SettingsError, load
from kernel.config.settings import Settings
from kernel.consumer.applying.quarantine_limit import QuarantineBounds
from tests.support.probe_settings import ProbeSettings


def refused(monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, str]:
    """Set variables, and return what is wrong with which."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        load(ProbeSettings)
    return dict(error.value.problems)


def test_only_our_own_variables_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell's HOST, another program's MODE, or a field's name with a service's, means nothing."""
    for name in ("HOST", "MODE", "PORT", "KAFKA", "TOPIC", "CLOCK", "LOG_LEVEL", "DATA_DIR", "RUN"):
        for variable in (name, f"PROBE_{name}"):
            monkeypatch.setenv(variable, "7")
        monkeypatch.delenv(f"MOTCUA_{name}", raising=False)
    monkeypatch.setenv("MOTCUA_KAFKA", "other")
    monkeypatch.setenv("MOTCUA_TOPIC", "ours")
    monkeypatch.setenv("MOTCUA_QUARANTINE_RUN", "5")
    found = load(ProbeSettings)
    assert (found.host, found.mode, found.kafka) == ("127.0.0.1", "development", "127.0.0.1:29092")
    assert (found.topic, found.clock, found.log_level) == ("ours", "real", "info")
    assert (found.data_dir, found.port) == (Path(".motcua"), 7)
    assert found.quarantine_bounds == QuarantineBounds(0.1, 20, 5)


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever it is: what is empty has its default."""
    usual = load(ProbeSettings)
    for names in ProbeSettings.variables().values():
        for name in names:
            monkeypatch.setenv(name, "")
    monkeypatch.setenv("IDENTITY_DIR", str(usual.identity_dir))
    assert load(ProbeSettings) == usual


def test_a_service_has_limits_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its variable goes before that of all services; the others have their defaults."""
    monkeypatch.setenv("MOTCUA_CALL_RATE_PERSON", "5/second")
    monkeypatch.setenv("PROBE_CALL_RATE_PERSON", "7 per minute")
    monkeypatch.setenv("MOTCUA_STREAMS_AT_ONCE", "3")
    expected = CallLimits(person="7 per minute", streams_at_once=3)
    assert load(ProbeSettings).call_limits == expected


@pytest.mark.parametrize("text", ["many", "0/second", "-1/second", "5", "5/fortnight"])
def test_a_rate_that_can_not_be_used_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """By its variable, with an example."""
    found = refused(monkeypatch, MOTCUA_CALL_RATE_ADDRESS=text)
    assert list(found) == ["MOTCUA_CALL_RATE_ADDRESS"]
    assert "150/5second" in found["MOTCUA_CALL_RATE_ADDRESS"]


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by its variable with the rule, and no value that may be a secret."""
    found = refused(
        monkeypatch,
        MOTCUA_MODE="productive",
        MOTCUA_TOPIC="a topic",
        MOTCUA_CLOCK="noon",
        PROBE_PORT="70000",
        DATABASE_URL="mysql://user:secret@host/x",
        KEYRING_DATABASE_URL="secret",
        MOTCUA_MASTER_KEY="secret",
        MOTCUA_RECORD_KEYS=f"{'0' * 64},secret",
        MOTCUA_LOG_LEVEL="loud",
        PROBE_TLS_PORT="7500",
        MOTCUA_QUARANTINE_SHARE="much",
        MOTCUA_QUARANTINE_LEAST="0",
        MOTCUA_QUARANTINE_RUN="many",
    )
    database = "must be sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
    assert found == {
        "MOTCUA_MODE": "must be one of development, production",
        "MOTCUA_TOPIC": "must be letters, digits, '.', '_' and '-'",
        "MOTCUA_CLOCK": "expected START@SPEED@ANCHOR, got 'noon'",
        "PROBE_PORT": "must be a port number, got '70000'",
        "DATABASE_URL": database,
        "KEYRING_DATABASE_URL": database,
        "MOTCUA_MASTER_KEY": "expected 64 hexadecimal digits",
        "MOTCUA_RECORD_KEYS": "expected 64 hexadecimal digits",
        "MOTCUA_LOG_LEVEL": "must be one of debug, info, warning, error",
        "PROBE_TLS_CERT": "must be set, since a TLS port or a certificate is",
        "PROBE_TLS_KEY": "must be set, since a TLS port or a certificate is",
        "MOTCUA_QUARANTINE_SHARE": "must be a number",
        "MOTCUA_QUARANTINE_LEAST": "must be 1 or more",
        "MOTCUA_QUARANTINE_RUN": "must be a whole number",
    }


def test_production_says_at_once_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Together with what is wrong besides."""
    found = refused(
        monkeypatch,
        MOTCUA_MODE="production",
        MOTCUA_CLOCK="2021-08-09T08:00:00+07:00@2@1",
        PROBE_PORT="x",
    )
    assert found == {
        "MOTCUA_CLOCK": "only real time is allowed in production",
        "IDENTITY_ISSUER": "must be set in production",
        "PROBE_PORT": "must be a port number, got 'x'",
        "MOTCUA_MASTER_KEY": "must be set in production",
        "MOTCUA_RECORD_KEYS": "must be set in production",
        "IDENTITY_JWKS": "must be set in production",
    }


def test_the_database_of_a_service_goes_before_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset, it is a file in the data folder; the variable that is used is the one named."""
    monkeypatch.setenv("MOTCUA_DATA_DIR", "/data")
    assert load(ProbeSettings).database_url == "sqlite:////data/probe.sqlite3"
    monkeypatch.setenv("DATABASE_URL", "sqlite:////all")
    assert load(ProbeSettings).database_url == "sqlite:////all"
    monkeypatch.setenv("PROBE_DATABASE_URL", "sqlite:////own")
    found = load(ProbeSettings)
    assert (found.database_url, found.keyring_url) == (
        "sqlite:////own",
        "sqlite:////data/keyring.sqlite3",
    )
    assert refused(monkeypatch, PROBE_DATABASE_URL="x").keys() == {"PROBE_DATABASE_URL"}


def test_a_value_that_is_given_goes_before_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing changes afterwards."""
    monkeypatch.setenv("MOTCUA_HOST", "192.0.2.1")
    monkeypatch.setenv("OTHER_METRICS_PORT", "7")
    given = Settings(service="other", host="192.0.2.2", database_url="")
    assert (given.host, given.metrics_port) == ("192.0.2.2", 7)
    with pytest.raises(ValidationError):
        given.host = "192.0.2.3"  # type: ignore[misc]


def test_a_login_at_kafka_is_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is missing of it, and files that can't be used, are named before anything connects."""
    login = "must be set, since KAFKA_SECURITY_PROTOCOL has clients log in"
    monkeypatch.setenv("KAFKA_SSL_CA", str(tmp_path / "missing"))
    monkeypatch.setenv("KAFKA_SSL_CERT", str(tmp_path / "cert.pem"))
    assert refused(monkeypatch, KAFKA_SECURITY_PROTOCOL="SASL_SSL") == {
        "KAFKA_SASL_USERNAME": login,
        "KAFKA_SASL_PASSWORD": login,
        "KAFKA_SSL_CA": "must be a file that can be read, with certificates in PEM form",
        "KAFKA_SSL_KEY": "must be set together with KAFKA_SSL_CERT",
    }
    monkeypatch.delenv("KAFKA_SSL_CA")
    monkeypatch.setenv("KAFKA_SSL_KEY", str(tmp_path / "key.pem"))
    assert refused(monkeypatch, KAFKA_SASL_MECHANISM="OAUTHBEARER") == {
        "KAFKA_SASL_TOKEN_FILE": "must be set, since KAFKA_SASL_MECHANISM is OAUTHBEARER",
        "KAFKA_SSL_KEY": "must be a file that can be read, with the key of KAFKA_SSL_CERT",
    }
    assert refused(monkeypatch, KAFKA_SECURITY_PROTOCOL="TLS", KAFKA_SASL_MECHANISM="GSSAPI") == {
        "KAFKA_SECURITY_PROTOCOL": "must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
        "KAFKA_SASL_MECHANISM": ("must be one of SCRAM-SHA-512, SCRAM-SHA-256, PLAIN, OAUTHBEARER"),
        "KAFKA_SSL_KEY": "must be a file that can be read, with the key of KAFKA_SSL_CERT",
    }


def test_a_password_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by the settings nor by what clients are given."""
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "a secret")
    found = load(ProbeSettings)
    assert found.cluster.password == "a secret"
    assert "a secret" not in repr(found) + repr(found.cluster)
