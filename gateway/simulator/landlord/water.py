"""Water meters: readings, monthly consumption, alerts, with every oddity of the meter feed."""

import random
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from gateway.simulator.landlord import places
from gateway.simulator.landlord.calendar import LAST_MONTH, PARIS, Month, months
from gateway.simulator.landlord.cases import Case
from gateway.simulator.landlord.dice import dice

FIRST_MONTH: Final = Month(2024, 11)
REPLACEMENT_DAY: Final = date(2026, 6, 15)
MISSING_MONTH: Final = Month(2026, 8)
CORRECTED_MONTH: Final = Month(2026, 9)


@dataclass(frozen=True, slots=True)
class Reading:
    """An index reading, in litres; without index the reading is absent (method A)."""

    day: date
    index_litres: int | None
    method: str


@dataclass(frozen=True, slots=True)
class WaterMonth:
    """What one meter counted in one month, in litres."""

    month: Month
    litres: int
    estimated: bool
    days: int | None
    building_average_litres: int | None


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert; ``ended_on`` is the truth behind the state, never on the wire."""

    code: str
    label: str | None
    since: datetime | None
    litres_per_hour_hundredths: int | None
    state: str | None
    ended_on: date | None = None

    @property
    def says_no_alert(self) -> bool:
        """Whether this is the legacy way of saying that there is none."""
        return self.code == "AUC" or (self.label or "").lower() == "pas de fuite"


@dataclass(frozen=True, slots=True)
class Meter:
    """A water meter with its whole history; unit M3 or L on the wire, litres here."""

    serial: str
    fluid_code: str
    location: str | None
    remotely_read: bool
    unit: str
    installed_on: date | None
    removed_on: date | None
    readings: tuple[Reading, ...]
    months: tuple[WaterMonth, ...]
    alerts: tuple[Alert, ...]
    total_known: bool = True

    def year_to_date_litres(self, last: Month) -> int:
        """Consumption from January of last's year to the end of last."""
        first = Month(last.year, 1)
        return sum(spent.litres for spent in self.months if first <= spent.month <= last)


@dataclass(frozen=True, slots=True)
class Water:
    """The meters of a dwelling and the unit prices in ten-thousandths of a euro."""

    cold_price: int | None
    hot_price: int | None
    meters: tuple[Meter, ...]
    feed_down: bool = False


def water_of(seed: int, index: int) -> Water:
    """The water of the tenant at this index."""
    rng = dice(seed, index, "water")
    dear = Case.PRICE_UNKNOWN.applies_to(index)
    return Water(
        cold_price=None if dear else 38_000 + places.building_of(index) % 9 * 250,
        hot_price=None if dear else 91_000 + places.building_of(index) % 7 * 700,
        meters=() if Case.NO_METER.applies_to(index) else tuple(_meters(rng, index)),
        feed_down=Case.FEED_DOWN.applies_to(index),
    )


def history(
    opening: int,
    spent: dict[Month, int],
    index: int,
    fluid: str,
    method: str = "R",
) -> tuple[tuple[Reading, ...], tuple[WaterMonth, ...]]:
    """Readings on the first and last day of each month, and the months between them."""
    readings: list[Reading] = []
    counted: list[WaterMonth] = []
    for month, litres in spent.items():
        readings.append(Reading(month.first_day, opening, method))
        opening += litres
        readings.append(Reading(month.last_day, opening, method))
        counted.append(WaterMonth(month, litres, False, month.days, _average(index, fluid, month)))
    return tuple(readings), tuple(counted)


def _meters(rng: random.Random, index: int) -> list[Meter]:
    cold = _meter(rng, index, "EF")
    found = [cold]
    if Case.METER_REPLACED.applies_to(index):
        found = list(_replaced(cold, index))
    elif Case.MISSING_MONTH.applies_to(index):
        found = [_without_month(cold)]
    elif Case.NEGATIVE_CONSUMPTION.applies_to(index):
        found = [_corrected(cold)]
    elif Case.ESTIMATED_MONTHS.applies_to(index):
        found = [_estimated(cold)]
    if index % 4 != 3:
        found.append(_meter(rng, index, "EC"))
    if Case.ALERT_UNKNOWN_CODE.applies_to(index):
        odd = _meter(rng, index, "ER")
        readings = tuple(replace(reading, method="X") for reading in odd.readings)
        alert = Alert("GEL", "Risque de gel", datetime(2026, 10, 28, 6, 0, tzinfo=PARIS), None, "S")
        found.append(replace(odd, readings=readings, alerts=(alert,)))
    return found


def _meter(rng: random.Random, index: int, fluid: str) -> Meter:
    usual = rng.randrange(2_200, 9_500) // (2 if fluid == "EC" else 1)
    spent = {month: max(0, usual + rng.randrange(-900, 900)) for month in months(FIRST_MONTH, LAST_MONTH)}
    readings, counted = history(rng.randrange(4_000, 900_000), spent, index, fluid)
    return Meter(
        serial=f"{fluid}-{rng.randrange(12, 26)}-{rng.randrange(1_000_000):06d}",
        fluid_code=fluid,
        location=("CUISINE", "SALLE D'EAU", "GAINE PALIÈRE", None)[index % 4],
        remotely_read=index % 6 != 0,
        unit="L" if Case.LITRES.applies_to(index) else "M3",
        installed_on=None if index % 30 == 4 else date(2012 + index % 10, 3, 12),
        removed_on=None,
        readings=readings,
        months=counted,
        alerts=_alerts(index) if fluid == "EF" else (),
        total_known=not Case.AVERAGE_UNKNOWN.applies_to(index),
    )


def _alerts(index: int) -> tuple[Alert, ...]:
    code = ("FUI", "SUR", "RET", "NOS")[index // 25 % 4]
    label = {"FUI": "Fuite probable", "SUR": "Surconsommation", "RET": "Retour d’eau", "NOS": None}[code]
    flow = None if code == "NOS" else 1_250
    if Case.ALERT_OPEN.applies_to(index):
        return (Alert(code, label, datetime(2026, 10, 20, 3, 15, tzinfo=PARIS), flow, "O"),)
    if Case.ALERT_CLOSED.applies_to(index):
        return (Alert(code, label, datetime(2026, 5, 10, 22, 40, tzinfo=PARIS), flow, "F", date(2026, 5, 20)),)
    if index % 9 == 4:
        return (Alert("FUI", "Pas de fuite", None, None, None),)
    return (Alert("AUC", "pas de fuite", None, None, None),) if index % 3 == 0 else ()


def _average(index: int, fluid: str, month: Month) -> int | None:
    if Case.AVERAGE_UNKNOWN.applies_to(index):
        return None
    # The same for every dwelling of the building, as an average must be.
    swing = (places.building_of(index) * 131 + month.serial * 57) % 900
    return (5_400 if fluid == "EF" else 2_700) + swing


def _replaced(meter: Meter, index: int) -> tuple[Meter, Meter]:
    change = Month(REPLACEMENT_DAY.year, REPLACEMENT_DAY.month)
    before = {spent.month: spent.litres for spent in meter.months if spent.month < change}
    after = {spent.month: spent.litres for spent in meter.months if spent.month > change}
    broken = next(spent for spent in meter.months if spent.month == change)
    opening = meter.readings[0].index_litres or 0
    old_readings, old_months = history(opening, {**before, change: broken.litres // 2}, index, "EF")
    new_readings, new_months = history(0, {change: broken.litres - broken.litres // 2, **after}, index, "EF")
    days = REPLACEMENT_DAY.day
    old = replace(
        meter,
        removed_on=REPLACEMENT_DAY,
        readings=(*old_readings[:-1], replace(old_readings[-1], day=REPLACEMENT_DAY)),
        months=(*old_months[:-1], replace(old_months[-1], days=days)),
        alerts=(),
    )
    new = replace(
        meter,
        serial=f"EF-26-{index:06d}",
        installed_on=REPLACEMENT_DAY,
        readings=(replace(new_readings[0], day=REPLACEMENT_DAY), *new_readings[1:]),
        months=(replace(new_months[0], days=change.days - days), *new_months[1:]),
    )
    return old, new


def _without_month(meter: Meter) -> Meter:
    """No consumption in one month; its closing reading is absent."""
    readings = tuple(
        Reading(reading.day, None, "A") if reading.day == MISSING_MONTH.last_day else reading
        for reading in meter.readings
    )
    return replace(meter, readings=readings, months=tuple(m for m in meter.months if m.month != MISSING_MONTH))


def _corrected(meter: Meter) -> Meter:
    """The month before is estimated far too high, then corrected below zero."""
    guessed = CORRECTED_MONTH.plus(-1)
    extra = 9_000
    changed = [
        replace(spent, litres=spent.litres + extra, estimated=True)
        if spent.month == guessed
        else replace(spent, litres=-1_240)
        if spent.month == CORRECTED_MONTH
        else spent
        for spent in meter.months
    ]
    readings, _ = history(meter.readings[0].index_litres or 0, {m.month: m.litres for m in changed}, 0, "EF")
    guesses = (guessed.last_day, guessed.last_day + timedelta(days=1))
    read = tuple(replace(reading, method="E") if reading.day in guesses else reading for reading in readings)
    return replace(meter, readings=read, months=tuple(changed))


def _estimated(meter: Meter) -> Meter:
    """Nobody could read this meter by radio: by hand, and estimated in the summer."""
    summer = {Month(2026, 6), Month(2026, 7), Month(2026, 8)}
    counted = tuple(replace(m, estimated=m.month in summer, days=None) for m in meter.months)
    readings = tuple(
        replace(reading, method="E" if Month(reading.day.year, reading.day.month) in summer else "M")
        for reading in meter.readings
    )
    return replace(meter, remotely_read=False, readings=readings, months=counted)
