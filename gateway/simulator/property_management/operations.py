"""The data operations of property management, after Entete and session have been checked."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from gateway.simulator.faults import Fired, Item, altered
from gateway.simulator.landlord import Landlord, Tenant
from gateway.simulator.landlord.agencies import Agency
from gateway.simulator.landlord.dice import dice
from gateway.simulator.property_management import items
from gateway.simulator.property_management.answers import Answer
from gateway.simulator.property_management.formats import parse_day, parse_months
from gateway.simulator.property_management.paging import PAGE_LENGTH, next_page, start_of_page
from gateway.simulator.property_management.requests import Request
from gateway.simulator.property_management.search import Search
from gateway.simulator.property_management.sessions import Session
from gateway.simulator.property_management.water_items import water
from gateway.simulator.windows import local

LIMITS: Final = {
    "ConsulterContrats": 50,
    "ConsulterLogements": 50,
    "RelevesCompteurs": 20,
    "ListerTravaux": 20,
    "ConsulterConseillers": 50,
}
REFERENCE_TAGS: Final = {
    "ConsulterContrats": "RefContrat",
    "ConsulterLogements": "RefLogement",
    "RelevesCompteurs": "RefLogement",
    "ListerTravaux": "RefLogement",
    "ConsulterConseillers": "CodeSecteur",
    "ListerContacts": "CodeAgence",
    "IdentifierTitulaire": "IntituleCompte",
}
_ITEM_TAGS: Final = {
    "ConsulterContrats": "Contrat",
    "ConsulterLogements": "Logement",
    "RelevesCompteurs": "RelevesLogement",
    "ConsulterConseillers": "Conseiller",
}


class Operations:
    """Answers data calls from the landlord's data."""

    def __init__(self, landlord: Landlord, rng: Random) -> None:
        self._landlord = landlord
        self._search = Search(landlord)
        self._rng = rng
        self._by_name: dict[str, Callable[[Request, Session, datetime, Fired], Answer]] = {
            "IdentifierTitulaire": lambda request, *_: self._search.identify(request),
            "RechercherContrats": lambda request, session, *_: self._search.leases(request, session),
            "ConsulterContrats": self._leases,
            "ConsulterLogements": self._dwellings,
            "RelevesCompteurs": self._water,
            "ListerTravaux": self._works,
            "ConsulterConseillers": self._advisors,
            "ListerContacts": self._contacts,
        }

    def answer(self, request: Request, session: Session, now: datetime, fired: Fired) -> Answer:
        """The reply to one call."""
        return self._by_name[request.operation](request, session, now, fired)

    def _leases(self, request: Request, _session: Session, _now: datetime, fired: Fired) -> Answer:
        def lease(reference: str) -> Item:
            tenant = self._landlord.by_lease(reference)
            if tenant is None:
                return _coded("ConsulterContrats", reference, 10)
            return Item(reference, _kept(tenant, "lease", items.lease))

        return self._batch(request, fired, lease, lambda tenant: tenant.lease_reference)

    def _dwellings(self, request: Request, _session: Session, _now: datetime, fired: Fired) -> Answer:
        def dwelling(reference: str) -> Item | None:
            tenant = self._landlord.by_dwelling(reference)
            if tenant is None or tenant.dwelling is None:
                return None
            found = tenant.dwelling
            return Item(reference, _kept(tenant, "dwelling", lambda each: items.dwelling(found, each.index)))

        return self._batch(request, fired, dwelling, lambda tenant: tenant.dwelling_reference)

    def _water(self, request: Request, _session: Session, now: datetime, fired: Fired) -> Answer:
        period = parse_months(request.one("PeriodeDebut"), request.one("PeriodeFin"))
        if period is None:
            return Answer(44)
        first, last = period
        read_until = local(now).date() - timedelta(days=1)

        def meters(reference: str) -> Item:
            tenant = self._landlord.by_dwelling(reference)
            if tenant is None or tenant.dwelling is None:
                return _coded("RelevesCompteurs", reference, 10)
            if tenant.water.feed_down:
                return _coded("RelevesCompteurs", reference, 15)
            return Item(reference, water(tenant, first, last, read_until))

        return self._batch(request, fired, meters, lambda tenant: tenant.dwelling_reference)

    def _works(self, request: Request, session: Session, _now: datetime, fired: Fired) -> Answer:
        since = parse_day(request.one("DepuisLe"))
        if since is None:
            return Answer(44)
        references = request.many("RefLogement")
        criteria = (*sorted(set(references)), f"{since:%Y%m%d}")
        start = start_of_page(session, request, criteria)
        if start is None:
            return Answer(43)
        rows = [row for reference in dict.fromkeys(references) for row in self._rows(reference, since)]
        # The same disorder for every page of one list.
        dice(*criteria).shuffle(rows)
        page = altered(rows[start : start + PAGE_LENGTH], fired, lambda: self._foreign_rows(references), self._rng)
        more = next_page(session, request.operation, criteria, start, len(rows))
        return Answer(items=page, after=more)

    def _advisors(self, request: Request, _session: Session, _now: datetime, fired: Fired) -> Answer:
        def advisor(sector: str) -> Item:
            found = self._landlord.advisor(sector)
            if found is None:
                return _coded("ConsulterConseillers", sector, 10)
            return Item(sector, items.advisor(found, sum(map(ord, sector)) * (sector != "MZ3")))

        return self._batch(request, fired, advisor, lambda tenant: tenant.sector)

    def _contacts(self, request: Request, _session: Session, _now: datetime, fired: Fired) -> Answer:
        agency = self._landlord.agency(request.one("CodeAgence") or "")
        if agency is None:
            return Answer(10)
        stranger = self._foreign_agency(agency)
        if "foreign" in fired and stranger is not None:
            agency, stranger = stranger, None
        contacts = altered(_contacts_of(agency), fired, lambda: _first_contact(stranger), self._rng)
        return Answer(data=items.agency(agency, _variety_of(agency)), items=contacts)

    def _batch(
        self,
        request: Request,
        fired: Fired,
        write: Callable[[str], Item | None],
        key_of: Callable[[Tenant], str],
    ) -> Answer:
        """One item per different reference, in any order; global 4 when one of them is not 0."""
        operation = request.operation
        asked = list(dict.fromkeys(request.many(REFERENCE_TAGS[operation])))
        found = [item for item in map(write, asked) if item is not None]
        if "item_code" in fired:
            code = int(fired.detail("item_code", "code", 99))
            refused = set(fired.detail("item_code", "keys", asked))
            found = [_coded(operation, item.key, code) if item.key in refused else item for item in found]
        self._rng.shuffle(found)
        found = altered(found, fired, lambda: self._foreign(asked, write, key_of), self._rng)
        return Answer(4 if any(item.code for item in found) else 0, items=found)

    def _foreign(
        self, asked: list[str], write: Callable[[str], Item | None], key_of: Callable[[Tenant], str]
    ) -> Item | None:
        """An item nobody asked for."""
        for tenant in self._strangers():
            key = key_of(tenant)
            item = write(key) if key not in asked else None
            if item is not None and item.code == 0:
                return item
        return None

    def _foreign_rows(self, asked: list[str]) -> Item | None:
        for tenant in self._strangers():
            if tenant.works and tenant.dwelling_reference not in asked:
                return next(self._rows(tenant.dwelling_reference, date.min), None)
        return None

    def _foreign_agency(self, asked: Agency) -> Agency | None:
        others = (tenant.agency for tenant in self._strangers() if tenant.agency != asked.code)
        return self._landlord.agency(next(others, ""))

    def _strangers(self) -> Iterable[Tenant]:
        tenants = self._landlord.tenants
        start = self._rng.randrange(len(tenants))
        return (tenants[(start + step) % len(tenants)] for step in range(len(tenants)))

    def _rows(self, reference: str, since: date) -> Iterator[Item]:
        tenant = self._landlord.by_dwelling(reference)
        if tenant is None:
            return
        rows = tenant.fragments.get("works")
        if rows is None:
            rows = [
                (each.requested_on, Item(reference, items.works(each, reference, tenant.index)))
                for each in tenant.works
            ]
            tenant.fragments["works"] = rows
        yield from (row for requested_on, row in rows if requested_on >= since)


def _contacts_of(agency: Agency) -> list[Item]:
    variety = _variety_of(agency)
    return [
        Item(contact.topic_code, items.contact(contact, variety + place))
        for place, contact in enumerate(agency.contacts)
    ]


def _first_contact(agency: Agency | None) -> Item | None:
    return None if agency is None else _contacts_of(agency)[0]


def _variety_of(agency: Agency) -> int:
    return sum(map(ord, agency.code)) * (agency.code != "57A")


def _coded(operation: str, reference: str, code: int) -> Item:
    tag = REFERENCE_TAGS[operation]
    return Item(reference, items.coded(_ITEM_TAGS[operation], tag, reference, code), code)


def _kept(tenant: Tenant, name: str, write: Callable[[Tenant], str]) -> str:
    kept = tenant.fragments.get(name)
    if kept is None:
        kept = tenant.fragments[name] = write(tenant)
    return str(kept)
