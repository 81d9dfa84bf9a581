"""What the legacy systems say as the graph shows it: codes, sentinels, signs, exact amounts. Contract: docs/legacy."""

import base64
import re
from collections.abc import Iterable
from enum import Enum
from typing import Any

from models import (
    Address,
    Balance,
    BalanceDirection,
    Contact,
    ContactTopic,
    Contractor,
    Date,
    DueNotice,
    DueNoticeCategory,
    DueNoticeConnection,
    DueNoticeLine,
    Dwelling,
    Freshness,
    Lease,
    LeaseHolder,
    LeaseStatus,
    Money,
    Number,
    SourceSystem,
    WaterConsumption,
    WaterKind,
    WaterMeter,
    WaterMonth,
    Work,
    WorkState,
    YearMonth,
)

Item = dict[str, Any]


def _codes(enum: type[Enum], codes: str) -> dict[str, Enum]:
    return {code: enum[name] for code, _, name in (each.partition("=") for each in codes.split())}


LEASE_STATUSES = _codes(LeaseStatus, "A=ACTIVE P=NOTICE_GIVEN R=ENDED")
WATER_KINDS = _codes(WaterKind, "EF=COLD EC=HOT")
WATER_ORDER = {kind: position for position, kind in enumerate(WaterKind)}
WORK_STATES = _codes(
    WorkState,
    "010=REQUESTED 020=ORDERED 030=APPOINTMENT_SET 040=IN_PROGRESS 050=DONE 060=VERIFIED 090=CANCELLED",
)
TOPICS = _codes(
    ContactTopic,
    "AST=ON_CALL ASC=LIFT CHF=HEATING ROB=PLUMBING ANT=TV GAZ=GAS ELE=ELECTRICITY GAR=CARETAKER",
)
CATEGORIES = _codes(
    DueNoticeCategory,
    "LOY=RENT PCG=CHARGES PEF=WATER PEC=WATER PCH=HEATING GAR=PARKING SLS=SURCHARGE RLS=BENEFIT APL=BENEFIT "
    "RGC=ADJUSTMENT RGE=ADJUSTMENT RAP=ADJUSTMENT PLA=PAYMENT_PLAN DIV=MISC",
)
_NATIONAL = [
    (label, ContactTopic["NATIONAL"], phone)
    for label, phone in (
        ("SAMU", "15"),
        ("Police secours", "17"),
        ("Sapeurs-pompiers", "18"),
        ("Urgences, numéro européen", "112"),
    )
]


def lease(item: Item) -> Lease:
    rent = item.get("LoyerPrincipal")
    return Lease(
        reference=item["RefContrat"],
        status=LEASE_STATUSES.get(item.get("CodeEtat", ""), LeaseStatus["OTHER"]),
        starts_on=date(item.get("DateEffet")),
        ends_on=date(item.get("DateFin")),
        base_rent=None if rent is None else money(round(float(_decimal(rent)) * 100)),
    )


def lease_holder(item: Item) -> LeaseHolder:
    principals = [holder for holder in item["Titulaire"] if holder.get("Principal") == "O"]
    if len(principals) != 1:
        raise ValueError("not exactly one principal holder")
    holder = principals[0]
    return LeaseHolder(
        first_name=holder.get("Prenom"),
        last_name=holder["Nom"],
        full_name=full_name(holder),
        birth_date=date(holder.get("DateNaissance")),
        email=email(holder.get("Courriel")),
        phone=phone(holder.get("Telephone")),
    )


def dwelling(item: Item) -> Dwelling:
    area = item.get("SurfaceHabitable")
    return Dwelling(
        reference=item["RefLogement"],
        residence=item.get("Residence"),
        floor=_integer(item.get("Etage")),
        rooms=_integer(item.get("NombrePieces")),
        living_area=None if area in {None, "9999,99", "999,99"} else _decimal(area),
        address=_address(item),
    )


def water(item: Item) -> WaterConsumption:
    totals = dict.fromkeys(WaterKind, 0)
    found = []
    for meter in item.get("Compteur", ()):
        kind = WATER_KINDS.get(meter.get("TypeFluide", ""), WaterKind["OTHER"])
        months, litres = _months(meter)
        totals[kind] += litres
        order = WATER_ORDER[kind], date(meter.get("DatePose")) or "", meter["NumeroCompteur"]
        found.append((order, WaterMeter(serial=meter["NumeroCompteur"], kind=kind, months=months)))
    found.sort(key=lambda each: each[0])
    cold, hot = (_cubic_metres(totals[WaterKind[name]]) for name in ("COLD", "HOT"))
    return WaterConsumption(cold_total=cold, hot_total=hot, meters=[meter for _, meter in found])


def works(rows: Iterable[Item]) -> list[Work]:
    """Works of one dwelling, each once, newest request first."""
    found: dict[str, tuple[str, Work]] = {}
    for row in rows:
        if row["RefTravaux"] not in found:
            found[row["RefTravaux"]] = date(row["DateDemande"]) or "", _work(row)
    by_reference = sorted(found.values(), key=lambda each: each[1].reference)
    return [work for _, work in sorted(by_reference, key=lambda each: each[0], reverse=True)]


def contacts(agency: Item | None) -> list[Contact]:
    """The national emergency numbers, then the agency's contacts."""
    found: dict[tuple[str | None, str], tuple[bool, Contact]] = {}
    for item in (agency or {}).get("ContactUtile", ()):
        if (number := phone(item.get("Telephone"))) is None:
            continue
        code = item.get("CodeTheme")
        label = item.get("Libelle") or code or number
        contact = Contact(label=label, topic=TOPICS.get(code or "", ContactTopic["OTHER"]), phone=number)
        found.setdefault((code, label), (item.get("Urgence") != "O", contact))
    ordered = sorted(found.values(), key=lambda each: (each[0], each[1].label))
    national = [Contact(label=label, topic=topic, phone=phone) for label, topic, phone in _NATIONAL]
    return national + [contact for _, contact in ordered]


def balance(account: Item) -> Balance:
    cents = _owed(account["solde"])
    direction = "OWED" if cents > 0 else "IN_CREDIT" if cents < 0 else "SETTLED"
    return Balance(
        amount=money(cents),
        due=money(_owed(account["soldeExigible"])),
        direction=BalanceDirection[direction],
        freshness=Freshness(source=SourceSystem["BILLING"], stale=False),
    )


def due_notices(found: Iterable[Item], first: int) -> DueNoticeConnection:
    """The newest notices first, each period once. Only those that are shown are translated."""
    periods: dict[int, Item] = {}
    for notice in found:
        periods.setdefault(notice["periode"], notice)
    newest = sorted(periods.values(), key=lambda notice: notice["periode"], reverse=True)[:first]
    return DueNoticeConnection(nodes=[_due_notice(notice) for notice in newest])


def node_id(kind: str, key: str) -> str:
    return base64.urlsafe_b64encode(f"{kind}:{key}".encode()).decode().rstrip("=")


def full_name(item: Item) -> str:
    return f"{item['Prenom']} {item['Nom']}" if "Prenom" in item else item["Nom"]


def money(cents: int) -> Money:
    return Money(amount=Number(f"{cents / 100:.2f}"), cents=cents, currency="EUR")


def date(text: str | None) -> Date | None:
    """JJ/MM/AAAA as ISO; None for the system's ways of saying none."""
    if text is None or text in {"01/01/1900", "31/12/9999"}:
        return None
    return Date(f"{text[6:]}-{text[3:5]}-{text[:2]}")


def phone(text: str | None) -> str | None:
    digits = None if text is None else re.sub(r"[\s.]", "", text)
    return None if digits == "0000000000" else digits


def email(text: str | None) -> str | None:
    return None if text is None or text.upper() == "NEANT" else text


def _months(meter: Item) -> tuple[list[WaterMonth], int]:
    per_unit = {"M3": 1000, "L": 1}[meter["Unite"]]
    found: dict[str, WaterMonth] = {}
    total = 0
    for item in meter.get("Consommation", ()):
        month = f"{item['Mois'][3:]}-{item['Mois'][:2]}"
        if month not in found:
            litres = round(float(_decimal(item["Valeur"])) * per_unit)
            total += litres
            found[month] = WaterMonth(
                month=YearMonth(month), volume=_cubic_metres(litres), estimated=item["Estimee"] == "O"
            )
    return [found[month] for month in sorted(found)], total


def _work(row: Item) -> Work:
    (company,) = row.get("Entreprise", ({},))
    name = company.get("RaisonSociale")
    return Work(
        reference=row["RefTravaux"],
        title=row.get("LibelleNature") or row.get("Description") or row["RefTravaux"],
        state=WORK_STATES.get(row["CodeEtat"], WorkState["OTHER"]),
        planned_from=date(row.get("DateDebutPrevue")),
        contractor=Contractor(name=name, phone=phone(company.get("Telephone"))) if name else None,
    )


def _due_notice(notice: Item) -> DueNotice:
    year, month = divmod(notice["periode"], 100)
    return DueNotice(
        number=notice["id"],
        period=YearMonth(f"{year}-{month:02d}"),
        issued_on=notice["dateEmission"],
        due_on=notice["dateLimite"],
        previous_balance=money(_owed(notice["soldeAnterieur"])),
        period_total=money(_owed(notice["totalMois"])),
        amount_due=money(_owed(notice["netAPayer"])),
        lines=[_line(line) for line in notice["lignes"]],
    )


def _line(line: Item) -> DueNoticeLine:
    code, debit, quantity = line["rubrique"].strip(), line.get("debit"), line.get("quantite")
    return DueNoticeLine(
        code=code,
        label=line["libelle"].strip(),
        category=CATEGORIES.get(code, DueNoticeCategory["OTHER"]),
        amount=money(round(debit * 100) if debit is not None else _owed(line["credit"])),
        quantity=None if quantity is None else Number(f"{quantity:.6g}"),
        unit=(line.get("unite") or "").strip() or None,
    )


def _owed(amount: float) -> int:
    return -round(amount * 100)  # billing writes what the tenant owes as negative


def _cubic_metres(litres: int) -> Number:
    return Number(f"{litres / 1000:.3f}")


def _decimal(text: str) -> Number:
    return Number(text.replace(" ", "").replace("\u00a0", "").replace(",", "."))


def _integer(text: str | None) -> int | None:
    return None if text is None or text == "999" else int(text)


def _address(item: Item) -> Address | None:
    if "CodePostal" not in item or "Ville" not in item:
        return None
    lines = [item[name] for name in ("Adresse1", "Adresse2") if name in item]
    return Address(lines=lines, postal_code=item["CodePostal"], town=item["Ville"])
