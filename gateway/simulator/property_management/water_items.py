"""RelevesLogement: the meters of a dwelling over a range of months."""

from datetime import date

from gateway.simulator.landlord.calendar import Month
from gateway.simulator.landlord.tenants import Tenant
from gateway.simulator.landlord.water import Alert, Meter
from gateway.simulator.property_management.items import read_on, result
from gateway.simulator.property_management.values import GAP, Fields, decimal, element, month_text, wire

_UNKNOWN = ("9999,99",)


def water(tenant: Tenant, first: Month, last: Month, read_until: date) -> str:
    """The RelevesLogement of a tenant's dwelling."""
    asked = (first, last, read_until)
    kept = tenant.fragments.get("water")
    if kept is None or kept[0] != asked:
        kept = tenant.fragments["water"] = (asked, _write(tenant, first, last, read_until))
    return str(kept[1])


def _write(tenant: Tenant, first: Month, last: Month, read_until: date) -> str:
    fields = Fields(tenant.index)
    fields.raw(GAP + result(0, tenant.index + 1))
    fields.key("RefLogement", tenant.dwelling_reference)
    fields.raw(read_on(read_until))
    fields.number("PrixM3Froide", tenant.water.cold_price, _UNKNOWN, scale=4)
    fields.number("PrixM3Chaude", tenant.water.hot_price, _UNKNOWN, scale=4)
    for meter in tenant.water.meters:
        if _concerns(meter, first, last):
            fields.raw(_meter(meter, first, last, tenant.index))
    return element("RelevesLogement", str(fields))


def _concerns(meter: Meter, first: Month, last: Month) -> bool:
    """A removed meter still counts for the calendar year's total."""
    since = min(first.first_day, date(last.year, 1, 1))
    return (meter.removed_on is None or meter.removed_on >= since) and (
        meter.installed_on is None or meter.installed_on <= last.last_day
    )


def _meter(meter: Meter, first: Month, last: Month, variety: int) -> str:
    scale = 3 if meter.unit == "M3" else 0
    fields = Fields(variety)
    fields.text("NumeroCompteur", meter.serial, width=16)
    fields.text("TypeFluide", meter.fluid_code)
    fields.text("Emplacement", meter.location, width=20)
    fields.flag("Telereleve", meter.remotely_read)
    fields.text("Unite", meter.unit)
    fields.day("DatePose", meter.installed_on)
    fields.day("DateDepose", meter.removed_on)
    total = meter.year_to_date_litres(last) if meter.total_known else None
    fields.number("CumulAnneeCivile", total, _UNKNOWN, scale=scale)
    start, end = first.first_day, last.last_day
    for reading in meter.readings:
        if start <= reading.day <= end:
            index = "999999,999" if reading.index_litres is None else decimal(reading.index_litres, scale, variety)
            fields.raw(
                f"<\x01Releve><\x01DateReleve>{reading.day:%d/%m/%Y}</\x01DateReleve>"
                f"<\x01Index>{index}</\x01Index><\x01NatureReleve>{reading.method}</\x01NatureReleve></\x01Releve>\x02"
            )
    for spent in meter.months:
        if first <= spent.month <= last:
            consumption = Fields(variety)
            consumption.text("Mois", month_text(spent.month))
            consumption.number("Valeur", spent.litres, (), scale=scale)
            consumption.flag("Estimee", spent.estimated)
            consumption.number("NombreJours", spent.days, ("",), digits=2)
            consumption.number("MoyenneImmeuble", spent.building_average_litres, _UNKNOWN, scale=scale)
            fields.raw(element("Consommation", str(consumption)))
    for alert in meter.alerts:
        if _was_open(alert, start, end):
            fields.raw(_alert(alert, variety))
    return element("Compteur", str(fields))


def _was_open(alert: Alert, start: date, end: date) -> bool:
    begun = alert.since is None or alert.since.date() <= end
    return begun and (alert.ended_on is None or alert.ended_on >= start)


def _alert(alert: Alert, variety: int) -> str:
    if alert.says_no_alert:
        label = element("LibelleAlerte", wire(alert.label or ""))
        return element("Alerte", element("CodeAlerte", alert.code) + label)
    fields = Fields(variety)
    fields.text("CodeAlerte", alert.code)
    fields.text("LibelleAlerte", alert.label)
    fields.moment("Depuis", alert.since)
    fields.number("DebitLitresHeure", alert.litres_per_hour_hundredths, _UNKNOWN, scale=2)
    fields.text("EtatAlerte", alert.state)
    return element("Alerte", str(fields))
