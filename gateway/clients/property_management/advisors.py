"""Answers on advisors and agencies as models. No I/O."""

from gateway.clients.property_management import codes
from gateway.clients.property_management.parsing import address, parse_items
from gateway.clients.property_management.reading import Element
from gateway.clients.property_management.values import DATE, EMAIL, FLAG, INTEGER, PHONE, TIME
from gateway.errors import UpstreamError
from gateway.models.advisor import Absence, Advisor, Agency, Contact, HalfDay, OpeningHours, Replacement
from gateway.models.freshness import Freshness


def parse_advisors(answer: Element, freshness: Freshness) -> dict[str, Advisor | UpstreamError | None]:
    """ConsulterConseillers; None also for a vacant post."""
    return parse_items(
        answer.children("Conseiller"), "CodeSecteur", lambda item, sector: _advisor(item, sector, freshness)
    )


def parse_agency(answer: Element, freshness: Freshness, code: str) -> Agency:
    """ListerContacts. Contacts without a telephone number are left out, of doubled ones the first counts; those for
    emergencies come first.
    """
    agency = answer.child("Agence")
    if agency is None:
        raise answer.malformed("Agence", "missing")
    if agency.required("CodeAgence") != code:
        raise agency.malformed("CodeAgence", "another one than asked for")
    contacts: dict[tuple[str | None, str], Contact] = {}
    for contact in filter(None, (_contact(each, freshness) for each in answer.children("ContactUtile"))):
        contacts.setdefault((contact.topic_code, contact.label), contact)
    return Agency(
        code=code,
        name=agency.text("Libelle") or code,
        address=address(agency),
        phone=agency.value("Telephone", PHONE),
        email=agency.value("Courriel", EMAIL),
        opening_hours=_opening_hours(agency),
        contacts=tuple(sorted(contacts.values(), key=lambda contact: (not contact.emergency, contact.label))),
        freshness=freshness,
    )


def _advisor(item: Element, sector: str, freshness: Freshness) -> Advisor | None:
    code = item.text("CodeConseiller")
    if code is None:
        if item.text("Nom") in {None, "POSTE VACANT"}:
            return None
        raise item.malformed("CodeConseiller", "missing, though the post is not vacant")
    return Advisor(
        code=code,
        sector=sector,
        first_name=item.text("Prenom"),
        last_name=item.required("Nom"),
        phone=item.value("Telephone", PHONE),
        email=item.value("Courriel", EMAIL),
        office_hours=item.text("Horaires"),
        absence=_absence(item),
        agency_code=item.text("CodeAgence"),
        freshness=freshness,
    )


def _absence(item: Element) -> Absence | None:
    first, last = item.value("AbsenceDu", DATE), item.value("AbsenceAu", DATE)
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise item.malformed("AbsenceDu", "an absence without beginning or end")
    name = item.text("RemplacantNom")
    contact = item.value("RemplacantTelephone", PHONE), item.value("RemplacantCourriel", EMAIL)
    return Absence(first, last, None if name is None else Replacement(name, *contact))


def _opening_hours(agency: Element) -> tuple[OpeningHours, ...]:
    days: dict[int, OpeningHours] = {}
    for hours in agency.children("Horaire"):
        day = hours.value("Jour", INTEGER)
        if day is None or not 1 <= day <= 7:
            raise hours.malformed("Jour", "no day of the week")
        morning = _half_day(hours.value("MatinDe", TIME), hours.value("MatinA", TIME))
        afternoon = _half_day(hours.value("ApresMidiDe", TIME), hours.value("ApresMidiA", TIME))
        days.setdefault(day, OpeningHours(day, morning, afternoon))
    return tuple(days[day] for day in sorted(days))


def _half_day(from_time: str | None, to_time: str | None) -> HalfDay | None:
    return None if from_time is None or to_time is None else HalfDay(from_time, to_time)


def _contact(contact: Element, freshness: Freshness) -> Contact | None:
    if (phone := contact.value("Telephone", PHONE)) is None:
        return None
    topic, topic_code = contact.value("CodeTheme", codes.TOPICS)
    return Contact(
        label=contact.text("Libelle") or topic_code or phone,
        topic=topic,
        topic_code=topic_code,
        phone=phone,
        emergency=contact.value("Urgence", FLAG) or False,
        available_round_the_clock=contact.value("Permanence24h", FLAG) or False,
        notes=contact.text("Observation"),
        freshness=freshness,
    )
