"""The items of list answers: one fragment of XML per lease, dwelling, works or advisor."""

from datetime import date

from gateway.simulator.landlord.advisors import Advisor
from gateway.simulator.landlord.agencies import Agency, UsefulContact
from gateway.simulator.landlord.dwellings import Dwelling
from gateway.simulator.landlord.people import Holder
from gateway.simulator.landlord.tenants import Tenant
from gateway.simulator.landlord.works import Works
from gateway.simulator.property_management.values import GAP, Fields, element, wire

LABELS = {
    0: ("OK", None, "Ok"),
    4: ("REPONSE PARTIELLE", "Réponse partielle", None),
    10: ("INCONNU", "Inconnu"),
    11: ("TITULAIRE NON PRINCIPAL",),
    15: ("RELEVES INDISPONIBLES", "RELEVÉS INDISPONIBLES"),
    20: ("DROITS INSUFFISANTS",),
    30: ("SESSION EXPIREE", "SESSION EXPIRÉE"),
    31: ("TROP DE SESSIONS",),
    40: ("LOT VIDE",),
    41: ("CRITERE MANQUANT", "CRITÈRE MANQUANT"),
    42: ("LOT TROP GRAND",),
    43: ("CLE DE REPRISE INVALIDE", "CLÉ DE REPRISE INVALIDE"),
    44: ("FORMAT INVALIDE",),
    77: ("TRAITEMENT EN FILE D’ATTENTE",),
    99: ("ERREUR INTERNE", None),
}
"""The wordings of each code; None leaves the label out."""


def result(code: int, variety: int = 0) -> str:
    """CodeRetour and LibelleRetour; the wording comes and goes."""
    wordings = LABELS.get(code, ("CODE INTERNE",))
    label = wordings[variety % len(wordings)]
    return element("CodeRetour", str(code)) + ("" if label is None else element("LibelleRetour", wire(label)))


def coded(tag: str, reference_tag: str, reference: str, code: int) -> str:
    """An item that is not 0: code, label and reference only."""
    fields = Fields(0)
    fields.raw(GAP + result(code))
    fields.key(reference_tag, reference)
    return element(tag, str(fields))


def lease(tenant: Tenant) -> str:
    """A Contrat."""
    lease, variety = tenant.lease, tenant.index
    fields = Fields(variety)
    fields.raw(GAP + result(0, variety + 1))
    fields.key("RefContrat", lease.reference)
    fields.key("NumeroCompte", lease.account_number)
    fields.key("RefLogement", lease.dwelling_reference)
    fields.key("CodeSecteur", lease.sector)
    fields.key("CodeAgence", lease.agency)
    fields.day("DateEffet", lease.start_date)
    fields.open_end("DateFin", lease.end_date)
    fields.day("DateConge", lease.notice_date)
    fields.text("CodeEtat", lease.state_code)
    fields.text("ModePaiement", lease.payment_mode, width=3 + variety % 2 * 3)
    fields.flag("TermeEchu", lease.paid_in_arrears)
    # Rents have no sentinel: 9999,99 would be a rent.
    fields.number("LoyerPrincipal", lease.rent_cents, ("",), scale=2)
    fields.number("DepotGarantie", lease.deposit_cents, ("",), scale=2)
    for holder in tenant.holders:
        fields.raw(_holder(holder, variety))
    return element("Contrat", str(fields))


def _holder(holder: Holder, variety: int) -> str:
    fields = Fields(variety)
    fields.text("CodeCivilite", holder.title_code)
    fields.text("Nom", holder.last_name, width=24, required=True)
    fields.text("Prenom", holder.first_name, width=variety % 3 * 8)
    fields.day("DateNaissance", holder.birth_date)
    fields.flag("Principal", holder.is_principal)
    fields.email("Courriel", holder.email)
    fields.phone("Telephone", holder.phone)
    return element("Titulaire", str(fields))


def dwelling(dwelling: Dwelling, variety: int) -> str:
    """A Logement."""
    fields = Fields(variety)
    fields.raw(GAP + result(0, variety))
    fields.key("RefLogement", dwelling.reference)
    fields.text("IdentifiantRpls", dwelling.rpls_id)
    fields.text("CodeInsee", dwelling.insee_code)
    fields.text("Residence", dwelling.residence, width=32)
    fields.text("Batiment", dwelling.building)
    fields.text("Escalier", dwelling.staircase)
    fields.number("Etage", dwelling.floor, ("999",), digits=1 if (dwelling.floor or 0) < 0 else 2)
    fields.text("Porte", dwelling.door)
    fields.text("Adresse1", dwelling.address_line1, width=32)
    fields.text("Adresse2", dwelling.address_line2)
    fields.text("CodePostal", dwelling.postcode)
    fields.text("Ville", dwelling.city)
    fields.text("TypeLogement", dwelling.type_code, width=4)
    fields.text("NatureConstruction", dwelling.construction_code)
    fields.number("NombrePieces", dwelling.rooms, ("999",), digits=2)
    fields.number("SurfaceHabitable", dwelling.area_hundredths, ("9999,99", "999,99"), scale=2)
    fields.text("ClasseDpe", dwelling.energy_class or "N")
    fields.month("DateDpe", dwelling.energy_month)
    fields.number("AnneeConstruction", dwelling.build_year, ("9999", "0000"), digits=4)
    fields.key("CodeSecteur", dwelling.sector)
    fields.key("CodeAgence", dwelling.agency)
    return element("Logement", str(fields))


def works(works: Works, dwelling_reference: str, variety: int) -> str:
    """A Travaux, listed under one dwelling."""
    fields = Fields(variety)
    fields.key("RefTravaux", works.reference)
    fields.key("RefLogement", dwelling_reference)
    fields.text("CodePortee", works.scope_code)
    fields.text("CodeNature", works.nature_code)
    fields.text("LibelleNature", works.nature_label, width=20)
    fields.text("Description", works.description)
    fields.text("CodeEtat", works.state_code)
    fields.text("CodePriorite", works.priority_code)
    if works.contractor_name is not None:
        contractor = Fields(variety)
        contractor.text("RaisonSociale", works.contractor_name, width=30)
        contractor.phone("Telephone", works.contractor_phone)
        fields.raw(element("Entreprise", str(contractor)))
    fields.day("DateDemande", works.requested_on)
    fields.day("DateDebutPrevue", works.planned_from)
    fields.day("DateFinPrevue", works.planned_to)
    fields.day("DateRendezVous", works.appointment_on)
    fields.clock("HeureRdvDebut", works.appointment_from)
    fields.clock("HeureRdvFin", works.appointment_to)
    fields.day("DateDebut", works.started_on)
    fields.day("DateFin", works.completed_on)
    return element("Travaux", str(fields))


def advisor(advisor: Advisor, variety: int) -> str:
    """A Conseiller; a vacant post has a blank code."""
    fields = Fields(variety)
    fields.raw(GAP + result(0, variety))
    fields.key("CodeSecteur", advisor.sector)
    fields.text("CodeConseiller", advisor.code)
    fields.text("Nom", advisor.last_name, width=24)
    fields.text("Prenom", advisor.first_name)
    fields.phone("Telephone", advisor.phone)
    fields.email("Courriel", advisor.email)
    fields.key("CodeAgence", advisor.agency)
    fields.text("Horaires", advisor.office_hours)
    fields.day("AbsenceDu", advisor.absent_from)
    fields.day("AbsenceAu", advisor.absent_to)
    fields.text("RemplacantNom", advisor.replacement_name, width=30)
    fields.phone("RemplacantTelephone", advisor.replacement_phone)
    fields.email("RemplacantCourriel", advisor.replacement_email)
    return element("Conseiller", str(fields))


def agency(agency: Agency, variety: int) -> str:
    """An Agence."""
    fields = Fields(variety)
    fields.key("CodeAgence", agency.code)
    fields.text("Libelle", agency.name)
    fields.text("Adresse1", agency.address_line1)
    fields.text("Adresse2", agency.address_line2)
    fields.text("CodePostal", agency.postcode)
    fields.text("Ville", agency.city)
    fields.phone("Telephone", agency.phone)
    fields.email("Courriel", agency.email)
    for hours in agency.opening_hours:
        day = Fields(variety)
        day.text("Jour", str(hours.day))
        for name, half in (("Matin", hours.morning), ("ApresMidi", hours.afternoon)):
            day.clock(f"{name}De", half and half[0])
            day.clock(f"{name}A", half and half[1])
        fields.raw(element("Horaire", str(day)))
    return element("Agence", str(fields))


def contact(contact: UsefulContact, variety: int) -> str:
    """A ContactUtile."""
    fields = Fields(variety)
    fields.text("CodeTheme", contact.topic_code)
    fields.text("Libelle", contact.label, width=24)
    fields.phone("Telephone", contact.phone)
    fields.flag("Urgence", contact.emergency)
    fields.flag("Permanence24h", contact.available_24h)
    fields.text("Observation", contact.notes)
    return element("ContactUtile", str(fields))


def read_on(day: date) -> str:
    """DateArrete of the meters."""
    return element("DateArrete", f"{day:%d/%m/%Y}")
