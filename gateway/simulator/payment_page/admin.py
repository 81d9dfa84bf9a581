"""The payment page's part of the admin port: its knobs and its truth as JSON."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from gateway.simulator.payment_page.payment_page import PaymentPage
from gateway.simulator.payment_page.transactions import Outcome, Transaction

Route = Callable[[dict[str, Any]], object | Awaitable[object]]

HELP: Final = """\
Payment page

GET    /payments                the truth: what is paid by order, and every transaction with all its notifications
POST   /payments/pay            {"fields": {...}, "outcome": "AUTHORISED" | "REFUSED" | "ABANDONED", "brand": "CB"}
POST   /payments/status         {"order_id": "...", "status": "CAPTURED", "source": "BATCH"}   and tells the shop
POST   /payments/refund         {"order_id": "...", "cents": 1000}   all that is paid, unless told
POST   /payments/resend         {"order_id": "..."}   as a merchant's click does
POST   /payments/forge          {"order_id": "...", "how": "changed" | "added" | "removed" | "unsigned" | "foreign"
                                | "sha1" | "replayed" | "signed", "vads_...": "..."}
POST   /payments/notifications  {"url": "...", "retries": 4, "retry_seconds": null, "answer_seconds": 35}
                                retry_seconds null: the next full quarter of an hour of the simulated clock
POST   /payments/hold           new notifications wait
POST   /payments/release        {"backwards": false}

Faults of the operation "notification":
double                          {"copies": 1}        sent so many times more, at once
reorder                                              goes after the next one, or at the next quarter of an hour
delay                           {"seconds": 60}      of the simulated clock
drop                            {"retried": true}    lost on the way; not retried: the page forgets it
unheard                                              arrives, but the page does not hear the answer, and repeats it
forge                           {"how": "changed", "fields": {...}}    a forged one arrives before the true one
"""


def payment_routes(page: PaymentPage) -> dict[tuple[str, str], Route]:
    """What the admin port answers for the payment page."""

    async def pay(fields: dict[str, Any]) -> object:
        outcome = Outcome(fields.get("outcome", Outcome.PAY))
        return _described(await page.pay(fields["fields"], outcome, fields.get("brand", "CB")))

    async def refund(fields: dict[str, Any]) -> object:
        return _described(await page.refund(**fields))

    async def forge(fields: dict[str, Any]) -> object:
        return {"status": await page.forge(**fields)}

    return {
        ("GET", "/payments"): lambda _: describe(page),
        ("POST", "/payments/pay"): pay,
        ("POST", "/payments/status"): _doing(page.change_status),
        ("POST", "/payments/refund"): refund,
        ("POST", "/payments/resend"): _doing(page.resend),
        ("POST", "/payments/forge"): forge,
        ("POST", "/payments/notifications"): lambda fields: _set(page, **fields),
        ("POST", "/payments/hold"): lambda _: _hold(page),
        ("POST", "/payments/release"): _doing(page.notifier.release),
    }


def describe(page: PaymentPage) -> dict[str, object]:
    """What is true, as JSON can hold it."""
    return {
        "paid_cents": page.transactions.paid_cents(),
        "waiting_notifications": page.notifier.waiting,
        "transactions": [_described(each) for each in page.transactions.all],
    }


def _described(transaction: Transaction) -> dict[str, object]:
    return {
        "order_id": transaction.order_id,
        "uuid": transaction.uuid,
        "trans_id": transaction.form["vads_trans_id"],
        "trans_date": transaction.form["vads_trans_date"],
        "direction": transaction.direction,
        "amount_cents": transaction.amount_cents,
        "paid_cents": transaction.paid_cents,
        "status": transaction.status,
        "opened_at": transaction.opened_at,
        "decided_at": transaction.decided_at,
        "notifications": [
            {"source": each.source, "taken": each.taken, "given_up": each.given_up, "attempts": each.attempts}
            | {"status": each.fields["vads_trans_status"]}
            for each in transaction.notifications
        ],
    }


def _doing(action: Callable[..., Awaitable[None]]) -> Route:
    async def run(fields: dict[str, Any]) -> object:
        await action(**fields)
        return {"done": True}

    return run


def _hold(page: PaymentPage) -> object:
    page.notifier.hold()
    return {"done": True}


def _set(
    page: PaymentPage,
    url: str | None = None,
    retries: int | None = None,
    answer_seconds: float | None = None,
    **pattern: float | None,
) -> object:
    if unknown := set(pattern) - {"retry_seconds"}:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    notifier = page.notifier
    page.notification_url = page.notification_url if url is None else url
    notifier.retries = notifier.retries if retries is None else retries
    notifier.answer_seconds = notifier.answer_seconds if answer_seconds is None else answer_seconds
    notifier.retry_seconds = pattern.get("retry_seconds", notifier.retry_seconds)
    return {"done": True}
