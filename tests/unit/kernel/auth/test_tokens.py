"""Signed tokens: which are accepted, and the reason for which each other one is refused."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from motcua.events.v1.common_pb2 import ActorKind
from structlog.testing import capture_logs

from kernel.auth import tokens
from kernel.auth.jwks import Jwks
from kernel.auth.tokens import TokenVerifier
from kernel.base.errors import Unauthenticated
from office.people.rights import ACCESS_MODEL
from tests.support.identity import AUDIENCE, ISSUER, Key, write_keys

NOW = 1_800_000_000
FIRST = Key("first")
SECOND = Key("second", "EdDSA")
STRANGER = Key("first")
ROLES = frozenset({"receptionist", "head"})
KINDS = {name: ACCESS_MODEL.kinds[name] for name in ACCESS_MODEL.token_kinds}


class Time:
    """Real time, set by hand."""

    def __init__(self) -> None:
        self.at = float(NOW)
        self.running = 0.0

    def now(self) -> float:
        """Return the seconds of Unix time."""
        return self.at

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return self.running


@pytest.fixture
def time() -> Time:
    """The time by which tokens are judged."""
    return Time()


@pytest.fixture
def jwks(tmp_path: Path) -> Path:
    """A file with both keys."""
    return write_keys(tmp_path / "jwks.json", FIRST, SECOND)


@pytest.fixture
def verifier(jwks: Path, time: Time) -> TokenVerifier:
    """A verifier of the issuer's tokens."""
    keys = Jwks(jwks, production=True, monotonic=time.monotonic)
    return TokenVerifier(keys, ISSUER, AUDIENCE, time.now, kinds=KINDS, roles=ROLES)


def token(key: Key = FIRST, **claims: Any) -> str:
    """Sign a token that is in order now, as changed."""
    return key.token(**{"nbf": NOW, "exp": NOW + 600, **claims})


def reason(verifier: TokenVerifier, text: str) -> str:
    """Return why a token is not believed."""
    with pytest.raises(Unauthenticated) as caught:
        verifier.identity(text)
    assert caught.value.vi
    assert caught.value.en
    return caught.value.code


@pytest.mark.parametrize("key", [FIRST, SECOND])
def test_a_signed_token_says_who_calls(verifier: TokenVerifier, key: Key) -> None:
    """Kind, id, unit and roles are those of the token, with either algorithm."""
    found = verifier.identity(token(key, roles=["receptionist", "head"]))

    assert found.actor.kind == ActorKind.ACTOR_KIND_OFFICER
    assert (found.actor.id, found.actor.unit) == ("an.nv", "H22.12")
    assert found.roles == {"receptionist", "head"}


def test_a_role_that_the_office_does_not_have_gives_nothing(verifier: TokenVerifier) -> None:
    """An issuer of several systems names the others' roles too: the caller is believed, has only
    the roles known here, and the strange one is logged by its name, ten times a minute at most.
    """
    with capture_logs() as lines:
        for number in range(12):
            found = verifier.identity(token(roles=["head", "king"], jti=str(number)))
            assert (found.actor.id, found.roles) == ("an.nv", frozenset({"head"}))

    logged = [line["role"] for line in lines if line["event"] == "identity.role_unknown"]
    assert logged == ["king"] * 10


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"iss": "https://elsewhere"}, "TOKEN_ISSUER_WRONG"),
        ({"aud": "other"}, "TOKEN_AUDIENCE_WRONG"),
        ({"aud": ["other", "another"]}, "TOKEN_AUDIENCE_WRONG"),
        ({"exp": NOW - 61, "nbf": NOW - 600}, "TOKEN_EXPIRED"),
        ({"nbf": NOW + 61}, "TOKEN_NOT_YET_VALID"),
        ({"exp": NOW + 86_401}, "TOKEN_LIFETIME_TOO_LONG"),
        ({"kind": "king"}, "TOKEN_KIND_UNKNOWN"),
        ({"kind": "system"}, "TOKEN_KIND_UNKNOWN"),
        ({"kind": "partner"}, "TOKEN_KIND_UNKNOWN"),
        ({"kind": ["officer"]}, "TOKEN_KIND_UNKNOWN"),
        ({"kind": "citizen", "who": "002190000123"}, "TOKEN_SUBJECT_PERSONAL"),
        ({"kind": "citizen", "who": "hoa@example.vn"}, "TOKEN_SUBJECT_PERSONAL"),
        ({"who": ""}, "TOKEN_CLAIM_WRONG"),
        ({"who": "a" * 65}, "TOKEN_CLAIM_WRONG"),
        ({"who": "an\nnv"}, "TOKEN_CLAIM_WRONG"),
        ({"unit": "H22 12"}, "TOKEN_CLAIM_WRONG"),
        ({"unit": 12}, "TOKEN_CLAIM_WRONG"),
        ({"roles": "head"}, "TOKEN_CLAIM_WRONG"),
        ({"roles": ["Head of all"]}, "TOKEN_CLAIM_WRONG"),
        ({"roles": ["a"] * 33}, "TOKEN_CLAIM_WRONG"),
        *[
            ({name: None}, "TOKEN_CLAIM_MISSING")
            for name in ("iss", "aud", "exp", "nbf", "sub", "kind")
        ],
    ],
)
def test_each_wrong_claim_has_its_reason(
    verifier: TokenVerifier, changes: dict[str, Any], expected: str
) -> None:
    """A token with a valid signature is still not believed when a claim is wrong."""
    assert reason(verifier, token(**changes)) == expected


@pytest.mark.parametrize("kind", ["citizen", "officer", "operator", "importer"])
@pytest.mark.parametrize(
    "who",
    [
        "002190000123",
        "002 190 000 123",
        "002.190.000.123",
        "012345678",
        "012-345-678",
        "0912345678",
        "+84912345678",
        "84912345678",
        "+84 912 345 678",
        "(+84) 912-345-678",
        "0084 912.345.678",
        "024 3825 3536",
        "tel:+84-912-345-678",
        "0912\u2011345\u2011678",
        "0912\u00a0345\u00a0678",
        "\uff10\uff19\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
        "hoa@example.vn",
        "hoa.tran+dvc@mail.hanoi.gov.vn",
        "mailto:hoa@example.vn",
        "hoa\uff20example.vn",
    ],
)
def test_nobody_is_named_by_personal_data(verifier: TokenVerifier, kind: str, who: str) -> None:
    """Numbers and addresses that lead to a person stand in no event, whoever calls and however they
    are written.
    """
    assert reason(verifier, token(kind=kind, who=who)) == "TOKEN_SUBJECT_PERSONAL"


@pytest.mark.parametrize(
    "who",
    ["an.nv", "mai.lt", "mcdt-2019", "12345678", "1234567890123", "cv.H22.12", "c0912345678", "a@"],
)
def test_names_that_lead_to_nobody_are_taken(verifier: TokenVerifier, who: str) -> None:
    """Letters make a name, and so do numbers that are too short or too long."""
    assert verifier.identity(token(who=who)).actor.id == who


@pytest.mark.parametrize("value", [True, "soon", float("nan"), float("inf"), [NOW]])
@pytest.mark.parametrize("name", ["exp", "nbf"])
def test_an_instant_that_is_none_is_refused(verifier: TokenVerifier, name: str, value: Any) -> None:
    """Validity is a finite number of seconds and nothing else."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "nbf": NOW, "exp": NOW + 600}
    body = {**claims, "sub": "an.nv", "kind": "officer", name: value}
    text = jwt.api_jws.encode(
        json.dumps(body).encode(), FIRST.secret, algorithm="ES256", headers={"kid": "first"}
    )

    assert reason(verifier, text) == "TOKEN_CLAIM_WRONG"


@pytest.mark.parametrize(
    ("nbf", "exp"), [(NOW + 59, NOW + 600), (NOW - 600, NOW - 59), (NOW + 60, NOW + 600)]
)
def test_clocks_may_differ_by_a_minute(verifier: TokenVerifier, nbf: int, exp: int) -> None:
    """An issuer's clock that is a minute ahead or behind shuts nobody out."""
    assert verifier.identity(token(nbf=nbf, exp=exp)).actor.id == "an.nv"


def test_an_unsigned_token_is_refused(verifier: TokenVerifier) -> None:
    """The algorithm none, however written, is no signature."""
    body = token().split(".")[1]
    for algorithm in ("none", "None", "NONE"):
        header = _part({"alg": algorithm, "typ": "JWT", "kid": "first"})
        assert reason(verifier, f"{header}.{body}.") == "TOKEN_UNSIGNED"


def test_the_public_key_is_no_shared_secret(verifier: TokenVerifier) -> None:
    """A token signed with the public key as an HMAC secret is refused by its algorithm."""
    header = _part({"alg": "HS256", "typ": "JWT", "kid": "first"})
    body = token().split(".")[1]

    assert reason(verifier, f"{header}.{body}.{_part({})}") == "TOKEN_ALGORITHM_REFUSED"


def test_a_key_is_used_with_its_own_algorithm(verifier: TokenVerifier) -> None:
    """A header that names the other key's algorithm is refused before any signature is checked."""
    header = _part({"alg": "EdDSA", "typ": "JWT", "kid": "first"})
    _, body, signature = token().split(".")

    assert reason(verifier, f"{header}.{body}.{signature}") == "TOKEN_ALGORITHM_REFUSED"
    assert verifier.checked == 0


def test_keys_in_the_token_are_not_looked_at(verifier: TokenVerifier) -> None:
    """A token can't bring its own key."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "nbf": NOW, "exp": NOW + 600}
    claims |= {"sub": "an.nv", "kind": "officer"}
    forged = STRANGER.sign(claims, jwk=STRANGER.public, jku="http://127.0.0.1:1/keys")

    assert reason(verifier, forged) == "TOKEN_SIGNATURE_WRONG"


def test_another_key_is_not_known(verifier: TokenVerifier) -> None:
    """A key that is not in the file has signed nothing."""
    assert reason(verifier, token(Key("third"))) == "TOKEN_KEY_UNKNOWN"
    header = _part({"alg": "ES256", "typ": "JWT"})
    assert reason(verifier, f"{header}.{_part({})}.{_part({})}") == "TOKEN_KEY_UNKNOWN"


def test_demands_of_the_header_are_not_ignored(verifier: TokenVerifier) -> None:
    """A token that names something critical is not of our kind."""
    assert reason(verifier, FIRST.sign({}, crit=["x"], x=1)) == "TOKEN_MALFORMED"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        "a.b.c",
        "....",
        "ây.là.chữ",
        "\udc80.b.c",
        base64.b64encode(b"[" * 3000).decode().rstrip("=") + ".e30.e30",
    ],
)
def test_garbage_is_malformed(verifier: TokenVerifier, text: str) -> None:
    """What is no token is refused, and nothing breaks."""
    assert reason(verifier, text) == "TOKEN_MALFORMED"


def test_a_huge_token_is_refused_unread(verifier: TokenVerifier) -> None:
    """A hundred kilobytes cost neither a signature check nor a place in memory."""
    assert reason(verifier, token(extra="x" * 100_000)) == "TOKEN_TOO_LONG"
    assert verifier.checked == 0


@given(st.data())
def test_a_changed_token_is_never_believed(data: st.DataObject) -> None:
    """Whatever letter is changed, the token is not believed, and nothing else is raised."""
    verifier = _standing()
    text = token()
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda c: c != text[place]))
    changed = text[:place] + letter + text[place + 1 :]
    if _same_bytes(changed, text):
        return  # the last letter of a part has bits that stand for nothing

    with pytest.raises(Unauthenticated):
        verifier.identity(changed)


def test_a_token_is_verified_once(verifier: TokenVerifier) -> None:
    """The second call costs no signature check."""
    text = token()
    assert verifier.identity(text) is verifier.identity(text)
    assert verifier.checked == 1


def test_a_remembered_token_expires(verifier: TokenVerifier, time: Time) -> None:
    """A token shown again after its end is refused although it was believed before."""
    text = token()
    verifier.identity(text)
    time.at = NOW + 660

    assert reason(verifier, text) == "TOKEN_EXPIRED"


def test_what_is_remembered_is_bounded(
    verifier: TokenVerifier, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many tokens come, memory holds the latest only."""
    monkeypatch.setattr(tokens, "REMEMBERED", 3)
    shown = [token(who=f"o{number}") for number in range(5)]
    for text in shown:
        verifier.identity(text)
    assert len(verifier._known) == 3

    verifier.identity(shown[-1])
    assert verifier.checked == 5
    verifier.identity(shown[0])
    assert verifier.checked == 6


def test_refused_tokens_are_not_remembered(verifier: TokenVerifier) -> None:
    """Somebody who sends garbage fills no memory."""
    for number in range(5):
        reason(verifier, token(aud=f"other-{number}"))
    assert not verifier._known


def test_a_new_key_counts_at_once(verifier: TokenVerifier, jwks: Path) -> None:
    """A token that names a key of the changed file is believed without waiting."""
    third = Key("third")
    assert reason(verifier, token(third)) == "TOKEN_KEY_UNKNOWN"
    write_keys(jwks, FIRST, SECOND, third)

    assert verifier.identity(token(third)).actor.id == "an.nv"


def test_a_key_taken_out_counts_no_more(verifier: TokenVerifier, jwks: Path, time: Time) -> None:
    """Within a second, tokens of a key that was taken out are refused, remembered or not."""
    text = token()
    verifier.identity(text)
    write_keys(jwks, SECOND)
    time.running = 1.0

    assert reason(verifier, text) == "TOKEN_KEY_UNKNOWN"
    assert verifier.identity(token(SECOND)).actor.id == "an.nv"


def test_a_key_replaced_under_its_name_counts_no_more(
    verifier: TokenVerifier, jwks: Path, time: Time
) -> None:
    """What was verified with the old key is verified again with the new one."""
    text = token()
    verifier.identity(text)
    write_keys(jwks, STRANGER)
    time.running = 1.0

    assert reason(verifier, text) == "TOKEN_SIGNATURE_WRONG"


def test_a_broken_file_changes_nothing(verifier: TokenVerifier, jwks: Path, time: Time) -> None:
    """A half-written file shuts nobody out; the next good one counts."""
    jwks.write_text('{"keys": [')
    time.running = 1.0
    assert verifier.identity(token()).actor.id == "an.nv"

    jwks.unlink()
    time.running = 2.0
    assert verifier.identity(token(who="binh.tt")).actor.id == "binh.tt"

    write_keys(jwks, SECOND)
    time.running = 3.0
    assert reason(verifier, token()) == "TOKEN_KEY_UNKNOWN"


def _part(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def _same_bytes(one: str, other: str) -> bool:
    try:
        return [_bytes(part) for part in one.split(".")] == [
            _bytes(part) for part in other.split(".")
        ]
    except ValueError:
        return False


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class _Standing(Jwks):
    """Keys without a file."""

    def __init__(self) -> None:
        self.generation = 0
        self._keys = {key.name: jwt.PyJWK(key.public) for key in (FIRST, SECOND)}

    def refresh(self) -> None:
        """Never change."""

    def find(self, name: str) -> jwt.PyJWK | None:
        """Return one of the two."""
        return self._keys.get(name)


def _standing() -> TokenVerifier:
    return TokenVerifier(_Standing(), ISSUER, AUDIENCE, lambda: NOW, kinds=KINDS, roles=ROLES)
