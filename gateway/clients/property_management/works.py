"""Answers on works as models. No I/O."""

from collections.abc import Sequence

from gateway.clients.property_management import codes
from gateway.clients.property_management.codes import translated, translated_or_none
from gateway.clients.property_management.reading import Element
from gateway.errors import UpstreamError, UpstreamMalformed
from gateway.models.freshness import Freshness
from gateway.models.work import Appointment, Contractor, Trade, Work, WorkPriority, WorkScope, WorkState


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
    trade_code, priority = row.text("CodeNature"), row.text("CodePriorite")
    appointment_on = row.date("DateRendezVous")
    contractor = row.child("Entreprise")
    name = contractor.text("RaisonSociale") if contractor else None
    return Work(
        reference=reference,
        dwelling_reference=dwelling,
        title=row.text("LibelleNature") or row.text("Description") or reference,
        description=row.text("Description"),
        trade=translated(trade_code, codes.TRADES, Trade.OTHER),
        trade_code=trade_code,
        scope=translated(row.text("CodePortee"), codes.SCOPES, WorkScope.OTHER),
        scope_code=row.text("CodePortee"),
        state=translated(row.text("CodeEtat"), codes.WORK_STATES, WorkState.OTHER),
        state_code=row.text("CodeEtat"),
        priority=translated_or_none(priority, codes.PRIORITIES, WorkPriority.OTHER),
        priority_code=priority,
        requested_on=row.required_date("DateDemande"),
        planned_from=row.date("DateDebutPrevue"),
        planned_to=row.date("DateFinPrevue"),
        started_on=row.date("DateDebut"),
        completed_on=row.end_date("DateFin"),
        appointment=None
        if appointment_on is None
        else Appointment(appointment_on, row.time("HeureRdvDebut"), row.time("HeureRdvFin")),
        contractor=Contractor(name, contractor.phone("Telephone")) if contractor and name else None,
        freshness=freshness,
    )


def _newest_first(work: Work) -> tuple[int, str]:
    return -work.requested_on.toordinal(), work.reference
