"""Answers of property management as models: what all answers share, then leases and dwellings. No I/O."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from gateway.clients.property_management import codes
from gateway.clients.property_management.envelope import OK, UNKNOWN, code_error, return_code
from gateway.clients.property_management.reading import Element
from gateway.clients.property_management.values import (
    DATE,
    EMAIL,
    END_DATE,
    FLAG,
    MONEY,
    MONTH,
    PHONE,
    decimals,
    integers,
)
from gateway.errors import UpstreamError, UpstreamMalformed
from gateway.models.dwelling import Address, Dwelling
from gateway.models.freshness import Freshness
from gateway.models.lease import (
    CoHolder,
    Identification,
    Lease,
    LeaseHolder,
    LeaseSearchPage,
)

_COUNT = integers("999")
_YEAR = integers("9999", "0000")
_AREA = decimals("9999,99", "999,99")

T = TypeVar("T")


def parse_items(
    items: Iterable[Element], key_name: str, parse: Callable[[Element, str], T | None]
) -> dict[str, T | UpstreamError | None]:
    """Items by trimmed key, the first of several; None where said unknown; an item in error is its own key's error."""
    found: dict[str, T | UpstreamError | None] = {}
    for item in items:
        key = item.text(key_name)
        if key is None or key in found:
            continue
        try:
            code = return_code(item, item.operation)
            if code == OK:
                found[key] = parse(item, key)
            else:
                found[key] = None if code == UNKNOWN else code_error(item.operation, code)
        except UpstreamMalformed as error:
            found[key] = error
    return found


def parse_session(answer: Element) -> str:
    """OuvrirSession."""
    return answer.required("JetonSession")


def parse_identification(answer: Element) -> Identification:
    """IdentifierTitulaire, code 0."""
    return Identification(answer.required("RefContrat"), answer.required("NumeroCompte"))


def parse_lease_references(answer: Element) -> LeaseSearchPage:
    """RechercherContrats."""
    return LeaseSearchPage(tuple(dict.fromkeys(answer.texts("RefContrat"))), resume_key(answer))


def resume_key(answer: Element) -> str | None:
    """The key of the next page of a paged answer; None on the last."""
    return answer.required("CleReprise") if answer.value("Suite", FLAG) else None


def parse_page(answer: Element) -> tuple[Element, str | None]:
    """A page of a paged answer as it is, and the key of the next."""
    return answer, resume_key(answer)


def parse_leases(answer: Element, freshness: Freshness) -> dict[str, Lease | UpstreamError | None]:
    """ConsulterContrats."""
    return parse_items(
        answer.children("Contrat"), "RefContrat", lambda item, reference: _lease(item, reference, freshness)
    )


def parse_dwellings(answer: Element, freshness: Freshness) -> dict[str, Dwelling | UpstreamError | None]:
    """ConsulterLogements."""
    return parse_items(
        answer.children("Logement"), "RefLogement", lambda item, reference: _dwelling(item, reference, freshness)
    )


def _lease(item: Element, reference: str, freshness: Freshness) -> Lease:
    status, status_code = item.value("CodeEtat", codes.LEASE_STATUSES)
    payment_mode, payment_mode_code = item.value("ModePaiement", codes.PAYMENT_MODES)
    return Lease(
        reference=reference,
        account_number=item.text("NumeroCompte"),
        dwelling_reference=item.text("RefLogement"),
        sector=item.text("CodeSecteur"),
        agency_code=item.text("CodeAgence"),
        starts_on=item.value("DateEffet", DATE),
        ends_on=item.value("DateFin", END_DATE),
        notice_given_on=item.value("DateConge", DATE),
        status=status,
        status_code=status_code,
        payment_mode=payment_mode,
        payment_mode_code=payment_mode_code,
        paid_in_arrears=item.value("TermeEchu", FLAG),
        base_rent=item.value("LoyerPrincipal", MONEY),
        deposit=item.value("DepotGarantie", MONEY),
        holder=_holder(item, freshness),
        freshness=freshness,
    )


def _holder(lease: Element, freshness: Freshness) -> LeaseHolder:
    holders = lease.children("Titulaire")
    principals = [holder for holder in holders if holder.value("Principal", FLAG)]
    if len(principals) != 1:
        raise lease.malformed("Titulaire", "not exactly one principal holder")
    principal = principals[0]
    title, title_code = principal.value("CodeCivilite", codes.TITLES)
    return LeaseHolder(
        title=title,
        title_code=title_code,
        first_name=principal.text("Prenom"),
        last_name=principal.required("Nom"),
        birth_date=principal.value("DateNaissance", DATE),
        email=principal.value("Courriel", EMAIL),
        phone=principal.value("Telephone", PHONE),
        co_holders=tuple(_co_holder(holder) for holder in holders if holder is not principal),
        freshness=freshness,
    )


def _co_holder(holder: Element) -> CoHolder:
    title, title_code = holder.value("CodeCivilite", codes.TITLES)
    return CoHolder(
        title=title,
        title_code=title_code,
        first_name=holder.text("Prenom"),
        last_name=holder.required("Nom"),
    )


def _dwelling(item: Element, reference: str, freshness: Freshness) -> Dwelling:
    construction, construction_code = item.value("NatureConstruction", codes.CONSTRUCTIONS)
    energy_class = item.text("ClasseDpe")
    return Dwelling(
        reference=reference,
        rpls_id=item.text("IdentifiantRpls"),
        residence=item.text("Residence"),
        building=item.text("Batiment"),
        staircase=item.text("Escalier"),
        floor=item.value("Etage", _COUNT),
        door=item.text("Porte"),
        address=address(item),
        kind=item.text("TypeLogement"),
        rooms=item.value("NombrePieces", _COUNT),
        living_area=item.value("SurfaceHabitable", _AREA),
        construction=construction,
        construction_code=construction_code,
        built_in=item.value("AnneeConstruction", _YEAR),
        energy_class=None if energy_class == "N" else energy_class,
        energy_assessed_in=item.value("DateDpe", MONTH),
        freshness=freshness,
    )


def address(item: Element) -> Address | None:
    """A postal address; None without postal code or town."""
    postal_code, town = item.text("CodePostal"), item.text("Ville")
    if postal_code is None or town is None:
        return None
    lines = (item.text("Adresse1"), item.text("Adresse2"))
    return Address(tuple(line for line in lines if line is not None), postal_code, town)
