"""IdentifierTitulaire and RechercherContrats: who holds which lease."""

from gateway.simulator.landlord import Landlord, Tenant
from gateway.simulator.landlord.people import Holder
from gateway.simulator.property_management.answers import Answer
from gateway.simulator.property_management.formats import parse_day
from gateway.simulator.property_management.name_keys import first_name_key, label_key, last_name_key, name_key
from gateway.simulator.property_management.paging import PAGE_LENGTH, next_page, start_of_page
from gateway.simulator.property_management.requests import Request
from gateway.simulator.property_management.sessions import Session
from gateway.simulator.property_management.values import key

_SHORTEST_NAME = 2


class Search:
    """Finds leases by their holders, sector or agency."""

    def __init__(self, landlord: Landlord) -> None:
        self._landlord = landlord
        self._name_keys: dict[int, tuple[str, ...]] = {}

    def identify(self, request: Request) -> Answer:
        """IdentifierTitulaire: 0 the principal holder, 11 another holder, 10 nobody."""
        text = request.one("DateNaissance")
        born = parse_day(text) if text and text != "01/01/1900" else None
        if text and text != "01/01/1900" and born is None:
            return Answer(44)
        tenant = self._landlord.by_account(label_key(request.one("IntituleCompte") or ""))
        last, first = last_name_key(request.one("Nom")), first_name_key(request.one("Prenom"))

        def fits(holder: Holder) -> bool:
            names = (last_name_key(holder.last_name), first_name_key(holder.first_name)) == (last, first)
            return names and (born is None or holder.birth_date in {None, born})

        fitting = [holder for holder in tenant.holders if fits(holder)] if tenant else []
        if tenant is None or not fitting:
            return Answer(10)
        if not any(holder.is_principal for holder in fitting):
            return Answer(11)
        return Answer(data=key("RefContrat", tenant.lease_reference) + key("NumeroCompte", tenant.account_number))

    def leases(self, request: Request, session: Session) -> Answer:
        """RechercherContrats: references in ascending order, 200 per page."""
        sector, agency, name = request.one("CodeSecteur"), request.one("CodeAgence"), request.one("Nom")
        wanted = name_key(name)
        if name is not None and len(wanted) < _SHORTEST_NAME:
            return Answer(44)
        if sector is None and agency is None and name is None:
            return Answer(41)
        criteria = (sector or "", agency or "", wanted)
        start = start_of_page(session, request, criteria)
        if start is None:
            return Answer(43)
        area = self._landlord.of_area(sector, agency)
        found = [tenant.lease_reference for tenant in area if self._is_called(tenant, wanted)]
        page = (key("RefContrat", reference) for reference in found[start : start + PAGE_LENGTH])
        return Answer(data="".join(page), after=next_page(session, request.operation, criteria, start, len(found)))

    def _is_called(self, tenant: Tenant, wanted: str) -> bool:
        if not wanted:
            return True
        keys = self._name_keys.get(tenant.index)
        if keys is None:
            keys = tuple(name_key(holder.last_name) for holder in tenant.holders)
            self._name_keys[tenant.index] = keys
        return any(each.startswith(wanted) for each in keys)
