"""Answers on water meters as models: litres to cubic metres, sentinels, alerts that say there is none. No I/O."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from gateway.clients.property_management import codes
from gateway.clients.property_management.parsing import parse_items
from gateway.clients.property_management.reading import Element
from gateway.clients.property_management.rows import MONTHS, READINGS
from gateway.clients.property_management.values import (
    DATE,
    END_DATE,
    FLAG,
    INTEGER,
    MOMENT,
    MONTH,
    Unreadable,
    Values,
    decimals,
)
from gateway.errors import UpstreamError
from gateway.models.dates import YearMonth
from gateway.models.freshness import Freshness
from gateway.models.water import (
    LeakAlert,
    WaterConsumption,
    WaterKind,
    WaterMeter,
    WaterMonth,
    WaterReading,
)


class _Unit(NamedTuple):
    """The volumes of a meter of that unit in cubic metres.

    Those of months repeat, in a building above all; an index is read at the end of a month and again the day after.
    """

    of_month: Values[Decimal | None]
    of_building: Values[Decimal | None]
    of_year: Values[Decimal | None]
    at_reading: Values[Decimal | None]


def _cubic_metres(plain: str) -> Decimal:
    return Decimal(plain).quantize(_LITRE)


def _litres(plain: str) -> Decimal:
    return (Decimal(plain) * _LITRE).quantize(_LITRE)


_LITRE = Decimal("0.001")
_NO_VALUE = "9999,99"
_RATE = decimals(_NO_VALUE, kept=1024)
_UNITS = {
    unit: _Unit(
        of_month=decimals(kept=8192, made=made),
        of_building=decimals(_NO_VALUE, kept=8192, made=made),
        of_year=decimals(_NO_VALUE, made=made),
        at_reading=decimals("999999,999", kept=1024, made=made),
    )
    for unit, made in (("M3", _cubic_metres), ("L", _litres))
}
_READ_ON = attrgetter("read_on")
_KINDS = {kind: place for place, kind in enumerate(WaterKind)}


def parse_water(
    answer: Element, freshness: Freshness, *, from_month: YearMonth, to_month: YearMonth
) -> dict[str, WaterConsumption | UpstreamError | None]:
    """RelevesCompteurs over that range. Code 15 (meter feed down) is an error; a dwelling without meter is not."""

    def parse(item: Element, _: str) -> WaterConsumption:
        meters = item.children("Compteur")
        return WaterConsumption(
            from_month=from_month,
            to_month=to_month,
            unit_price_cold=item.value("PrixM3Froide", _RATE),
            unit_price_hot=item.value("PrixM3Chaude", _RATE),
            as_of=item.value("DateArrete", DATE),
            meters=tuple(sorted(map(_meter, meters), key=_meter_order)),
            leak_alerts=tuple(alert for meter in meters for alert in _alerts(meter)),
            freshness=freshness,
        )

    return parse_items(answer.children("RelevesLogement"), "RefLogement", parse)


def _meter(meter: Element) -> WaterMeter:
    kind, kind_code = meter.value("TypeFluide", codes.WATER_KINDS)
    if (unit := _UNITS.get(meter.required("Unite"))) is None:
        raise meter.malformed("Unite", "neither M3 nor L")
    return WaterMeter(
        serial=meter.required("NumeroCompteur"),
        kind=kind,
        kind_code=kind_code,
        location=meter.text("Emplacement"),
        remotely_read=meter.value("Telereleve", FLAG) or False,
        installed_on=meter.value("DatePose", DATE),
        removed_on=meter.value("DateDepose", END_DATE),
        readings=_readings(meter, unit),
        months=_months(meter, unit),
        calendar_year_to_date=meter.value("CumulAnneeCivile", unit.of_year),
    )


def _readings(meter: Element, unit: _Unit) -> tuple[WaterReading, ...]:
    dates, indexes, methods = DATE, unit.at_reading, codes.READING_METHODS
    readings = []
    try:
        for sent_date, sent_index, sent_method in meter.rows(READINGS):
            if (read_on := dates[sent_date]) is None:
                raise Unreadable("without date")
            readings.append(WaterReading(read_on, indexes[sent_index], *methods[sent_method]))
    except Unreadable as error:
        raise meter.malformed(READINGS.name, str(error)) from error
    return tuple(sorted(readings, key=_READ_ON))


def _months(meter: Element, unit: _Unit) -> tuple[WaterMonth, ...]:
    volumes: dict[tuple[int, int], Decimal] = {}
    rows: dict[YearMonth, Sequence[str | None]] = {}
    try:
        for row in meter.rows(MONTHS):
            month, volume = MONTH[row[0]], unit.of_month[row[1]]
            if month is None or volume is None:
                raise Unreadable("without month or value")
            if month not in rows:
                rows[month], volumes[month] = row, volume
        return tuple(
            [
                WaterMonth(
                    month=month,
                    volume=volumes[month],
                    estimated=FLAG[estimated] or False,
                    days=INTEGER[days],
                    same_month_last_year=volumes.get((month.year - 1, month.month)),
                    building_average=unit.of_building[average],
                )
                for month, (_, _, estimated, days, average) in sorted(rows.items())
            ]
        )
    except Unreadable as error:
        raise meter.malformed(MONTHS.name, str(error)) from error


def _alerts(meter: Element) -> list[LeakAlert]:
    alerts = (_alert(alert, meter) for alert in meter.children("Alerte"))
    return [alert for alert in alerts if alert is not None]


def _alert(alert: Element, meter: Element) -> LeakAlert | None:
    kind, kind_code = alert.value("CodeAlerte", codes.LEAK_KINDS)
    if kind_code == "AUC" or (alert.text("LibelleAlerte") or "").casefold() == "pas de fuite":
        return None
    return LeakAlert(
        kind=kind,
        kind_code=kind_code,
        meter_serial=meter.required("NumeroCompteur"),
        since=alert.value("Depuis", MOMENT),
        litres_per_hour=alert.value("DebitLitresHeure", _RATE),
        open=alert.text("EtatAlerte") != "F",
    )


def _meter_order(meter: WaterMeter) -> tuple[int, date, str]:
    return _KINDS[meter.kind], meter.installed_on or date.min, meter.serial
