"""The settings of the services, as the environment of the commands has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cli.settings import CliSettings
from kernel.config.common_settings import CommonSettings
from kernel.config.settings import Settings
from services.audit.settings import AuditSettings
from services.intake.settings import IntakeSettings
from services.notify.settings import NotifySettings
from services.postal.settings import PostalSettings
from services.routing.settings import RoutingSettings
from services.web.settings import WebSettings

SETTINGS_OF: Final[Mapping[str, type[Settings]]] = {
    "intake": IntakeSettings,
    "routing": RoutingSettings,
    "postal": PostalSettings,
    "notify": NotifySettings,
    "audit": AuditSettings,
}
"""By the name of the service."""
ALL_SETTINGS: Final[Sequence[type[CommonSettings]]] = (
    CliSettings,
    *SETTINGS_OF.values(),
    WebSettings,
)
"""Those of the commands, of the services and of the web pages."""
