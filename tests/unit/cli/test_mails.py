"""`motcua mails`: what the mail sink has kept."""

import json
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from infra.local.smtp import RECIPIENT_HEADER

CODE = "H22.12.03-210809-0007"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of a stack that sent two mails and no longer runs."""
    monkeypatch.setenv("MOTCUA_DATA_DIR", str(tmp_path))
    (tmp_path / "mail").mkdir()
    _keep(tmp_path / "mail/1.eml", f"Đã nhận được hồ sơ {CODE}", "Kính gửi Ông/Bà,\x1b[2J")
    _keep(tmp_path / "mail/2.eml", "Chuyện khác", "Xin chào.")
    return tmp_path


def _keep(path: Path, subject: str, text: str) -> None:
    mail = EmailMessage(policy=SMTP)
    mail[RECIPIENT_HEADER] = "hoa@example.vn"
    mail["Subject"] = subject
    mail["Date"] = "Mon, 09 Aug 2021 12:19:17 +0700"
    mail.set_content(text, cte="quoted-printable")
    path.write_bytes(bytes(mail))


def test_every_mail_is_one_line() -> None:
    """Decoded, in the order of arrival."""
    found = CliRunner().invoke(app, ["mails"])
    first, second = found.stdout.splitlines()[1:]

    assert found.exit_code == 0
    assert first.endswith(f"hoa@example.vn  Đã nhận được hồ sơ {CODE}")
    assert second.endswith("Chuyện khác")


def test_the_mails_about_a_dossier_are_shown_whole() -> None:
    """Without what would command the terminal."""
    found = CliRunner().invoke(app, ["mails", CODE])

    assert found.exit_code == 0
    assert "Kính gửi Ông/Bà,\N{REPLACEMENT CHARACTER}[2J" in found.stdout
    assert "Xin chào" not in found.stdout


def test_scripts_get_one_document() -> None:
    """Of the dossier's mails only."""
    found = CliRunner().invoke(app, ["mails", CODE, "--json"])
    (mail,) = json.loads(found.stdout)["mails"]

    assert (mail["to"], mail["subject"]) == (["hoa@example.vn"], f"Đã nhận được hồ sơ {CODE}")


def test_no_mail_about_a_dossier_is_a_failure() -> None:
    """It names the dossier and the folder that was looked through."""
    found = CliRunner().invoke(app, ["mails", "H22.12.03-210809-0008"])

    assert found.exit_code == 1
    assert "no mail about H22.12.03-210809-0008" in found.stderr


def test_a_folder_without_mails_is_no_failure(folder: Path) -> None:
    """A stack that has sent nothing yet is in order."""
    for path in (folder / "mail").iterdir():
        path.unlink()
    found = CliRunner().invoke(app, ["mails"])

    assert (found.exit_code, found.stdout.split(" in ")[0]) == (0, "no mails")
