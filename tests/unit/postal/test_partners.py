"""The partners' file: identity, order, and what is refused."""

import hashlib
from pathlib import Path

import pytest
from motcua.events.v1.common_pb2 import ActorKind

from kernel.auth.identity import Credentials
from kernel.base.errors import Unauthenticated
from kernel.documents.mistakes import DocumentError
from services.postal.config import partners
from services.postal.config.partners import DEVELOPMENT_TOKENS, load
from services.postal.partner_rpc import authenticator

SHIPPED = Path(partners.__file__).parent / "partners.toml"


def write(folder: Path, *rows: str) -> Path:
    """Write a partners' file of these rows."""
    path = folder / "partners.toml"
    path.write_text("".join(f"[[partner]]\n{row}\n" for row in rows), "utf-8")
    return path


def row(name: str, serials: str, token: str = "", **more: str) -> str:
    """Return one row of the file."""
    fields = {"id": f'"{name}"', "name": f'"{name}"', "serials": serials, **more}
    if token:
        fields["token_sha256"] = f'"{hashlib.sha256(token.encode()).hexdigest()}"'
    return "\n".join(f"{key} = {value}" for key, value in fields.items())


def test_the_shipped_partners_are_known_by_their_documented_tokens() -> None:
    """Each development token, written in the file's header, opens its own partner."""
    found = load(SHIPPED, "development")

    for name, token in DEVELOPMENT_TOKENS.items():
        assert token in SHIPPED.read_text("utf-8")
        partner = found.by_token(token)
        assert partner is not None
        assert partner.id == name


def test_production_refuses_public_tokens() -> None:
    """A service in production does not start with a token that everybody can read."""
    with pytest.raises(DocumentError, match="public development token"):
        load(SHIPPED, "production")


def test_a_unit_is_served_by_partners_at_or_above_it_in_the_files_order(tmp_path: Path) -> None:
    """H22 serves H22 and H22.12 but not H225; a partner without a list serves all."""
    path = write(
        tmp_path,
        row("near", "[1, 2]", serves='["H22.12"]'),
        row("wide", "[3, 4]", serves='["H22"]'),
        row("all", "[5, 6]"),
    )
    found = load(path, "production")

    assert found.serving("H22.12.03") == ("near", "wide", "all")
    assert found.serving("H22") == ("wide", "all")
    assert found.serving("H225.1") == ("all",)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row("a", "[1, 5]"), row("a", "[6, 9]")], "same id"),
        ([row("a", "[1, 5]"), row("b", "[5, 9]")], "serials of a and b overlap"),
        ([row("a", "[1, 5]", "t"), row("b", "[6, 9]", "t")], "same token"),
        ([row("a", "[9, 1]")], r"partner 1 \(a\), serials: must be two numbers"),
        ([row("a", "[1, 123456789]")], r"partner 1 \(a\), serials: must be two numbers"),
        ([row("A b", "[1, 2]")], r"partner 1 \(A b\), id: must be"),
        ([row("a", "[1, 2]", colour='"red"')], r"partner 1 \(a\), colour: is no key here"),
        ([row("a", "[1, 2]", token_sha256='"abc"')], r"partner 1 \(a\), token_sha256: must be 64"),
        ([row("a", '"x"')], r"partner 1 \(a\), serials: must be a list"),
        (["id ="], "is no TOML"),
    ],
)
def test_a_wrong_file_is_refused_and_says_why(
    tmp_path: Path, rows: list[str], expected: str
) -> None:
    """The message names the file and the rule that is broken."""
    with pytest.raises(DocumentError, match=expected) as caught:
        load(write(tmp_path, *rows), "development")
    assert "partners.toml" in str(caught.value)


def test_all_mistakes_are_named_with_their_places(tmp_path: Path) -> None:
    """Of both partners, in Vietnamese as in English."""
    path = write(tmp_path, row("a", "[1, 5]", colour="1"), row("a", "[5, 1]", token_sha256='"x"'))
    with pytest.raises(DocumentError) as caught:
        load(path, "development")
    found = [(m.line, m.column, m.where, m.text.vi) for m in caught.value.mistakes]
    assert [each[2] for each in found] == [
        "partner 1 (a), colour",
        "partner 2 (a), id",
        "partner 2 (a), serials",
        "partner 2 (a), token_sha256",
    ]
    assert found[1][3] == "hai đối tác trùng id"
    lines = path.read_text("utf-8").splitlines()
    for line, column, where, _ in found:
        assert lines[line - 1][column - 1 :].startswith(where.rpartition(", ")[2])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that leads nowhere is said at the start."""
    with pytest.raises(DocumentError, match=r"POSTAL_PARTNERS: .*nowhere.toml"):
        load(tmp_path / "nowhere.toml", "development")


def test_a_partner_shows_a_token_or_a_certificate(tmp_path: Path) -> None:
    """Either names the partner; the actor is the partner, whatever the caller says of itself."""
    path = write(tmp_path, row("a", "[1, 2]", "secret"), row("b", "[3, 4]"))
    authenticate = authenticator(load(path, "production"))

    by_token = authenticate(Credentials("secret", ()))
    by_certificate = authenticate(Credentials("", ("spiffe://motcua/partner/b",)))

    assert (by_token.kind, by_token.id) == (ActorKind.ACTOR_KIND_PARTNER, "a")
    assert by_certificate.id == "b"


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials("", ()),
        Credentials("wrong", ()),
        Credentials("-" * 64, ()),
        Credentials("", ("spiffe://motcua/partner/zz",)),
        Credentials("", ("spiffe://elsewhere/partner/a",)),
        Credentials("", ("spiffe://motcua/partner/a", "spiffe://motcua/partner/b")),
        Credentials("wrong", ("spiffe://motcua/partner/a",)),
        Credentials("secret", ("spiffe://motcua/partner/b",)),
    ],
)
def test_what_proves_nothing_is_refused(tmp_path: Path, credentials: Credentials) -> None:
    """No credential, a wrong one, a foreign or double name, or two that disagree: nobody."""
    path = write(tmp_path, row("a", "[1, 2]", "secret"), row("b", "[3, 4]"))
    with pytest.raises(Unauthenticated):
        authenticator(load(path, "production"))(credentials)
