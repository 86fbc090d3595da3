"""What audit says of items and messages is what postal and notify mean."""

from motcua.notify.v1.message_events_pb2 import MessageQueued

from office.tracking_codes import TRACKING_CODES, tracked_line, tracking_meaning
from services.audit.wording.event_lines import line_of, message_kinds
from services.notify.domain.citizen_messages import KINDS
from services.notify.domain.officer_messages import OFFICER_KINDS


def test_every_code_has_a_meaning_in_both_languages() -> None:
    """A timeline says what the partner was told; both take it from one place."""
    assert len(set(TRACKING_CODES)) == 13
    for code in TRACKING_CODES:
        meaning = tracking_meaning(code)
        assert meaning.vi
        assert meaning.en
        assert meaning.vi != meaning.en


def planned(kind: str, channel: str) -> tuple[str, str]:
    """Return the line of a message that is planned."""
    return line_of(MessageQueued(kind=kind, channel=channel), "UTC")


def test_audit_has_words_for_every_kind_of_message() -> None:
    """A timeline says what citizens and officers were told; a kind that is not known is named."""
    assert set(message_kinds()) == {*KINDS, *OFFICER_KINDS}
    assert planned("resumed", "email") == (
        "Chuẩn bị gửi thông báo (email): đã nhận bổ sung, tiếp tục tính hạn",
        "Message planned (email): the supplement is there, the clock goes on",
    )
    assert planned("new", "sms")[1] == "Message planned (sms): new"


def test_a_code_that_is_not_known_is_told_as_it_came() -> None:
    """Nothing is invented about it."""
    assert tracked_line("RR1", "XYZ") == ("Bưu gửi RR1: mã XYZ", "Item RR1: code XYZ")
    assert tracked_line("RR1", "EMA") == (
        "Bưu gửi RR1: đã nhận gửi (EMA)",
        "Item RR1: posted (EMA)",
    )
