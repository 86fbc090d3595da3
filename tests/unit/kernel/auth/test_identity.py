"""Reading what a caller sends beside the request."""

from __future__ import annotations

import pytest

from kernel.auth.identity import correlation_of, credentials_of, language_of
from kernel.base.errors import Invalid


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "vi"),
        ("en", "en"),
        ("en-US,en;q=0.9", "en"),
        ("fr,vi;q=0.5", "vi"),
        ("vi,en", "vi"),
        ("zz", "vi"),
    ],
)
def test_language_is_chosen(header: str, language: str) -> None:
    """The first of Vietnamese and English that is named counts; Vietnamese otherwise."""
    assert language_of({"accept-language": header}) == language


def test_correlation_takes_plain_ids_only() -> None:
    """What ties calls together is an id, not a place for text."""
    assert correlation_of({"x-motcua-correlation-id": "import-7"}) == "import-7"
    with pytest.raises(Invalid):
        correlation_of({"x-motcua-correlation-id": "Nguyễn Văn A"})


def test_credentials_are_collected() -> None:
    """A bearer token and the certificate's URIs are what a partner shows."""
    shown = credentials_of(
        {"authorization": "bearer  abc "}, {"peer_uri": [b"urn:motcua:partner:vnpost"]}
    )

    assert shown.bearer == "abc"
    assert shown.san_uris == ("urn:motcua:partner:vnpost",)
    assert credentials_of({"authorization": "Basic abc"}).bearer == ""
