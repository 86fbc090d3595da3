"""Files of public keys: what is wrong with one is said with the name of the key."""

from __future__ import annotations

import json
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from kernel.auth import issuer
from kernel.auth.issuer import LocalIssuer
from kernel.auth.jwks import Jwks, JwksError, read_keys
from kernel.auth.tokens import TokenVerifier, verifier_of
from kernel.config.common_settings import AUDIENCE, DEVELOPMENT_ISSUER
from kernel.config.environment import SettingsError, load
from kernel.config.settings import Settings
from office.people.rights import ACCESS_MODEL
from office.permissions import shipped
from tests.support.identity import Key, write_keys
from tests.support.probe_settings import ProbeSettings

GOOD = Key("good").public
RSA = {"kty": "RSA", "kid": "rsa", "n": "AQAB" * 90, "e": "AQAB"}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "not a JWKS file"),
        ("[]", "not a JWKS file"),
        ({"keys": []}, "holds no key"),
        ({"keys": {}}, "holds no key"),
        ({"keys": ["x"]}, "key 1: kid is missing"),
        ({"keys": [GOOD, {**GOOD, "kid": ""}]}, "key 2: kid is missing"),
        ({"keys": [GOOD, GOOD]}, "key 2: kid good is there twice"),
        ({"keys": [{**GOOD, "d": "secret"}]}, "key 1: good is a secret key"),
        ({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "s"}]}, "key 1: s is a secret key"),
        ({"keys": [{**GOOD, "x": "!"}]}, "key 1: good can't be read"),
        ({"keys": [{**GOOD, "crv": "P-999", "alg": None}]}, "key 1: good can't be read"),
        ({"keys": [RSA]}, "key 1: rsa is for RS256, not EdDSA or ES256"),
        ({"keys": [{**GOOD, "kid": "development-1"}]}, "which production refuses"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, document: Any, words: str) -> None:
    """The message names the variable, the file, the key and the rule, and no secret."""
    path = tmp_path / "jwks.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))

    with pytest.raises(JwksError, match=words) as caught:
        read_keys(path, production=True)

    assert str(caught.value).startswith(f"IDENTITY_JWKS: {path}")
    assert "secret" not in str(caught.value).replace("is a secret key", "")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there stops the start."""
    with pytest.raises(JwksError, match="No such file"):
        Jwks(tmp_path / "none.json", production=False)


def test_production_needs_keys_and_an_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the local issuer serves in production, not even by default."""
    monkeypatch.setenv("MOTCUA_MODE", "production")
    monkeypatch.setenv("MOTCUA_MASTER_KEY", "ab" * 32)
    monkeypatch.setenv("MOTCUA_RECORD_KEYS", "cd" * 32)
    assert missing() == {"IDENTITY_JWKS", "IDENTITY_ISSUER"}
    monkeypatch.setenv("IDENTITY_JWKS", "k")
    assert missing() == {"IDENTITY_ISSUER"}
    monkeypatch.setenv("IDENTITY_ISSUER", DEVELOPMENT_ISSUER)
    assert missing() == {"IDENTITY_ISSUER"}


def missing() -> set[str]:
    """Return the variables that have to be set in production, and are not."""
    with pytest.raises(SettingsError) as error:
        load(ProbeSettings)
    assert set(error.value.problems.values()) == {"must be set in production"}
    return set(error.value.problems)


def test_the_local_issuer_is_refused_in_production(tmp_path: Path) -> None:
    """Its published keys can't be given to a service in production."""
    issuer.make_keys(tmp_path)
    settings = Settings(
        service="intake",
        port=0,
        database_url="sqlite://",
        mode="production",
        master_key="ab" * 32,
        record_keys="cd" * 32,
        identity_jwks=issuer.jwks_path(tmp_path),
        identity_issuer="https://identity.example.vn",
    )
    with pytest.raises(JwksError, match="is a development key"):
        verifier_of(settings, shipped())


def test_the_local_issuer_has_one_key_however_many_ask(tmp_path: Path) -> None:
    """Services and callers that start together agree on the key; only its owner can read it."""
    folder = tmp_path / "identity"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: issuer.make_keys(folder), range(32)))
    verifier = TokenVerifier(
        Jwks(issuer.jwks_path(folder), production=False),
        DEVELOPMENT_ISSUER,
        AUDIENCE,
        kinds=ACCESS_MODEL.kinds,
        roles={"head"},
    )

    token = LocalIssuer(folder).token("officer", "an.nv", "H22.12", ["head"])
    found = verifier.identity(token)

    assert (found.actor.id, found.actor.unit, found.roles) == (
        "an.nv",
        "H22.12",
        frozenset({"head"}),
    )
    assert stat.S_IMODE((folder / "issuer.json").stat().st_mode) == 0o600
    assert "d" not in json.loads(issuer.jwks_path(folder).read_text())["keys"][0]


def test_other_keys_of_the_same_folder_sign_anew(tmp_path: Path) -> None:
    """A caller whose stack was made anew does not show tokens of the old one."""
    local = LocalIssuer(tmp_path / "identity")
    for _ in range(2):
        shutil.rmtree(local.folder, ignore_errors=True)
        issuer.make_keys(local.folder)
        verifier = TokenVerifier(
            Jwks(issuer.jwks_path(local.folder), production=False),
            DEVELOPMENT_ISSUER,
            AUDIENCE,
            kinds=ACCESS_MODEL.kinds,
            roles=(),
        )
        assert verifier.identity(local.token("operator", "root")).actor.id == "root"


def test_a_file_may_hold_several_keys(tmp_path: Path) -> None:
    """Old and new key count side by side while the issuer changes over."""
    path = write_keys(tmp_path / "jwks.json", Key("old"), Key("new", "EdDSA"))

    assert set(read_keys(path, production=True)) == {"old", "new"}


def test_a_broken_file_is_said_once_and_the_keys_before_count_on(tmp_path: Path) -> None:
    """Until it is mended; then other keys count, and what was verified before is verified again."""
    path, at = write_keys(tmp_path / "jwks.json", Key("old")), [0.0]
    keys = Jwks(path, production=False, monotonic=lambda: at[0])
    with capture_logs() as lines:
        path.write_text("{")
        for _ in range(3):
            at[0] += 1
            keys.refresh()
        assert keys.find("old")
        assert keys.find("new") is None
        assert keys.generation == 0
        write_keys(path, Key("new"))
        assert keys.find("new"), "at once, where a token names it"
        assert keys.find("old") is None
        assert keys.generation == 1
    events = [line["event"] for line in lines]
    assert events == ["identity.keys_unusable", "identity.keys_changed"]
