"""Which versions of the app are still accepted."""

import re
from typing import Final

from gateway.models.app_version import AppVersion, Platform
from gateway.settings import Settings

APP_NAMES: Final = {"tenant-app-android": Platform.ANDROID, "tenant-app-ios": Platform.IOS}
"""`apollographql-client-name` of the apps; other callers are not looked at."""

_VERSION: Final = re.compile(r"\d{1,9}(\.\d{1,9}){0,5}")


def minimum_version(settings: Settings, platform: Platform) -> AppVersion:
    """The oldest accepted version of a platform's app."""
    if platform is Platform.ANDROID:
        return AppVersion(settings.minimum_app_version_android, settings.app_store_url_android)
    return AppVersion(settings.minimum_app_version_ios, settings.app_store_url_ios)


def find_outdated(settings: Settings, client_name: str | None, client_version: str | None) -> AppVersion | None:
    """What an app should be replaced with that is too old, or does not say how old it is; None where all is well."""
    platform = APP_NAMES.get(client_name or "")
    if platform is None:
        return None
    minimum = minimum_version(settings, platform)
    return minimum if _parsed(client_version or "") < _parsed(minimum.minimum) else None


def _parsed(version: str) -> tuple[int, ...]:
    # `1.10.2-beta.3` counts as 1.10.2, and 1.10 as 1.10.0.
    match = _VERSION.match(version)
    numbers = [int(part) for part in match[0].split(".")] if match else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
