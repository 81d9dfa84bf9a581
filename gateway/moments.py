"""Milliseconds since 1970 against datetimes in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Final

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970, exact."""
    return (moment - _EPOCH) // _MILLISECOND


def moment_of(since_1970: int) -> datetime:
    """The moment so many milliseconds after the beginning of 1970."""
    return _EPOCH + timedelta(milliseconds=since_1970)
