"""The balance, the ledger that makes it, and the due notices: billing's side, by account number alone."""

import asyncio
import base64
import binascii
from datetime import UTC, date, datetime

from babel.dates import format_date

from gateway.context import Context
from gateway.errors import BadUserInput, UpstreamTimeout
from gateway.locale import translate
from gateway.models.balance import Balance
from gateway.models.due_notice import Document, DueNotice
from gateway.models.freshness import SourceSystem
from gateway.models.ledger import LedgerEntry
from gateway.models.page import Edge, Page
from gateway.models.tenant import Tenant
from gateway.resolvers.paging import page_size, resolve_page
from gateway.soon import Soon, come, then

MAX_LEDGER_PAGES = 50

Place = tuple[datetime, str]


def resolve_balance(context: Context, tenant: Tenant) -> Soon[Balance | None]:
    """The rent account's balance as of last night."""
    return context.loaders.balances.load(tenant.account_number)


def resolve_due_notices(
    context: Context, tenant: Tenant, first: int | None = 12, after: str | None = None
) -> Soon[Page[DueNotice] | None]:
    """Due notices, newest first; the cursor is the notice's number."""
    size = page_size(first, 12)

    def page(notices: "tuple[DueNotice, ...] | None") -> "Page[DueNotice] | None":
        return None if notices is None else resolve_page(notices, lambda notice: notice.number, size, after)

    return then(context.loaders.due_notices.load(tenant.account_number), page)


def resolve_document(context: Context, notice: DueNotice) -> Document | None:
    """The notice's PDF under an address of this session; None where billing has none."""
    context.require_whole_session()
    if notice.number not in context.documents:
        context.documents[notice.number] = context.services.documents.document_of(context.signed_in, notice)
    return context.documents[notice.number]


def resolve_document_title(context: Context, document: Document) -> str:
    """What the document is, and of what month, in the caller's language."""
    month = format_date(date(*document.notice.period, 1), "LLLL y", locale=context.locale.value.lower())
    return translate(context.locale, f"document.{document.notice.receipt.value}", month=month)


async def resolve_byte_size(context: Context, document: Document) -> int | None:
    """The PDF's size; None while it is being drawn."""
    if not document.ready:
        return None
    try:
        async with asyncio.timeout_at(context.loaders.until):
            return await context.services.documents.byte_size(document.notice.number)
    except TimeoutError:
        raise UpstreamTimeout(SourceSystem.BILLING, "telechargerDocument", "the request's time is over") from None


async def resolve_ledger(
    context: Context,
    tenant: Tenant,
    first: int | None = 20,
    after: str | None = None,
    from_: date | None = None,
    to: date | None = None,
) -> Page[LedgerEntry] | None:
    """Ledger entries, newest first, by value date where a range is given (both ends included).

    Billing's pages drift while entries are posted. A cursor therefore holds the place of its entry in the order and
    the page that it was on: newer entries only push it to later pages, so reading begins there and skips what is
    not behind the place.
    """
    size = page_size(first, 20)
    if from_ is not None and to is not None and from_ > to:
        raise BadUserInput("range_reversed")
    page, place = (0, None) if after is None else _parse_cursor(after, from_, to)
    found: dict[str, Edge[LedgerEntry]] = {}
    for number in range(page, page + MAX_LEDGER_PAGES):
        answer = await come(context.loaders.ledger_pages.load((tenant.account_number, number, from_, to)))
        if answer is None:
            return None
        for entry in answer.entries:
            if place is None or _place(entry) < place:
                found.setdefault(entry.id, Edge(_cursor(number, entry, from_, to), entry))
        if answer.last or len(found) > size:
            break
    edges = tuple(found.values())
    return Page(edges[:size], has_next_page=len(edges) > size, follows=after is not None)


def _place(entry: LedgerEntry) -> Place:
    return entry.posted_at, entry.id


def _cursor(page: int, entry: LedgerEntry, from_: date | None, to: date | None) -> str:
    parts = page, entry.posted_at.isoformat(), from_, to, entry.id
    return base64.urlsafe_b64encode("|".join(map(str, parts)).encode()).decode()


def _parse_cursor(text: str, from_: date | None, to: date | None) -> tuple[int, Place]:
    try:
        page, posted_at, *between, entry_id = base64.urlsafe_b64decode(text.encode()).decode().split("|")
        if len(between) != 2:
            raise ValueError
        place = datetime.fromisoformat(posted_at).astimezone(UTC), entry_id
        if not 0 <= int(page) <= 1000:
            raise ValueError
    except (binascii.Error, ValueError, OverflowError) as error:
        raise BadUserInput("cursor_unknown") from error
    # With another range the page is another one: reading begins anew, and the place still holds.
    return int(page) if between == [str(from_), str(to)] else 0, place
