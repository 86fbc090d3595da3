"""The settings by which services and commands reach the Kafka cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from kernel.config.common_settings import CommonSettings
from kernel.config.loopback import are_loopback
from kernel.config.tls_files import check_authorities, check_key
from kernel.kafka.cluster import Cluster, Mechanism, Protocol

_LOGIN: Final = "must be set, since KAFKA_SECURITY_PROTOCOL has clients log in"


class KafkaSettings(CommonSettings):
    """One set of variables for all clients of Kafka."""

    kafka: str = Field("127.0.0.1:29092", validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    kafka_protocol: Protocol = Field(
        "PLAINTEXT", validation_alias="KAFKA_SECURITY_PROTOCOL", validate_default=True
    )
    kafka_mechanism: Mechanism = Field("SCRAM-SHA-512", validation_alias="KAFKA_SASL_MECHANISM")
    kafka_username: str = Field("", validation_alias="KAFKA_SASL_USERNAME", validate_default=True)
    kafka_password: SecretStr = Field(
        SecretStr(""), validation_alias="KAFKA_SASL_PASSWORD", validate_default=True
    )
    kafka_token_file: Path | None = Field(
        None, validation_alias="KAFKA_SASL_TOKEN_FILE", validate_default=True
    )
    kafka_ca: Path | None = Field(None, validation_alias="KAFKA_SSL_CA")
    kafka_cert: Path | None = Field(None, validation_alias="KAFKA_SSL_CERT")
    kafka_key: Path | None = Field(None, validation_alias="KAFKA_SSL_KEY", validate_default=True)

    @property
    def cluster(self) -> Cluster:
        """The cluster, and how a client proves who it is."""
        return Cluster(
            self.kafka,
            self.kafka_protocol,
            self.kafka_mechanism,
            self.kafka_username,
            self.kafka_password.get_secret_value(),
            self.kafka_token_file,
            self.kafka_ca,
            self.kafka_cert,
            self.kafka_key,
        )

    @field_validator("kafka_protocol")
    @classmethod
    def _kafka_not_in_the_clear(cls, protocol: Protocol, others: ValidationInfo) -> Protocol:
        elsewhere = not are_loopback(others.data.get("kafka", ""))
        if others.data.get("mode") == "production" and elsewhere and not protocol.endswith("SSL"):
            rule = "must be SASL_SSL or SSL in production"
            raise ValueError(f"{rule}, since KAFKA_BOOTSTRAP_SERVERS is not this machine")
        return protocol

    @field_validator("kafka_username", "kafka_password")
    @classmethod
    def _has_kafka_login(cls, value: str | SecretStr, others: ValidationInfo) -> str | SecretStr:
        if not value and _logs_in(others) and others.data.get("kafka_mechanism") != "OAUTHBEARER":
            raise ValueError(_LOGIN)
        return value

    @field_validator("kafka_token_file")
    @classmethod
    def _has_kafka_token(cls, file: Path | None, others: ValidationInfo) -> Path | None:
        by_token = _logs_in(others) and others.data.get("kafka_mechanism") == "OAUTHBEARER"
        if file is None and by_token:
            raise ValueError("must be set, since KAFKA_SASL_MECHANISM is OAUTHBEARER")
        return file

    @field_validator("kafka_ca")
    @classmethod
    def _holds_kafka_authorities(cls, file: Path | None) -> Path | None:
        if file is not None:
            check_authorities(file)
        return file

    @field_validator("kafka_key")
    @classmethod
    def _fits_kafka_certificate(cls, file: Path | None, others: ValidationInfo) -> Path | None:
        cert = others.data.get("kafka_cert")
        if (file is None) != (cert is None):
            raise ValueError("must be set together with KAFKA_SSL_CERT")
        if cert is not None:
            check_key(cert, file, "KAFKA_SSL_CERT")
        return file


def _logs_in(others: ValidationInfo) -> bool:
    return str(others.data.get("kafka_protocol")).startswith("SASL_")
