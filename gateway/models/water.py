"""Water: meters, readings, monthly volumes and leak alerts. Volumes are cubic metres, three decimals."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from msgspec import Struct

from gateway.models.dates import YearMonth
from gateway.models.freshness import Freshness


class WaterKind(Enum):
    """Cold or hot water."""

    COLD = "COLD"
    HOT = "HOT"
    OTHER = "OTHER"


class ReadingMethod(Enum):
    """How an index was read."""

    REMOTE = "REMOTE"
    MANUAL = "MANUAL"
    ESTIMATED = "ESTIMATED"
    MISSING = "MISSING"
    OTHER = "OTHER"


class LeakKind(Enum):
    """What an alert on a meter says."""

    LEAK = "LEAK"
    HIGH = "HIGH"
    REVERSE = "REVERSE"
    NO_SIGNAL = "NO_SIGNAL"
    OTHER = "OTHER"


class WaterReading(Struct, frozen=True, gc=False, array_like=True):
    """An index of a meter; None where it could not be read."""

    read_on: date
    index: Decimal | None
    method: ReadingMethod
    method_code: str | None


class WaterMonth(Struct, frozen=True, gc=False, array_like=True):
    """What went through one meter in a month; negative where an estimate was corrected later.

    `same_month_last_year` is of the same meter, where that month was read in the same answer.
    """

    month: YearMonth
    volume: Decimal
    estimated: bool
    days: int | None
    same_month_last_year: Decimal | None
    building_average: Decimal | None


class WaterMeter(Struct, frozen=True, gc=False, array_like=True):
    """A meter; replaced ones stay in the list with `removed_on`."""

    serial: str
    kind: WaterKind
    kind_code: str | None
    location: str | None
    remotely_read: bool
    installed_on: date | None
    removed_on: date | None
    readings: tuple[WaterReading, ...]
    months: tuple[WaterMonth, ...]
    calendar_year_to_date: Decimal | None


class LeakAlert(Struct, frozen=True, gc=False, array_like=True):
    """An alert open at any time within the range; `since` in UTC."""

    kind: LeakKind
    kind_code: str | None
    meter_serial: str
    since: datetime | None
    litres_per_hour: Decimal | None
    open: bool


class WaterConsumption(Struct, frozen=True, gc=False, array_like=True):
    """A dwelling's water over a range of months, both ends included; prices in euros per m³."""

    from_month: YearMonth
    to_month: YearMonth
    unit_price_cold: Decimal | None
    unit_price_hot: Decimal | None
    as_of: date | None
    meters: tuple[WaterMeter, ...]
    leak_alerts: tuple[LeakAlert, ...]
    freshness: Freshness

    @property
    def cold_total(self) -> Decimal:
        """Cold water over the range."""
        return self._total(WaterKind.COLD)

    @property
    def hot_total(self) -> Decimal:
        """Hot water over the range."""
        return self._total(WaterKind.HOT)

    def _total(self, kind: WaterKind) -> Decimal:
        months = (month for meter in self.meters if meter.kind is kind for month in meter.months)
        return sum((month.volume for month in months), Decimal("0.000"))
