"""Answers on works as models. No I/O."""

from collections.abc import Sequence

from gateway.clients.property_management import codes
from gateway.clients.property_management.reading import Element
from gateway.clients.property_management.values import DATE, END_DATE, PHONE, TIME
from gateway.errors import UpstreamError, UpstreamMalformed
from gateway.models.freshness import Freshness
from gateway.models.work import Appointment, Contractor, Work


def parse_works(pages: Sequence[Element], freshness: Freshness) -> dict[str, tuple[Work, ...] | UpstreamError]:
    """ListerTravaux, all pages: rows by dwelling, newest request first. A row is known by work and dwelling."""
    rows: dict[str, dict[str, Work]] = {}
    errors: dict[str, UpstreamError] = {}
    for row in (row for page in pages for row in page.children("Travaux")):
        if (dwelling := row.text("RefLogement")) is None:
            continue
        try:
            work = _work(row, dwelling, freshness)
            rows.setdefault(dwelling, {}).setdefault(work.reference, work)
        except UpstreamMalformed as error:
            errors[dwelling] = error
    works = {dwelling: tuple(sorted(found.values(), key=_newest_first)) for dwelling, found in rows.items()}
    return works | errors


def _work(row: Element, dwelling: str, freshness: Freshness) -> Work:
    reference = row.required("RefTravaux")
    trade, trade_code = row.value("CodeNature", codes.TRADES)
    scope, scope_code = row.value("CodePortee", codes.SCOPES)
    state, state_code = row.value("CodeEtat", codes.WORK_STATES)
    priority, priority_code = row.value("CodePriorite", codes.PRIORITIES)
    appointment_on = row.value("DateRendezVous", DATE)
    contractor = row.child("Entreprise")
    name = contractor.text("RaisonSociale") if contractor else None
    return Work(
        reference=reference,
        dwelling_reference=dwelling,
        title=row.text("LibelleNature") or row.text("Description") or reference,
        description=row.text("Description"),
        trade=trade,
        trade_code=trade_code,
        scope=scope,
        scope_code=scope_code,
        state=state,
        state_code=state_code,
        priority=priority,
        priority_code=priority_code,
        requested_on=row.required_value("DateDemande", DATE),
        planned_from=row.value("DateDebutPrevue", DATE),
        planned_to=row.value("DateFinPrevue", DATE),
        started_on=row.value("DateDebut", DATE),
        completed_on=row.value("DateFin", END_DATE),
        appointment=None
        if appointment_on is None
        else Appointment(appointment_on, row.value("HeureRdvDebut", TIME), row.value("HeureRdvFin", TIME)),
        contractor=Contractor(name, contractor.value("Telephone", PHONE)) if contractor and name else None,
        freshness=freshness,
    )


def _newest_first(work: Work) -> tuple[int, str]:
    return -work.requested_on.toordinal(), work.reference
