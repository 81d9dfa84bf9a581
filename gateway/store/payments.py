"""Statements about payments."""

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy import insert as insert_into
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.engine import Transaction
from gateway.store.payment_tables import PAGE_REPORTS, PAYMENT_NUMBERS, PAYMENTS, PageReportRow, PaymentRow
from gateway.store.rows import every, one

Keys = tuple[str, ...]
"""What a value may be stored under: its digest by each of the secrets."""


async def reserve_number(tx: Transaction, site_id: str, trans_day: str, last: int) -> int | None:
    """The next number of a shop's day, from 0; None once `last` has been given out."""
    statement = (
        _insert(tx)(PAYMENT_NUMBERS)
        .values(site_id=site_id, trans_day=trans_day, last=0)
        .on_conflict_do_update(
            index_elements=["site_id", "trans_day"],
            set_={"last": PAYMENT_NUMBERS.c.last + 1},
            where=PAYMENT_NUMBERS.c.last < last,
        )
        .returning(PAYMENT_NUMBERS.c.last)
    )
    number: int | None = (await tx.execute(statement)).scalar_one_or_none()
    return number


async def insert(tx: Transaction, row: PaymentRow) -> None:
    """A new payment."""
    await tx.execute(insert_into(PAYMENTS).values({column.name: getattr(row, column.name) for column in PAYMENTS.c}))


async def fetch(tx: Transaction, payment_id: str, *, lock: bool = False) -> PaymentRow | None:
    """The payment of that id; with `lock` nobody else changes it until the transaction ends."""
    statement = select(PAYMENTS).where(PAYMENTS.c.id == payment_id)
    return one(PaymentRow, await tx.execute(statement.with_for_update() if lock else statement))


async def find_by_key(tx: Transaction, account_keys: Keys, key_hash: str) -> PaymentRow | None:
    """The account's payment that was started with that idempotency key."""
    statement = select(PAYMENTS).where(PAYMENTS.c.account_key.in_(account_keys), PAYMENTS.c.key_hash == key_hash)
    return one(PaymentRow, await tx.execute(statement.limit(1)))


async def find_open(tx: Transaction, account_keys: Keys) -> PaymentRow | None:
    """The account's payment that is on the page just now."""
    statement = select(PAYMENTS).where(PAYMENTS.c.account_key.in_(account_keys), PAYMENTS.c.state == "STARTED")
    return one(PaymentRow, await tx.execute(statement.limit(1)))


async def fetch_started_since(tx: Transaction, account_keys: Keys, since: int) -> list[int]:
    """When the account's payments since then were started, the earliest first."""
    statement = select(PAYMENTS.c.started_at).where(
        PAYMENTS.c.account_key.in_(account_keys), PAYMENTS.c.started_at > since
    )
    return list((await tx.execute(statement.order_by(PAYMENTS.c.started_at))).scalars())


async def fetch_page(tx: Transaction, account_keys: Keys, before_id: str | None, limit: int) -> list[PaymentRow]:
    """The account's payments, newest first, from behind that one on."""
    statement = select(PAYMENTS).where(PAYMENTS.c.account_key.in_(account_keys))
    if before_id is not None:
        statement = statement.where(PAYMENTS.c.id < before_id)
    return every(PaymentRow, await tx.execute(statement.order_by(PAYMENTS.c.id.desc()).limit(limit)))


async def fetch_paid(tx: Transaction, account_keys: Keys, since_lot: str) -> list[PaymentRow]:
    """What the account's tenant has paid and billing has not booked, or booked in that run or a later one."""
    paid = PAYMENTS.c.account_key.in_(account_keys)
    late = (PAYMENTS.c.state == "BOOKED") & (PAYMENTS.c.lot >= since_lot)
    statement = select(PAYMENTS).where(paid, (PAYMENTS.c.state == "AUTHORISED") | late)
    return every(PaymentRow, await tx.execute(statement.order_by(PAYMENTS.c.id)))


async def fetch_between(tx: Transaction, begins: int, ends: int) -> list[PaymentRow]:
    """Payments started or paid from one moment on and before another, and all that are flagged; the earliest first."""
    started = PAYMENTS.c.started_at.between(begins, ends - 1)
    paid = PAYMENTS.c.authorised_at.between(begins, ends - 1)
    statement = select(PAYMENTS).where(started | paid | (PAYMENTS.c.flags != ""))
    return every(PaymentRow, await tx.execute(statement.order_by(PAYMENTS.c.id)))


async def change(tx: Transaction, payment_id: str, **values: Any) -> None:
    """Sets columns of a payment."""
    await tx.execute(update(PAYMENTS).where(PAYMENTS.c.id == payment_id).values(values))


async def find_overdue(
    tx: Transaction, started_before: int, now: int, account_keys: Keys | None = None
) -> list[PaymentRow]:
    """Payments that were left on the page, of all accounts or of one."""
    statement = select(PAYMENTS).where(PAYMENTS.c.state == "STARTED", PAYMENTS.c.started_at <= started_before)
    statement = statement.where(PAYMENTS.c.expires_at <= now)
    if account_keys is not None:
        statement = statement.where(PAYMENTS.c.account_key.in_(account_keys))
    return every(PaymentRow, await tx.execute(statement.limit(200)))


async def expire(tx: Transaction, payment_ids: list[str]) -> None:
    """Ends payments that are still on the page."""
    statement = update(PAYMENTS).where(PAYMENTS.c.id.in_(payment_ids), PAYMENTS.c.state == "STARTED")
    await tx.execute(statement.values(state="EXPIRED"))


async def find_due(tx: Transaction, now: int) -> PaymentRow | None:
    """The paid payment about which billing is to be told or asked, whose time came first."""
    statement = select(PAYMENTS).where(PAYMENTS.c.state == "AUTHORISED", PAYMENTS.c.next_at <= now)
    return one(PaymentRow, await tx.execute(statement.order_by(PAYMENTS.c.next_at, PAYMENTS.c.id).limit(1)))


async def note_attempt(tx: Transaction, payment_id: str, next_at: int) -> bool:
    """Notes that billing is about to be called, and when to try again should nobody live to see the answer."""
    statement = update(PAYMENTS).where(PAYMENTS.c.id == payment_id, PAYMENTS.c.state == "AUTHORISED")
    return (await tx.execute(statement.values(attempts=PAYMENTS.c.attempts + 1, next_at=next_at))).rowcount == 1


async def postpone_due(tx: Transaction, now: int, until: int) -> None:
    """Leaves all that is due for later."""
    statement = update(PAYMENTS).where(PAYMENTS.c.state == "AUTHORISED", PAYMENTS.c.next_at <= now)
    await tx.execute(statement.values(next_at=until))


async def add_report(tx: Transaction, row: PageReportRow) -> bool:
    """Keeps a notification; false where that very one is kept already."""
    values = {column.name: getattr(row, column.name) for column in PAGE_REPORTS.c}
    statement = _insert(tx)(PAGE_REPORTS).values(values)
    result = await tx.execute(statement.on_conflict_do_nothing(index_elements=["payment_id", "digest"]))
    return result.rowcount == 1


async def fetch_reports(tx: Transaction, payment_id: str) -> list[PageReportRow]:
    """What the page has said of a payment, in the order in which it came."""
    statement = select(PAGE_REPORTS).where(PAGE_REPORTS.c.payment_id == payment_id)
    return every(PageReportRow, await tx.execute(statement.order_by(PAGE_REPORTS.c.at, PAGE_REPORTS.c.id)))


async def count_waiting(tx: Transaction) -> int:
    """How many paid payments are on their way into the ledger."""
    statement = select(func.count()).select_from(PAYMENTS).where(PAYMENTS.c.state == "AUTHORISED")
    return int((await tx.execute(statement)).scalar_one())


def _insert(tx: Transaction) -> Any:
    return postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
