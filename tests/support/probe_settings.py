"""The settings of a service that is there for tests only."""

from kernel.config.settings import Settings


class ProbeSettings(Settings):
    """What every service takes from the environment."""

    service: str = "probe"
