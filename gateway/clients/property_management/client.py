"""Every operation of property management: one method each, batches split at the contract's limits."""

from collections.abc import Callable, Iterable, Sequence, Set
from datetime import date, timedelta
from functools import partial
from typing import TypeVar

from gateway.clients.base import Request, Upstream, log_outcomes, log_upstream_error
from gateway.clients.batches import fetch_in_batches
from gateway.clients.property_management import parsing
from gateway.clients.property_management.advisors import parse_advisors, parse_agency
from gateway.clients.property_management.envelope import (
    INVALID_RESUME_KEY,
    NOT_PRINCIPAL,
    SESSION_EXPIRED,
    UNKNOWN,
    Refused,
    open_answer,
    write_request,
)
from gateway.clients.property_management.reading import NAMESPACE, Element
from gateway.clients.property_management.water import parse_water
from gateway.clients.property_management.works import parse_works
from gateway.clients.shared_secret import SharedSecret
from gateway.errors import UpstreamError, UpstreamMalformed
from gateway.models.advisor import Advisor, Agency
from gateway.models.dates import YearMonth
from gateway.models.dwelling import Dwelling
from gateway.models.freshness import Freshness, SourceSystem
from gateway.models.lease import Identification, Lease, LeaseSearchPage
from gateway.models.water import WaterConsumption
from gateway.models.work import Work
from gateway.sharing.kept_secrets import Keeper, Secret

SOURCE_NAME = "PORTAIL"  # SystemeSource, chosen by the caller
MAX_REFERENCES = 50  # ConsulterContrats, ConsulterLogements, ConsulterConseillers
MAX_DWELLINGS = 20  # RelevesCompteurs, ListerTravaux
MAX_PAGES = 100

T = TypeVar("T")
Fields = Sequence[tuple[str, str]]
Found = dict[str, T | UpstreamError]
FoundOrNot = dict[str, T | UpstreamError | None]


class PropertyManagement:
    """Batch methods give an outcome for every key: the model, None where the system does not know the key, or an error.

    Single methods raise UpstreamError. A lost session is renewed once within the call's deadline.
    """

    def __init__(
        self, upstream: Upstream, url: str, *, company: str, user: str, password: str, keeper: Keeper | None = None
    ) -> None:
        self.health = upstream.health
        self._upstream = upstream
        self._url = url
        self._company = company
        self._user = user
        self._password = password
        self._session = SharedSecret(
            upstream.system,
            "OuvrirSession",
            self._open_session,
            upstream.clock,
            spare=2,
            lifetime=timedelta(minutes=20),
            keeper=keeper,
        )

    async def fetch_identification(
        self, label: str, last_name: str, first_name: str, birth_date: date | None
    ) -> Identification | None:
        """The lease of which that person is the principal holder; None where label or name do not fit.

        Accents, case, hyphens and apostrophes are the system's affair. ValueError for text that XML cannot carry.
        """
        operation = "IdentifierTitulaire"
        fields = [("IntituleCompte", label), ("Nom", last_name), ("Prenom", first_name)]
        if birth_date is not None:
            fields.append(("DateNaissance", f"{birth_date:%d/%m/%Y}"))
        try:
            return await self._ask(operation, fields, parsing.parse_identification, {UNKNOWN, NOT_PRINCIPAL})
        except Refused as refused:
            return Identification(None, None, not_principal=True) if refused.code == NOT_PRINCIPAL else None

    async def fetch_lease_references(
        self,
        *,
        sector: str | None = None,
        last_name: str | None = None,
        agency: str | None = None,
        resume_key: str | None = None,
    ) -> LeaseSearchPage:
        """Leases in every state, 200 a page, ascending. At least one criterion. A resume key dies with its session."""
        criteria = {"CodeSecteur": sector, "Nom": last_name, "CodeAgence": agency, "CleReprise": resume_key}
        fields = [(name, text) for name, text in criteria.items() if text is not None]
        return await self._ask("RechercherContrats", fields, parsing.parse_lease_references)

    async def fetch_leases(self, references: Sequence[str]) -> FoundOrNot[Lease]:
        """Leases with their holders, by lease reference."""
        return await self._fetch_items(
            "ConsulterContrats", "RefContrat", references, MAX_REFERENCES, parsing.parse_leases
        )

    async def fetch_dwellings(self, references: Sequence[str]) -> FoundOrNot[Dwelling]:
        """Dwellings by reference; the contract says that the system is silent about unknown ones."""
        operation = "ConsulterLogements"
        ask = partial(self._ask_items, operation, "RefLogement", (), parsing.parse_dwellings)
        with self._upstream.one_deadline():
            found = await fetch_in_batches(references, ask, limit=MAX_REFERENCES, silence_answers=False)
        return {reference: found.get(reference) for reference in references}

    async def fetch_water(
        self, dwelling_references: Sequence[str], from_month: YearMonth, to_month: YearMonth
    ) -> FoundOrNot[WaterConsumption]:
        """Water by dwelling over at most 13 months, both ends included; no meter is an empty list of meters."""
        period = [("PeriodeDebut", _month(from_month)), ("PeriodeFin", _month(to_month))]
        parse = partial(parse_water, from_month=from_month, to_month=to_month)
        return await self._fetch_items(
            "RelevesCompteurs", "RefLogement", dwelling_references, MAX_DWELLINGS, parse, after=period
        )

    async def fetch_works(self, dwelling_references: Sequence[str], since: date) -> Found[tuple[Work, ...]]:
        """Works requested since that day by dwelling, newest first; none and unknown dwelling look the same."""
        operation = "ListerTravaux"
        ask = partial(self._ask_works, operation, f"{since:%d/%m/%Y}")
        with self._upstream.one_deadline():
            found = await fetch_in_batches(dwelling_references, ask, limit=MAX_DWELLINGS, silence_answers=True)
        return {reference: found.get(reference) or () for reference in dwelling_references}

    async def fetch_advisors(self, sectors: Sequence[str]) -> FoundOrNot[Advisor]:
        """Advisors by sector; None while the post is vacant too."""
        return await self._fetch_items("ConsulterConseillers", "CodeSecteur", sectors, MAX_REFERENCES, parse_advisors)

    async def fetch_agency(self, code: str) -> Agency | None:
        """An agency with opening hours and useful contacts; None where unknown."""
        try:
            return await self._ask(
                "ListerContacts",
                [("CodeAgence", code)],
                lambda answer: parse_agency(answer, self._now(), code),
                {UNKNOWN},
            )
        except Refused:
            return None

    async def close(self) -> None:
        """Closes the session, if it is this process's alone, so that the landlord's few are free.

        Failing that it dies by itself; one that processes share is left to them, and to whoever starts next.
        """
        if (session := await self._session.drop()) is None:
            return
        operation = "FermerSession"
        try:
            await self._upstream.ask(operation, lambda: self._post(operation, session, [], {SESSION_EXPIRED}))
        except (UpstreamError, Refused):
            return

    async def _fetch_items(
        self,
        operation: str,
        key_name: str,
        keys: Sequence[str],
        limit: int,
        parse: Callable[[Element, Freshness], FoundOrNot[T]],
        *,
        after: Iterable[tuple[str, str]] = (),
    ) -> FoundOrNot[T]:
        ask = partial(self._ask_items, operation, key_name, tuple(after), parse)
        with self._upstream.one_deadline():
            found = await fetch_in_batches(keys, ask, limit=limit, silence_answers=False)
        silent = UpstreamMalformed(SourceSystem.PROPERTY_MANAGEMENT, operation, "nothing said of a key, twice")
        if any(key not in found for key in keys):
            log_upstream_error(silent)
        return {key: found.get(key, silent) for key in keys}

    async def _ask_items(
        self,
        operation: str,
        key_name: str,
        after: Sequence[tuple[str, str]],
        parse: Callable[[Element, Freshness], FoundOrNot[T]],
        keys: Sequence[str],
    ) -> FoundOrNot[T]:
        fields = [*((key_name, key) for key in keys), *after]
        found = await self._ask(operation, fields, lambda answer: parse(answer, self._now()))
        log_outcomes(SourceSystem.PROPERTY_MANAGEMENT, operation, found.values())
        return found

    async def _ask_works(self, operation: str, since: str, keys: Sequence[str]) -> Found[tuple[Work, ...]]:
        fields = [*(("RefLogement", key) for key in keys), ("DepuisLe", since)]
        try:
            pages = await self._ask_pages(operation, fields, {INVALID_RESUME_KEY})
        except Refused:
            pages = await self._ask_pages(operation, fields)  # the key died with its session: start again
        found = parse_works(pages, self._now())
        log_outcomes(SourceSystem.PROPERTY_MANAGEMENT, operation, found.values())
        return found

    async def _ask_pages(self, operation: str, fields: Fields, meaningful: Set[int] = frozenset()) -> list[Element]:
        pages: list[Element] = []
        key: str | None = None
        while not pages or key is not None:
            if len(pages) == MAX_PAGES:
                raise pages[-1].malformed("Suite", f"more than {MAX_PAGES} pages")
            resumed = fields if key is None else [*fields, ("CleReprise", key)]
            page, key = await self._ask(operation, resumed, parsing.parse_page, meaningful if pages else frozenset())
            pages.append(page)
        return pages

    async def _ask(
        self, operation: str, fields: Fields, parse: Callable[[Element], T], meaningful: Set[int] = frozenset()
    ) -> T:
        async def attempt() -> T:
            session = await self._session.current()
            try:
                return parse(await self._post(operation, session, fields, meaningful | {SESSION_EXPIRED}))
            except Refused as refused:
                if refused.code != SESSION_EXPIRED:
                    raise
            return parse(await self._post(operation, await self._session.after(session), fields, meaningful))

        return await self._upstream.ask(operation, attempt)

    async def _open_session(self) -> Secret:
        operation = "OuvrirSession"
        fields = [("Identifiant", self._user), ("MotDePasse", self._password)]

        async def attempt() -> Secret:
            return Secret(parsing.parse_session(await self._post(operation, None, fields)))

        return await self._upstream.ask(operation, attempt, repeatable=False)

    async def _post(
        self, operation: str, session: str | None, fields: Fields, meaningful: Set[int] = frozenset()
    ) -> Element:
        header = [("CodeSociete", self._company), ("SystemeSource", SOURCE_NAME)]
        if session is not None:
            header.append(("JetonSession", session))
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{NAMESPACE}/{operation}"'}
        body = write_request(operation, header, fields)
        request = Request(operation, "POST", self._url, headers, body)
        return open_answer(operation, await self._upstream.send(request), meaningful)

    def _now(self) -> Freshness:
        return Freshness(SourceSystem.PROPERTY_MANAGEMENT, self._upstream.clock())


def _month(month: YearMonth) -> str:
    return f"{month.month:02d}/{month.year:04d}"
