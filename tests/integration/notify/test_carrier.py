"""The mail client against real servers: each way in which handing over a mail can end."""

import asyncio
from collections.abc import Sequence
from email.headerregistry import Address
from pathlib import Path

import pytest

from infra.local.ports import free_port
from infra.local.smtp import RECIPIENT_HEADER, MailSink
from kernel.base.external_errors import ExternalError, Permanent, Retryable, Throttled
from services.notify.delivery import smtp_client
from services.notify.delivery.mail_format import Mail
from services.notify.delivery.smtp_client import MaybeTaken, NoSmtpUtf8, ServerAway, Smtp
from tests.support.mails import ENCODED_NAMES, HEADERS, decoded, headers_of, mail_to


async def hand_over(port: int, *mails: Mail | str) -> list[ExternalError | int]:
    smtp = Smtp("127.0.0.1", port, "motcua.invalid")
    ends: list[ExternalError | int] = []
    for each in mails:
        mail = mail_to("Vừ Thị Mỷ", each) if isinstance(each, str) else each
        try:
            await smtp.open()
            ends.append(await smtp.send(mail))
        except ExternalError as error:
            ends.append(error)
    await smtp.close()
    return ends


@pytest.mark.parametrize(
    ("to", "kind", "code", "kept"),
    [
        ("421-an@example.vn", Throttled, 421, 0),
        ("450-an@example.vn", Retryable, 450, 0),
        ("451-an@example.vn", Retryable, 451, 0),
        ("550-an@example.vn", Permanent, 550, 0),
        ("drop-an@example.vn", MaybeTaken, 0, 1),
    ],
)
async def test_ends(
    mail_sink: MailSink, to: str, kind: type[ExternalError], code: int, kept: int
) -> None:
    """Each answer has its kind, without the address in its text; the next mail goes out."""
    refused, sent = await hand_over(mail_sink.port, to, "binh@example.vn")
    assert type(refused) is kind
    assert isinstance(refused, ExternalError)
    assert refused.code == code
    assert "example" not in str(refused)
    assert sent == 250
    assert len(mail_sink.messages()) == kept + 1


async def test_the_mail_arrives_whole(mail_sink: MailSink) -> None:
    """Text, dots at the beginning of lines and names arrive as they were written."""
    assert await hand_over(mail_sink.port, "an@example.vn") == [250]
    (read,) = mail_sink.messages()
    assert read[RECIPIENT_HEADER] == "an@example.vn"
    assert read.get_content() == ".\n..\nxin chào\n"
    assert str(read["To"]) == "Vừ Thị Mỷ <an@example.vn>"


async def test_encoded_words_arrive_as_they_were_typed(mail_sink: MailSink) -> None:
    """In the name of whom a mail goes to, of whom it comes from, and in its subject: a server gets
    our headers and no others, and readers see the text.
    """
    names = list(ENCODED_NAMES.values())
    mails = [
        mail_to(name, "an@example.vn", subject=name, sender=Address(name, addr_spec="mc@hg.vn"))
        for name in names
    ]
    assert await hand_over(mail_sink.port, *mails) == [250] * len(names)
    arrived = [path.read_bytes() for path in sorted(mail_sink.folder.glob("*.eml"))]
    assert len(arrived) == len(names)
    for raw, name in zip(arrived, names, strict=True):
        headers = headers_of(raw)
        assert tuple(headers) == (RECIPIENT_HEADER, *HEADERS)
        assert headers[RECIPIENT_HEADER] == "an@example.vn"
        assert decoded(headers["To"]) == f"{name} <an@example.vn>"
        assert decoded(headers["From"]) == f"{name} <mc@hg.vn>"
        assert decoded(headers["Subject"]) == name
        assert raw.endswith(b"\r\n\r\n.\r\n..\r\nxin ch=C3=A0o\r\n")


async def test_an_address_with_marks_goes_to_a_server_that_takes_it(mail_sink: MailSink) -> None:
    """The server is told so (SMTPUTF8) and has the address in the envelope and in the header."""
    to = "vừ.mỷ@xn--v-d-rma6749a.vn"
    assert await hand_over(mail_sink.port, to, "an@example.vn") == [250, 250]
    first, second = [path.read_bytes() for path in sorted(mail_sink.folder.glob("*.eml"))]
    assert f"{RECIPIENT_HEADER}: {to}\r\n".encode() in first
    assert f" <{to}>\r\n".encode() in first
    assert second.isascii()


async def test_an_address_with_marks_is_not_put_to_a_server_without_smtputf8(
    tmp_path: Path,
) -> None:
    """It is known before the server is asked; the next mail goes over the same connection."""
    with MailSink(tmp_path, free_port(), smtputf8=False) as sink:
        refused, sent = await hand_over(sink.port, "vừ.mỷ@example.vn", "an@xn--v-d-rma6749a.vn")
        assert type(refused) is NoSmtpUtf8
        assert "mỷ" not in str(refused)
        assert sent == 250
        assert [mail[RECIPIENT_HEADER] for mail in sink.messages()] == ["an@xn--v-d-rma6749a.vn"]


async def test_nobody_there() -> None:
    """Where nobody listens the server is away."""
    (end,) = await hand_over(free_port(), "an@example.vn")
    assert type(end) is ServerAway


async def against(answers: Sequence[bytes]) -> ExternalError | int:
    """Hand a mail to a server that gives one answer for each line, then no more."""
    ended = asyncio.Event()

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            writer.write(answer)
            if not await reader.readline():
                break
        while await reader.readline():
            pass
        writer.close()
        await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(behave, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        (end,) = await hand_over(port, "an@example.vn")
        await ended.wait()
    return end


HELLO = (b"220 hello\r\n", b"250 hello\r\n")


@pytest.mark.parametrize(
    ("answers", "kind", "code"),
    [
        ((), ServerAway, 0),
        ((b"554 no mail here\r\n",), ServerAway, 0),
        ((*HELLO, b"550 who are you\r\n"), Retryable, 550),
        (HELLO, ServerAway, 0),
        ((*HELLO, b"250 ok\r\n"), ServerAway, 0),
        ((*HELLO, b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"), MaybeTaken, 0),
        ((*HELLO, b"250 ok\r\n", b"250 ok\r\n", b"554 no\r\n"), Permanent, 554),
    ],
)
async def test_silent_servers(
    monkeypatch: pytest.MonkeyPatch,
    answers: tuple[bytes, ...],
    kind: type[ExternalError],
    code: int,
) -> None:
    """A server that falls silent is given up in time; perhaps taken is what had been handed over.

    A server that wants no mail at all, or none from us, is no fault of the message.
    """
    monkeypatch.setattr(smtp_client, "TIMEOUT", 0.5)
    end = await against(answers)
    assert type(end) is kind
    assert isinstance(end, ExternalError)
    assert end.code == code
