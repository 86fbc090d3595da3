"""What is kept of what people type, and what is refused with which words."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from motcua.validation.v1 import format_pb2 as pb

from kernel.rpc.validation.normalizers import Malformed
from office.normalization.formats import FORMATS
from office.normalization.texts import TEXTS

TAKEN = [
    (pb.FORMAT_LINE, "Lê  Thị\n Mẫu", "Lê Thị Mẫu"),
    (pb.FORMAT_LINE, unicodedata.normalize("NFD", "Đặng Ngọc"), "Đặng Ngọc"),
    (pb.FORMAT_LINE, "Ðặng ðình", "Đặng đình"),  # the Icelandic letter
    (pb.FORMAT_LINE, "Davíð Noël Müller", "Davíð Noël Müller"),
    (pb.FORMAT_LINE, "hoà giải, xoá bỏ, khoẻ", "hoà giải, xoá bỏ, khoẻ"),
    (pb.FORMAT_PHONE_NUMBER, "(0219) 3866 999", "02193866999"),
    (pb.FORMAT_PHONE_NUMBER, "0219 3866 999", "02193866999"),
    (pb.FORMAT_PHONE_NUMBER, "(024)38251234", "02438251234"),
    (pb.FORMAT_PHONE_NUMBER, "+84 (0) 912 345 678", "0912345678"),
    (pb.FORMAT_PHONE_NUMBER, "+84 912 345 678", "0912345678"),
    (pb.FORMAT_PHONE_NUMBER, "0084912345678", "0912345678"),
    (pb.FORMAT_PHONE_NUMBER, "0912\u00a0345\u00a0678", "0912345678"),
    (pb.FORMAT_PHONE_NUMBER, "0912–345–678", "0912345678"),
    (pb.FORMAT_PHONE_NUMBER, "0912.345.678", "0912345678"),
    (pb.FORMAT_PHONE_NUMBER, "'0912345678", "0912345678"),
    (pb.FORMAT_PHONE_NUMBER, "84 (0)912 345 678", "0912345678"),
    (pb.FORMAT_PHONE_NUMBER, "０９１２３４５６７８", "0912345678"),
    (pb.FORMAT_PHONE_NUMBER, "1900 1234", "19001234"),
    (pb.FORMAT_PHONE_NUMBER, "+1 202 555 0123", "+12025550123"),
    (pb.FORMAT_IDENTITY_NUMBER, "002 190 000 123", "002190000123"),
    (pb.FORMAT_IDENTITY_NUMBER, "002.190.000.123", "002190000123"),
    (pb.FORMAT_IDENTITY_NUMBER, "123 456 789", "123456789"),
    (pb.FORMAT_IDENTITY_NUMBER, "0100 233 488", "0100233488"),
    (pb.FORMAT_IDENTITY_NUMBER, "0314409058-002", "0314409058002"),
    (pb.FORMAT_IDENTITY_NUMBER, "c 1234567", "C1234567"),
    (pb.FORMAT_IDENTITY_NUMBER, "10A8-012345", "10A8-012345"),
    (pb.FORMAT_IDENTITY_NUMBER, "CMND 123456789", "123456789"),
    (pb.FORMAT_IDENTITY_NUMBER, "Số CCCD: 002190000123", "002190000123"),
    (pb.FORMAT_IDENTITY_NUMBER, "hộ chiếu số C1234567", "C1234567"),
    (pb.FORMAT_IDENTITY_NUMBER, "MST 0100233488", "0100233488"),
    (pb.FORMAT_IDENTITY_NUMBER, "Căn cước công dân số 002190000123", "002190000123"),
    (pb.FORMAT_IDENTITY_NUMBER, "Mã định danh: 002190000123", "002190000123"),
    (pb.FORMAT_IDENTITY_NUMBER, "Số định danh cá nhân: 002190000123.", "002190000123"),
    (pb.FORMAT_IDENTITY_NUMBER, "CC 002190000123", "002190000123"),
    (pb.FORMAT_IDENTITY_NUMBER, "CMTND 123456789", "123456789"),
    (pb.FORMAT_IDENTITY_NUMBER, "Passport No. C1234567", "C1234567"),
    (pb.FORMAT_IDENTITY_NUMBER, "MSDN 0100233488", "0100233488"),
    (pb.FORMAT_IDENTITY_NUMBER, "'002190000123", "002190000123"),
    (pb.FORMAT_IDENTITY_NUMBER, "CMSQ 12345678", "CMSQ12345678"),
    (pb.FORMAT_IDENTITY_NUMBER, "L12345678901234", "L12345678901234"),
    (pb.FORMAT_EMAIL_ADDRESS, "an.nguyen+dvc@EXAMPLE.com", "an.nguyen+dvc@example.com"),
    (pb.FORMAT_EMAIL_ADDRESS, "an@ví-dụ.vn", "an@xn--v-d-rma6749a.vn"),
    (
        pb.FORMAT_EMAIL_ADDRESS,
        unicodedata.normalize("NFD", "nguyễn.an@Ví-dụ.vn"),
        "nguyễn.an@xn--v-d-rma6749a.vn",
    ),
    (pb.FORMAT_DOSSIER_CODE, "h22.12.03-261130-0012", "H22.12.03-261130-0012"),
    (pb.FORMAT_DOSSIER_CODE, "H22.12.03–261130–0012", "H22.12.03-261130-0012"),
    (pb.FORMAT_DOSSIER_CODE, "H22.12.03 - 261130 -\t0012", "H22.12.03-261130-0012"),
    (pb.FORMAT_DOSSIER_CODE, "(H22.12.03-261130-0012).", "H22.12.03-261130-0012"),
    (pb.FORMAT_DOSSIER_CODE, "*H22.12.03-261130-0012*", "H22.12.03-261130-0012"),
    (pb.FORMAT_DOSSIER_CODE, "12/HS-ÐK", "12/HS-ĐK"),
    (pb.FORMAT_DOSSIER_CODE, unicodedata.normalize("NFD", "12/HS-ĐÔ"), "12/HS-ĐÔ"),
    (pb.FORMAT_DOSSIER_CODE, "12/HS-ĐK", "12/HS-ĐK"),
    (pb.FORMAT_DOSSIER_CODE, "07  H22", "07 H22"),
    (pb.FORMAT_DOSSIER_CODE, "HS#1", "HS#1"),
    (pb.FORMAT_DOSSIER_CODE, "abc-1", "abc-1"),
    (pb.FORMAT_UNIT_CODE, "h22 . 12.03", "H22.12.03"),
    (pb.FORMAT_UNIT_CODE, "H22.12.03.", "H22.12.03"),
    (pb.FORMAT_UNIT_CODE, "000.03.12.h22", "000.03.12.H22"),
    (pb.FORMAT_UNIT_CODE, "Group 1", "Group 1"),
    (pb.FORMAT_UNIT_CODE, "Phòng  Tư pháp", "Phòng Tư pháp"),
    (pb.FORMAT_AGENCY_CODE, "h22.12", "H22.12"),
    (pb.FORMAT_PROCEDURE_CODE, "1.001 193", "1.001193"),
    (pb.FORMAT_PROCEDURE_CODE, "Bouw  aanvraag", "Bouw aanvraag"),
    (pb.FORMAT_ITEM_NUMBER, "rr123456785vn", "RR123456785VN"),
    (pb.FORMAT_ITEM_NUMBER, "RR 12345678 5 VN", "RR123456785VN"),
    (pb.FORMAT_ITEM_NUMBER, "RR 123 456 785 VN", "RR123456785VN"),
    (pb.FORMAT_ITEM_NUMBER, "RR-12345678-5-VN", "RR123456785VN"),
    (pb.FORMAT_ITEM_NUMBER, "RR.123456785.VN", "RR123456785VN"),
    (pb.FORMAT_ITEM_NUMBER, "RR12345678５VN", "RR123456785VN"),
    (pb.FORMAT_TRACKING_EVENT, "emi", "EMI"),
    (pb.FORMAT_PIN, "04 71", "0471"),
    (pb.FORMAT_PIN, "0471-234-567", "0471234567"),
    (pb.FORMAT_DAY, "2021-06-07", "2021-06-07"),
    (pb.FORMAT_DAY, "2021–06–07", "2021-06-07"),
    (pb.FORMAT_SHA256, "AB" * 32, "ab" * 32),
    (pb.FORMAT_RECEIPT_NUMBER, "C26T-ĐK / 0001", "C26T-ĐK/0001"),
    (pb.FORMAT_SYSTEM_NAME, "OpenCPS-2.0", "OpenCPS-2.0"),
]
REFUSED = [
    (pb.FORMAT_LINE, "Nguyeãn Vaên Aán", "letters.old"),
    (pb.FORMAT_LINE, "NguyÔn V¨n H¶i", "letters.old"),
    (pb.FORMAT_LINE, "Nguyá»…n VÄƒn", "letters.old"),
    (pb.FORMAT_LINE, "NguyêÞn Thiò", "letters.old"),
    (pb.FORMAT_LINE, "Nguy?n V?n", "letters.lost"),
    (pb.FORMAT_LINE, "Nguy\ufffdn", "letters.lost"),
    (pb.FORMAT_LINE, "Nguy&#7877;n", "letters.entities"),
    (pb.FORMAT_PHONE_NUMBER, "0912345678; 0987654321", "phone_number"),
    (pb.FORMAT_PHONE_NUMBER, "19001234,5", "phone_number"),
    (pb.FORMAT_PHONE_NUMBER, "9.12345678E8", "phone_number"),
    (pb.FORMAT_PHONE_NUMBER, "113", "phone_number"),
    (pb.FORMAT_PHONE_NUMBER, "091234567", "phone_number"),
    (pb.FORMAT_PHONE_NUMBER, "0123456789", "phone_number"),  # no such numbers since 2018
    (pb.FORMAT_PHONE_NUMBER, "0912 345 678 (nhà riêng)", "phone_number"),
    (pb.FORMAT_PHONE_NUMBER, "0" * 500, "phone_number"),
    (pb.FORMAT_IDENTITY_NUMBER, "02199000001", "identity_number.length"),
    (pb.FORMAT_IDENTITY_NUMBER, "000000000000", "identity_number.zeros"),
    (pb.FORMAT_IDENTITY_NUMBER, "000 000 000", "identity_number.zeros"),
    (pb.FORMAT_IDENTITY_NUMBER, "003190000123", "identity_number.province"),
    (pb.FORMAT_IDENTITY_NUMBER, "1234567890", "identity_number.tax_code"),
    (pb.FORMAT_IDENTITY_NUMBER, "002790000123", "identity_number.century"),
    (pb.FORMAT_IDENTITY_NUMBER, "00219000O123", "identity_number.look_alike"),
    (pb.FORMAT_IDENTITY_NUMBER, "l23456789", "identity_number.look_alike"),
    (pb.FORMAT_IDENTITY_NUMBER, "CMND", "identity_number.form"),
    (pb.FORMAT_IDENTITY_NUMBER, "c12", "identity_number.form"),
    (pb.FORMAT_IDENTITY_NUMBER, "2.19E+09", "identity_number.form"),
    (pb.FORMAT_IDENTITY_NUMBER, "CMND 12345678", "identity_number.length"),
    (pb.FORMAT_IDENTITY_NUMBER, "không có", "identity_number.form"),
    (pb.FORMAT_EMAIL_ADDRESS, ".an@example.com", "email_address"),
    (pb.FORMAT_EMAIL_ADDRESS, "nguyễn@localhost", "email_address"),
    (pb.FORMAT_EMAIL_ADDRESS, "nguyễn..an@example.com", "email_address"),
    (pb.FORMAT_EMAIL_ADDRESS, "nguyễn\u200ban@example.com", "email_address"),
    (pb.FORMAT_EMAIL_ADDRESS, "an..b@example.com", "email_address"),
    (pb.FORMAT_EMAIL_ADDRESS, "an.@example.com", "email_address"),
    (pb.FORMAT_EMAIL_ADDRESS, "an@localhost", "email_address"),
    (pb.FORMAT_EMAIL_ADDRESS, "=?utf-8?q?x?=@example.com", "email_address"),
    (pb.FORMAT_EMAIL_ADDRESS, "root@mail.local", "email_address"),
    (pb.FORMAT_EMAIL_ADDRESS, "root@localhost.localdomain", "email_address"),
    (pb.FORMAT_EMAIL_ADDRESS, "an@gmail.c", "email_address"),
    (pb.FORMAT_EMAIL_ADDRESS, "an@gmail,com", "email_address"),
    (pb.FORMAT_EMAIL_ADDRESS, "an@a.vn; b@a.vn", "email_address"),
    (pb.FORMAT_EMAIL_ADDRESS, "An <an@example.com>", "email_address"),
    (pb.FORMAT_EMAIL_ADDRESS, "x" * 65 + "@example.com", "email_address"),
    (pb.FORMAT_EMAIL_ADDRESS, "an@" + "x" * 60 + ".com" * 60, "email_address"),
    (pb.FORMAT_DOSSIER_CODE, "-1", "dossier_code"),
    (pb.FORMAT_DOSSIER_CODE, "a<b>", "dossier_code"),
    (pb.FORMAT_DOSSIER_CODE, "x" * 65, "dossier_code"),
    (pb.FORMAT_AGENCY_CODE, "Phòng Tư pháp", "agency_code"),
    (pb.FORMAT_ITEM_NUMBER, "RR12345678VN", "s10.form"),
    (pb.FORMAT_ITEM_NUMBER, "x" * 13, "s10.form"),
    (pb.FORMAT_ITEM_NUMBER, "RR123456784VN", "s10.check_digit"),
    (pb.FORMAT_ITEM_NUMBER, "RR123456785XX", "s10.country"),
    (pb.FORMAT_TRACKING_EVENT, "EM-I", "tracking_event"),
    (pb.FORMAT_TRACKING_EVENT, "ĐÃ", "tracking_event"),
    (pb.FORMAT_PIN, "12345", "pin"),
    (pb.FORMAT_PIN, "12a4", "pin"),
    (pb.FORMAT_DAY, "07/06/2021", "day"),
    (pb.FORMAT_DAY, "20210607", "day"),
    (pb.FORMAT_SHA256, "ab" * 31, "sha256"),
    (pb.FORMAT_SHA256, "xy" * 32, "sha256"),
    (pb.FORMAT_RECEIPT_NUMBER, "#1", "receipt_number"),
    (pb.FORMAT_SYSTEM_NAME, "Hệ thống", "system_name"),
]


@pytest.mark.parametrize(("number", "typed", "kept"), TAKEN)
def test_what_people_write_is_brought_to_one_form(number: int, typed: str, kept: str) -> None:
    """One value has one form, and that form stays as it is."""
    assert FORMATS[number](typed) == kept
    assert FORMATS[number](kept) == kept


@pytest.mark.parametrize(("number", "typed", "rule"), REFUSED)
def test_what_breaks_the_rule_is_refused_in_plain_words(number: int, typed: str, rule: str) -> None:
    """Both languages name the rule; neither shows a pattern, nor repeats what was sent."""
    found = FORMATS[number](typed)

    assert isinstance(found, Malformed)
    assert found.rule == rule
    for text in (found.text.vi, found.text.en):
        assert text
        assert "^" not in text
        assert "]{" not in text
        assert len(typed) < 6 or typed not in text


def test_fault_53_the_right_check_digit_is_told() -> None:
    """The partner is told which digit it must be, in both languages."""
    found = FORMATS[pb.FORMAT_ITEM_NUMBER]("RR123456784VN")

    assert isinstance(found, Malformed)
    assert "should be 5" in found.text.en
    assert "lẽ ra là 5" in found.text.vi


def test_every_format_has_a_function() -> None:
    """A field can name no format that nothing judges."""
    assert set(FORMATS) == set(pb.Format.values()) - {pb.FORMAT_UNSPECIFIED}
    assert set(TEXTS) == {rule for _, _, rule in REFUSED}


@given(st.sampled_from(sorted(FORMATS)), st.text(min_size=1, max_size=80))
def test_no_text_raises_and_what_is_kept_stays(number: int, text: str) -> None:
    """Whatever is typed is kept in a form that stays the same, or refused."""
    kept = FORMATS[number](text)
    if isinstance(kept, str) and kept:
        assert FORMATS[number](kept) == kept
