"""Which form a dossier gets, by the day of its receipt."""

from datetime import date

import pytest

from office.forms.choice import Form, FormKind, form_of

_LAST, _FIRST = date(2025, 9, 14), date(2025, 9, 15)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (FormKind.RECEIPT, "01"),
        (FormKind.SUPPLEMENT, "02"),
        (FormKind.REFUSAL, "03"),
        (FormKind.APOLOGY, "04"),
    ],
)
def test_the_circular_is_that_of_the_day_of_receipt(kind: FormKind, number: str) -> None:
    """Received on 14/09/2025: the forms of 2018; on 15/09/2025: those of 2025."""
    assert form_of(kind, _LAST) == Form(kind, number, "01/2018/TT-VPCP")
    assert form_of(kind, _FIRST) == Form(kind, number, "03/2025/TT-VPCP")


def test_the_stop_notice_is_a_form_since_2025() -> None:
    """The circular of 2018 has no form for it: its 05 is the control sheet."""
    assert form_of(FormKind.STOP, _LAST) is None
    assert form_of(FormKind.STOP, _FIRST) == Form(FormKind.STOP, "05", "03/2025/TT-VPCP")


def test_dossiers_from_before_2018_have_forms() -> None:
    """They were brought in from another system."""
    assert form_of(FormKind.RECEIPT, date(2016, 5, 4)) is not None
