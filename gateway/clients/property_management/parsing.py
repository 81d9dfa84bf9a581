"""Answers of property management as models: what all answers share, then leases and dwellings. No I/O."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from gateway.clients.property_management import codes
from gateway.clients.property_management.codes import translated, translated_or_none
from gateway.clients.property_management.envelope import OK, UNKNOWN, code_error, return_code
from gateway.clients.property_management.reading import Element
from gateway.errors import UpstreamError, UpstreamMalformed
from gateway.models.dwelling import Address, Construction, Dwelling
from gateway.models.freshness import Freshness
from gateway.models.lease import (
    CoHolder,
    Identification,
    Lease,
    LeaseHolder,
    LeaseSearchPage,
    LeaseStatus,
    PaymentMode,
    Title,
)

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
    return answer.required("CleReprise") if answer.flag("Suite") else None


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
    return Lease(
        reference=reference,
        account_number=item.text("NumeroCompte"),
        dwelling_reference=item.text("RefLogement"),
        sector=item.text("CodeSecteur"),
        agency_code=item.text("CodeAgence"),
        starts_on=item.date("DateEffet"),
        ends_on=item.end_date("DateFin"),
        notice_given_on=item.date("DateConge"),
        status=translated(item.text("CodeEtat"), codes.LEASE_STATUSES, LeaseStatus.OTHER),
        status_code=item.text("CodeEtat"),
        payment_mode=translated(item.text("ModePaiement"), codes.PAYMENT_MODES, PaymentMode.OTHER),
        payment_mode_code=item.text("ModePaiement"),
        paid_in_arrears=item.flag("TermeEchu"),
        base_rent=item.money("LoyerPrincipal"),
        deposit=item.money("DepotGarantie"),
        holder=_holder(item, freshness),
        freshness=freshness,
    )


def _holder(lease: Element, freshness: Freshness) -> LeaseHolder:
    holders = lease.children("Titulaire")
    principals = [holder for holder in holders if holder.flag("Principal")]
    if len(principals) != 1:
        raise lease.malformed("Titulaire", "not exactly one principal holder")
    principal = principals[0]
    return LeaseHolder(
        title=_title(principal),
        title_code=principal.text("CodeCivilite"),
        first_name=principal.text("Prenom"),
        last_name=principal.required("Nom"),
        birth_date=principal.date("DateNaissance"),
        email=principal.email("Courriel"),
        phone=principal.phone("Telephone"),
        co_holders=tuple(_co_holder(holder) for holder in holders if holder is not principal),
        freshness=freshness,
    )


def _co_holder(holder: Element) -> CoHolder:
    return CoHolder(
        title=_title(holder),
        title_code=holder.text("CodeCivilite"),
        first_name=holder.text("Prenom"),
        last_name=holder.required("Nom"),
    )


def _title(holder: Element) -> Title | None:
    return translated_or_none(holder.text("CodeCivilite"), codes.TITLES, Title.OTHER)


def _dwelling(item: Element, reference: str, freshness: Freshness) -> Dwelling:
    energy_class = item.text("ClasseDpe")
    return Dwelling(
        reference=reference,
        rpls_id=item.text("IdentifiantRpls"),
        residence=item.text("Residence"),
        building=item.text("Batiment"),
        staircase=item.text("Escalier"),
        floor=item.integer("Etage", null={"999"}),
        door=item.text("Porte"),
        address=address(item),
        kind=item.text("TypeLogement"),
        rooms=item.integer("NombrePieces", null={"999"}),
        living_area=item.decimal("SurfaceHabitable", null={"9999,99", "999,99"}),
        construction=translated_or_none(item.text("NatureConstruction"), codes.CONSTRUCTIONS, Construction.OTHER),
        construction_code=item.text("NatureConstruction"),
        built_in=item.integer("AnneeConstruction", null={"9999", "0000"}),
        energy_class=None if energy_class == "N" else energy_class,
        energy_assessed_in=item.month("DateDpe"),
        freshness=freshness,
    )


def address(item: Element) -> Address | None:
    """A postal address; None without postal code or town."""
    postal_code, town = item.text("CodePostal"), item.text("Ville")
    if postal_code is None or town is None:
        return None
    lines = (item.text("Adresse1"), item.text("Adresse2"))
    return Address(tuple(line for line in lines if line is not None), postal_code, town)
