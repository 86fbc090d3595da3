"""Fault 84: what leaves this machine in the clear is refused in production, and TLS is kept to."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from sqlalchemy.exc import OperationalError

from infra.local.ports import free_port
from infra.local.postgres import PostgresServer
from infra.local.smtp import SinkHandler, read_messages
from kernel.config.environment import SettingsError, load
from kernel.storage.engines import open_engine, ping
from services.notify.delivery.smtp_client import Security, ServerAway, Smtp, Tls
from services.notify.settings import NotifySettings
from tests.support.certificates import Authority
from tests.support.mails import mail_to
from tests.support.tls_postgres import tls_in_front

pytestmark = pytest.mark.faults
ELSEWHERE = "postgresql+psycopg://motcua@db.office/motcua"


def test_production_refuses_every_edge_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once, by the setting with the rule."""
    for name, value in {
        "MOTCUA_MODE": "production",
        "MOTCUA_HOST": "0.0.0.0",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092,kafka.office:9092",
        "DATABASE_URL": ELSEWHERE,
        "KEYRING_DATABASE_URL": f"{ELSEWHERE}?sslmode=require",
        "SMTP_HOST": "mail.office",
        "MOTCUA_MASTER_KEY": "00" * 32,
        "MOTCUA_RECORD_KEYS": "11" * 32,
        "IDENTITY_JWKS": "keys.json",
        "IDENTITY_ISSUER": "urn:office",
    }.items():
        monkeypatch.setenv(name, value)
    database = "must have sslmode=verify-full in production, since its host is not this machine"
    with pytest.raises(SettingsError) as refused:
        load(NotifySettings)
    assert dict(refused.value.problems) == {
        "NOTIFY_TLS_PORT": "must be set in production, since MOTCUA_HOST is not this machine",
        "KAFKA_SECURITY_PROTOCOL": (
            "must be SASL_SSL or SSL in production, since KAFKA_BOOTSTRAP_SERVERS is not this "
            "machine"
        ),
        "DATABASE_URL": database,
        "KEYRING_DATABASE_URL": database,
        "SMTP_TLS": (
            "must be starttls or implicit in production, since SMTP_HOST is not this machine"
        ),
    }
    # On this machine the same is no edge.
    for name, value in {
        "MOTCUA_HOST": "::1",
        "KAFKA_BOOTSTRAP_SERVERS": "localhost:9092,[::1]:9092",
        "DATABASE_URL": "postgresql+psycopg://motcua@/motcua?host=/run/postgresql",
        "KEYRING_DATABASE_URL": "postgresql+psycopg://motcua@127.0.0.1/motcua",
        "SMTP_HOST": "127.0.0.2",
    }.items():
        monkeypatch.setenv(name, value)
    assert load(NotifySettings).mode == "production"


def test_a_login_is_never_sent_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """In no mode, nor half of it."""
    monkeypatch.setenv("SMTP_USERNAME", "motcua")
    with pytest.raises(SettingsError) as refused:
        load(NotifySettings)
    assert refused.value.problems.keys() == {"SMTP_USERNAME"}
    monkeypatch.setenv("SMTP_TLS", "starttls")
    monkeypatch.delenv("SMTP_USERNAME")
    monkeypatch.setenv("SMTP_PASSWORD", "secret")
    with pytest.raises(SettingsError) as half:
        load(NotifySettings)
    assert half.value.problems == {"SMTP_PASSWORD": "must be set together with SMTP_USERNAME"}


@contextmanager
def mail_server(folder: Path, tls: Tls, *, offers_tls: bool = True) -> Iterator[int]:
    """Run a mail server with a certificate and a login; gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    def allowed(_server: Any, _session: Any, _envelope: Any, _way: str, data: Any) -> AuthResult:
        known = LoginPassword(b"motcua", b"secret")
        return AuthResult(success=data == known, handled=False)

    options: dict[str, Any] = {"authenticator": allowed}
    if tls == "implicit":
        options |= {"ssl_context": context, "auth_require_tls": False}
    elif offers_tls:
        options |= {"tls_context": context, "require_starttls": True, "auth_required": True}
    port = free_port()
    sink = SinkHandler(folder / "mail")
    controller = Controller(sink, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a server's certificate and its authority."""
    Authority().write_server_files(tmp_path)
    return tmp_path


async def sent(port: int, security: Security) -> str:
    """Send a mail; return why it did not go out."""
    smtp = Smtp("127.0.0.1", port, "motcua.invalid", security)
    try:
        await smtp.open()
        await smtp.send(mail_to("An", "an@example.vn"))
    except ServerAway as error:
        return str(error)
    finally:
        await smtp.close()
    return ""


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_mails_go_out_over_tls_with_a_login(files: Path, tls: Tls) -> None:
    """And not to whoever has another certificate, nor with another password."""
    right = Security(tls, files / "ca.pem", "motcua", "secret")
    with mail_server(files, tls) as port:
        assert await sent(port, right) == ""
        assert await sent(port, Security(tls, files / "ca.pem", "motcua", "wrong")) == (
            "SMTP_USERNAME, SMTP_PASSWORD: the mail server refuses them"
        )
        (files / "other.pem").write_bytes(Authority("somebody").pem)
        assert await sent(port, Security(tls, files / "other.pem", "motcua", "secret")) == (
            "SMTP_CA: the mail server's certificate is not believed"
        )
    assert len(read_messages(files / "mail")) == 1


async def test_a_server_that_takes_tls_away_gets_nothing(files: Path) -> None:
    """Required is required: neither the login nor a mail is sent in the clear."""
    with mail_server(files, "starttls", offers_tls=False) as port:
        why = await sent(port, Security("starttls", files / "ca.pem", "motcua", "secret"))
    assert why == "SMTP_TLS, SMTP_USERNAME: the mail server does not offer STARTTLS, or no login"
    assert not read_messages(files / "mail")


def test_a_database_without_tls_gets_no_password(postgres: PostgresServer, files: Path) -> None:
    """Required is required: there is no connection in the clear."""
    url = f"{postgres.url}?sslmode=verify-full&sslrootcert={files}/ca.pem"
    with pytest.raises(OperationalError, match="SSL"):
        ping(open_engine(url, "public", read_only=True))


def test_a_database_is_known_by_its_certificate(
    postgres: PostgresServer, files: Path, tmp_path: Path
) -> None:
    """By the authority that `sslrootcert` names, and no other, and by the host that the URL names;
    the connection is encrypted.
    """
    (tmp_path / "other.pem").write_bytes(Authority("somebody").pem)
    with tls_in_front(postgres.port, files / "cert.pem", files / "key.pem") as port:
        wanted = f"{postgres.url.replace(str(postgres.port), str(port))}?sslmode=verify-full"
        engine = open_engine(f"{wanted}&sslrootcert={files}/ca.pem", "public")
        with engine.connect() as connection:
            assert connection.exec_driver_sql("select 1").scalar_one() == 1
            driver: Any = connection.connection.driver_connection
            assert driver.pgconn.ssl_in_use
        engine.dispose()
        other = f"{wanted}&sslrootcert={tmp_path}/other.pem"
        with pytest.raises(OperationalError, match="certificate verify failed"):
            ping(open_engine(other, "public", read_only=True))


def test_a_database_with_the_certificate_of_another_host_is_refused(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    """Though its authority is believed."""
    authority = Authority()
    cert, key = authority.issue("db.elsewhere")
    for name, content in (("cert.pem", cert), ("key.pem", key), ("ca.pem", authority.pem)):
        (tmp_path / name).write_bytes(content)
    with tls_in_front(postgres.port, tmp_path / "cert.pem", tmp_path / "key.pem") as port:
        url = postgres.url.replace(str(postgres.port), str(port))
        verified = f"{url}?sslmode=verify-full&sslrootcert={tmp_path}/ca.pem"
        with pytest.raises(OperationalError, match="does not match host name"):
            ping(open_engine(verified, "public", read_only=True))
