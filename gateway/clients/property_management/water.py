"""Answers on water meters as models: litres to cubic metres, sentinels, alerts that say there is none. No I/O."""

from collections.abc import Container
from datetime import date
from decimal import Decimal

from gateway.clients.property_management import codes
from gateway.clients.property_management.codes import translated
from gateway.clients.property_management.parsing import parse_items
from gateway.clients.property_management.reading import Element
from gateway.errors import UpstreamError
from gateway.models.dates import YearMonth
from gateway.models.freshness import Freshness
from gateway.models.water import (
    LeakAlert,
    LeakKind,
    ReadingMethod,
    WaterConsumption,
    WaterKind,
    WaterMeter,
    WaterMonth,
    WaterReading,
)

_LITRE = Decimal("0.001")
_UNITS = {"M3": Decimal(1), "L": _LITRE}
_NO_VALUE = {"9999,99"}
_NO_INDEX = {"999999,999"}


def parse_water(
    answer: Element, freshness: Freshness, *, from_month: YearMonth, to_month: YearMonth
) -> dict[str, WaterConsumption | UpstreamError | None]:
    """RelevesCompteurs over that range. Code 15 (meter feed down) is an error; a dwelling without meter is not."""

    def parse(item: Element, _: str) -> WaterConsumption:
        meters = item.children("Compteur")
        return WaterConsumption(
            from_month=from_month,
            to_month=to_month,
            unit_price_cold=item.decimal("PrixM3Froide", null=_NO_VALUE),
            unit_price_hot=item.decimal("PrixM3Chaude", null=_NO_VALUE),
            as_of=item.date("DateArrete"),
            meters=tuple(sorted(map(_meter, meters), key=_meter_order)),
            leak_alerts=tuple(alert for meter in meters for alert in _alerts(meter)),
            freshness=freshness,
        )

    return parse_items(answer.children("RelevesLogement"), "RefLogement", parse)


def _meter(meter: Element) -> WaterMeter:
    kind = meter.text("TypeFluide")
    if (unit := _UNITS.get(meter.required("Unite"))) is None:
        raise meter.malformed("Unite", "neither M3 nor L")
    return WaterMeter(
        serial=meter.required("NumeroCompteur"),
        kind=translated(kind, codes.WATER_KINDS, WaterKind.OTHER),
        kind_code=kind,
        location=meter.text("Emplacement"),
        remotely_read=meter.flag("Telereleve") or False,
        installed_on=meter.date("DatePose"),
        removed_on=meter.end_date("DateDepose"),
        readings=tuple(sorted((_reading(reading, unit) for reading in meter.children("Releve")), key=_read_on)),
        months=_months(meter, unit),
        calendar_year_to_date=_volume(meter, "CumulAnneeCivile", unit, null=_NO_VALUE),
    )


def _reading(reading: Element, unit: Decimal) -> WaterReading:
    method = reading.text("NatureReleve")
    return WaterReading(
        read_on=reading.required_date("DateReleve"),
        index=_volume(reading, "Index", unit, null=_NO_INDEX),
        method=translated(method, codes.READING_METHODS, ReadingMethod.OTHER),
        method_code=method,
    )


def _months(meter: Element, unit: Decimal) -> tuple[WaterMonth, ...]:
    volumes: dict[YearMonth, tuple[Element, Decimal]] = {}
    for period in meter.children("Consommation"):
        month, volume = period.month("Mois"), _volume(period, "Valeur", unit)
        if month is None or volume is None:
            raise period.malformed("Consommation", "without month or value")
        volumes.setdefault(month, (period, volume))
    return tuple(
        WaterMonth(
            month=month,
            volume=volume,
            estimated=period.flag("Estimee") or False,
            days=period.integer("NombreJours"),
            same_month_last_year=volumes[before][1] if (before := month.plus(-12)) in volumes else None,
            building_average=_volume(period, "MoyenneImmeuble", unit, null=_NO_VALUE),
        )
        for month, (period, volume) in sorted(volumes.items())
    )


def _alerts(meter: Element) -> list[LeakAlert]:
    return [
        LeakAlert(
            kind=translated(alert.text("CodeAlerte"), codes.LEAK_KINDS, LeakKind.OTHER),
            kind_code=alert.text("CodeAlerte"),
            meter_serial=meter.required("NumeroCompteur"),
            since=alert.moment("Depuis"),
            litres_per_hour=alert.decimal("DebitLitresHeure", null=_NO_VALUE),
            open=alert.text("EtatAlerte") != "F",
        )
        for alert in meter.children("Alerte")
        if not _says_no_alert(alert)
    ]


def _says_no_alert(alert: Element) -> bool:
    return alert.text("CodeAlerte") == "AUC" or (alert.text("LibelleAlerte") or "").casefold() == "pas de fuite"


def _volume(element: Element, name: str, unit: Decimal, *, null: Container[str] = ()) -> Decimal | None:
    value = element.decimal(name, null=null)
    return None if value is None else (value * unit).quantize(_LITRE)


def _meter_order(meter: WaterMeter) -> tuple[int, date, str]:
    return list(WaterKind).index(meter.kind), meter.installed_on or date.min, meter.serial


def _read_on(reading: WaterReading) -> date:
    return reading.read_on
