"""Who calls: tokens of the local issuer, and of an issuer as an office has one in production."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from kernel.auth.issuer import LocalIssuer
from kernel.config.common_settings import CommonSettings
from kernel.config.environment import load
from kernel.rpc import client

Metadata = tuple[tuple[str, str], ...]
ISSUER = "https://identity.example.vn"
AUDIENCE = "motcua"


def local_issuer() -> LocalIssuer:
    """Return the local issuer of the environment."""
    return LocalIssuer.of(load(CommonSettings))


def metadata(
    kind: str = "",
    identity: str = "",
    *,
    unit: str = "",
    roles: Sequence[str] = (),
    token: str = "",
    **more: str,
) -> Metadata:
    """Return the metadata of a call by a token, or as whom the local issuer signs for."""
    if kind and not token:
        token = local_issuer().token(kind, identity, unit, roles)
    return client.metadata(token, **more)


class Key:
    """One key of an issuer, with its public half as JWK."""

    def __init__(self, name: str, algorithm: str = "ES256") -> None:
        self.name = name
        self.algorithm = algorithm
        self.secret: Any
        if algorithm == "ES256":
            self.secret = ec.generate_private_key(ec.SECP256R1())
            jwk = ECAlgorithm.to_jwk(self.secret.public_key(), as_dict=True)
        else:
            self.secret = ed25519.Ed25519PrivateKey.generate()
            jwk = OKPAlgorithm.to_jwk(self.secret.public_key(), as_dict=True)
        self.public = {**jwk, "kid": name, "alg": algorithm, "use": "sig"}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """Sign claims as they are; ``header`` adds to the header, or replaces what it has."""
        return jwt.encode(
            claims, self.secret, algorithm=self.algorithm, headers={"kid": self.name, **header}
        )

    def token(self, kind: str = "officer", who: str = "an.nv", **claims: Any) -> str:
        """Sign a token that is in order, as changed; a claim that is None is left out."""
        now = int(time.time())
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "nbf": now,
            "exp": now + 3600,
            "sub": who,
            "kind": kind,
            "unit": "H22.12",
            "roles": ["receptionist"],
            **claims,
        }
        return self.sign({name: value for name, value in payload.items() if value is not None})


def write_keys(path: Path, *keys: Key) -> Path:
    """Publish the public halves of keys, in one step as an issuer does."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"keys": [key.public for key in keys]}))
    os.replace(fresh, path)
    return path
