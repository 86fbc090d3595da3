"""Signed tokens at a real server: who is let in, who is told what, and keys that change."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import grpc
import pytest

from kernel.rpc.client import RpcProblem, explain
from tests.support.identity import ISSUER, Key, metadata, write_keys
from tests.support.probe.service import EVERYBODY, GUEST, OFFICER, Running, StartProbe, pb
from tests.support.routing_service import wait_until

Code = grpc.StatusCode


@pytest.fixture
def key() -> Key:
    """The issuer's key."""
    return Key("office-1")


@pytest.fixture
def jwks(tmp_path: Path, key: Key) -> Path:
    """The file in which the issuer publishes its keys."""
    return write_keys(tmp_path / "jwks.json", key)


@pytest.fixture
def served(start_probe: StartProbe, jwks: Path) -> Running:
    """A server in production, which trusts that issuer."""
    return start_probe(
        mode="production",
        record_keys="cd" * 32,
        master_key="ab" * 32,
        identity_jwks=jwks,
        identity_issuer=ISSUER,
        access=EVERYBODY | {"Who": OFFICER},
    )


def who(served: Running, token: str, **more: Any) -> Any:
    """Ask the server who calls."""
    meta = metadata(token=token, **more)
    return served.stub.Who(pb.WhoRequest(), timeout=10, metadata=meta)


def problem(served: Running, meta: Any) -> RpcProblem:
    """Call, and tell how it failed."""
    with pytest.raises(grpc.RpcError) as caught:
        served.stub.Who(pb.WhoRequest(), timeout=10, metadata=meta)
    return explain(caught.value)


def test_the_token_says_who_calls(served: Running, key: Key) -> None:
    """The handler sees the kind, id and unit that were signed."""
    answer = who(served, key.token(who="an.nv", unit="H22.12.03"))

    assert (answer.kind, answer.id, answer.unit) == (2, "an.nv", "H22.12.03")


def test_a_header_is_no_way_of_saying_who_one_is(served: Running) -> None:
    """What anybody can write is not looked at."""
    found = problem(served, (("x-motcua-actor", "officer:an.nv@H22.12"),))

    assert (found.code, found.reason) == (Code.UNAUTHENTICATED, "TOKEN_MISSING")


def test_a_header_does_not_change_what_was_signed(served: Running, key: Key) -> None:
    """A token goes before every claim beside it."""
    meta = (*metadata(token=key.token()), ("x-motcua-actor", "operator:root@H22"))
    answer = served.stub.Who(pb.WhoRequest(), timeout=10, metadata=meta)

    assert (answer.kind, answer.id) == (2, "an.nv")


def test_the_local_issuer_is_nobody_in_production(served: Running) -> None:
    """A token that anybody can make with the development key opens nothing."""
    found = problem(served, metadata("officer", "an.nv"))

    assert (found.code, found.reason) == (Code.UNAUTHENTICATED, "TOKEN_KEY_UNKNOWN")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 61, "nbf": 600}, "TOKEN_EXPIRED"),
        ({"nbf": -90, "exp": -600}, "TOKEN_NOT_YET_VALID"),
        ({"aud": "elsewhere"}, "TOKEN_AUDIENCE_WRONG"),
        ({"iss": "https://elsewhere"}, "TOKEN_ISSUER_WRONG"),
        ({"kind": "king"}, "TOKEN_KIND_UNKNOWN"),
        ({"sub": None}, "TOKEN_CLAIM_MISSING"),
    ],
)
def test_each_reason_reaches_the_caller_in_both_languages(
    served: Running, key: Key, claims: dict[str, Any], reason: str
) -> None:
    """The code is stable, the text is in the language asked for and repeats nothing of the
    token.
    """
    now = int(time.time())
    changed: dict[str, Any] = {k: now - v if isinstance(v, int) else v for k, v in claims.items()}
    token = key.token(**changed)
    vietnamese = problem(served, metadata(token=token))
    english = problem(served, metadata(token=token, language="en"))

    assert vietnamese.code == english.code == Code.UNAUTHENTICATED
    assert vietnamese.reason == english.reason == reason
    assert "mã thông báo" in vietnamese.text
    assert "token" in english.text
    assert "an.nv" not in vietnamese.text + english.text


@pytest.mark.parametrize(("nbf", "exp"), [(55, 600), (-600, -50)])
def test_clocks_may_differ_by_a_minute(served: Running, key: Key, nbf: int, exp: int) -> None:
    """An issuer whose clock is almost a minute off is believed."""
    now = int(time.time())

    assert who(served, key.token(nbf=now + nbf, exp=now + exp)).id == "an.nv"


@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer ", "Bearer x.y.z", "Basic YTpi", "bearer eyJhbGciOiJub25lIn0.e30."],
)
def test_garbled_credentials_are_refused(served: Running, value: str) -> None:
    """Nobody becomes a guest by a wrong token, and the server stands."""
    found = problem(served, (("authorization", value),))

    assert found.code == Code.UNAUTHENTICATED
    assert found.reason in ("TOKEN_MALFORMED", "TOKEN_UNSIGNED")


def test_a_wrong_token_makes_no_guest(start_probe: StartProbe, jwks: Path) -> None:
    """Where guests may call, a wrong token is still refused."""
    served = start_probe(
        identity_jwks=jwks, identity_issuer=ISSUER, access=EVERYBODY | {"Who": GUEST}
    )
    assert served.stub.Who(pb.WhoRequest(), timeout=10).kind == 0

    assert problem(served, metadata(token="x.y.z")).reason == "TOKEN_MALFORMED"


def test_a_token_of_a_hundred_kilobytes_harms_nobody(served: Running, key: Key) -> None:
    """The call is refused, and the next one is served."""
    found = problem(served, metadata(token=key.token(extra="x" * 100_000)))

    assert found.code in (Code.RESOURCE_EXHAUSTED, Code.UNAUTHENTICATED)
    assert who(served, key.token()).id == "an.nv"


def test_a_token_that_is_long_but_fits_is_refused_by_its_length(served: Running, key: Key) -> None:
    """Between our limit and gRPC's the caller is told the reason."""
    found = problem(served, metadata(token=key.token(extra="x" * 3500)))

    assert (found.code, found.reason) == (Code.UNAUTHENTICATED, "TOKEN_TOO_LONG")


def test_a_token_of_two_is_the_same_however_often_shown(served: Running, key: Key) -> None:
    """A token is a bearer's: it may be shown again until it expires, and costs one check."""
    token = key.token()
    for _ in range(20):
        who(served, token)

    assert served.server._verifier.checked == 1


def test_keys_change_without_a_restart(served: Running, jwks: Path, key: Key) -> None:
    """A new key counts at once; the old one until it is taken out, and no longer than a second."""
    new = Key("office-2", "EdDSA")
    old_token, new_token = key.token(), new.token()
    assert who(served, old_token).id == "an.nv"
    assert problem(served, metadata(token=new_token)).reason == "TOKEN_KEY_UNKNOWN"

    write_keys(jwks, key, new)
    assert who(served, new_token).id == "an.nv"
    assert who(served, old_token).id == "an.nv"

    write_keys(jwks, new)
    wait_until(lambda: _refused(served, old_token), "the old key is forgotten", 5)
    assert problem(served, metadata(token=old_token)).reason == "TOKEN_KEY_UNKNOWN"
    assert who(served, new_token).id == "an.nv"


def test_a_broken_file_of_keys_shuts_nobody_out(served: Running, jwks: Path, key: Key) -> None:
    """An issuer that writes nonsense does not stop the office."""
    jwks.write_text("{")
    served.server._verifier._keys._watcher._next = 0.0

    assert who(served, key.token(who="binh.tt")).id == "binh.tt"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"IDENTITY_JWKS": "/none.json"}, "IDENTITY_JWKS: /none.json: No such file"),
        (
            {
                "MOTCUA_MODE": "production",
                "MOTCUA_MASTER_KEY": "ab" * 32,
                "MOTCUA_RECORD_KEYS": "cd" * 32,
            },
            "IDENTITY_JWKS: must be",
        ),
    ],
)
def test_a_service_without_usable_keys_does_not_start(
    tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    """Exit status 2, and one line that names the variable."""
    done = subprocess.run(
        [sys.executable, "-m", "services.audit.main"],
        env={"PATH": "", "MOTCUA_DATA_DIR": str(tmp_path), "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
        | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def _refused(served: Running, token: str) -> bool:
    try:
        who(served, token)
    except grpc.RpcError:
        return True
    return False
