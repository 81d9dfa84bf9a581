"""The oldest version of the app that is still accepted."""

from dataclasses import dataclass
from enum import Enum


class Platform(Enum):
    """What the app runs on."""

    ANDROID = "ANDROID"
    IOS = "IOS"


@dataclass(frozen=True, slots=True)
class AppVersion:
    """The oldest accepted version, and where a newer one is."""

    minimum: str
    store_url: str
