"""Water consumption."""

from datetime import date, datetime
from decimal import Decimal

from gateway.models import water
from gateway.models.dates import YearMonth
from gateway.schema.common import Freshness
from gateway.schema.fields import described, plain, shows

described(
    water.WaterKind,
    "Cold or hot.",
    COLD="Cold water.",
    HOT="Hot water.",
    OTHER="A kind that this version does not know.",
)
described(
    water.ReadingMethod,
    "How an index was read.",
    REMOTE="By radio.",
    MANUAL="By somebody on site.",
    ESTIMATED="Estimated.",
    MISSING="Not read: nobody was there.",
    OTHER="A way that this version does not know.",
)
described(
    water.LeakKind,
    "What an alert says.",
    LEAK="Water runs without a pause: probably a leak.",
    HIGH="Much more water than usual.",
    REVERSE="Water runs backwards through the meter.",
    NO_SIGNAL="The meter no longer sends.",
    OTHER="A kind that this version does not know.",
)


@shows(water.WaterReading, "An index read from a meter.")
class WaterReading:
    """A reading."""

    read_on: date = plain("The day of the reading.")
    index: Decimal | None = plain("Cubic metres on the meter; null where it could not be read.")
    method: water.ReadingMethod = plain("How it was read.")


@shows(water.WaterMonth, "What went through one meter in a month.")
class WaterMonth:
    """A month of a meter."""

    month: YearMonth = plain("The month.")
    volume: Decimal = plain("Cubic metres; negative where an earlier estimate was corrected.")
    estimated: bool = plain("Whether the volume is an estimate.")
    days: int | None = plain("Days that the volume covers.")
    same_month_last_year: Decimal | None = plain(
        "The same meter's volume a year before, where that month is within the range asked for."
    )
    building_average: Decimal | None = plain("What an average dwelling of the building used in that month.")


@shows(water.WaterMeter, "A water meter of the dwelling; replaced ones stay in the list.")
class WaterMeter:
    """A meter."""

    serial: str = plain("The number on the meter.")
    kind: water.WaterKind = plain("Cold or hot.")
    location: str | None = plain("Where it is.")
    remotely_read: bool = plain("Whether it sends its index by radio.")
    installed_on: date | None = plain("When it was put in.")
    removed_on: date | None = plain("When it was taken out; null while in use.")
    readings: list[WaterReading] = plain("Readings within the range, oldest first.", size=13)
    months: list[WaterMonth] = plain("Months of the range for which there is a volume, oldest first.", size=13)
    calendar_year_to_date: Decimal | None = plain("Cubic metres from 1 January to the end of the range.")


@shows(water.LeakAlert, "An alert that was open at some time within the range.")
class LeakAlert:
    """An alert."""

    kind: water.LeakKind = plain("What it says.")
    meter_serial: str = plain("The meter that it is on.")
    since: datetime | None = plain("Since when.")
    litres_per_hour: Decimal | None = plain("How much runs, in litres an hour.")
    open: bool = plain("Whether it is still open.")


@shows(water.WaterConsumption, "The dwelling's water over a range of months. Volumes are cubic metres, three decimals.")
class WaterConsumption:
    """Water over a range."""

    from_month: YearMonth = plain("First month of the range.", name="from")
    to_month: YearMonth = plain("Last month of the range.", name="to")
    cold_total: Decimal = plain("Cold water over the range, all meters.")
    hot_total: Decimal = plain("Hot water over the range, all meters.")
    unit_price_cold: Decimal | None = plain("Euros a cubic metre of cold water.")
    unit_price_hot: Decimal | None = plain("Euros a cubic metre of hot water.")
    as_of: date | None = plain("The day up to which meters have been read.")
    meters: list[WaterMeter] = plain("The meters; empty where the dwelling has none.", size=4)
    leak_alerts: list[LeakAlert] = plain("Alerts on these meters.", size=4)
    freshness: Freshness = plain("Where this comes from and how old it is.")
