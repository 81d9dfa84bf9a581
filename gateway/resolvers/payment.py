"""Rent paid on line: by way of the payments service, always for the account that a tenant's keys name."""

from decimal import Decimal

from gateway.context import Context
from gateway.locale import translate
from gateway.models.account import RateLimited
from gateway.models.balance import Balance
from gateway.models.money import Money
from gateway.models.node import parse_node_id
from gateway.models.page import Page
from gateway.models.payment import (
    Payment,
    PaymentRefused,
    PaymentStarted,
    PaymentState,
    RentPaymentOrder,
)
from gateway.models.tenant import Tenant
from gateway.payments.starting import Facts
from gateway.resolvers.money import resolve_formatted
from gateway.resolvers.paging import page_size
from gateway.soon import come

_EXPLAINED = {PaymentState.REFUSED, PaymentState.REJECTED, PaymentState.EXPIRED, PaymentState.REFUNDED}


async def start_rent_payment(
    context: Context, amount: Decimal, due_notice_id: str | None, return_url: str, idempotency_key: str
) -> PaymentStarted | PaymentRefused | RateLimited:
    """Starts a payment of the tenant who is signed in."""
    tenant = context.tenant

    async def load_balance() -> Balance | None:
        return await come(context.loaders.balances.load(tenant.account_number))

    async def has_notice(notice_id: str) -> bool:
        kind, number = parse_node_id(notice_id) or ("", "")
        notices = await come(context.loaders.due_notices.load(tenant.account_number))
        return kind == "DueNotice" and any(notice.number == number for notice in notices or ())

    order = RentPaymentOrder(amount, due_notice_id, return_url, idempotency_key)
    facts = Facts(load_balance, has_notice)
    return await context.services.payments.start(context.signed_in, order, context.locale, facts)


async def resolve_payment(context: Context, _: object, id: str) -> Payment | None:  # noqa: A002
    """The tenant's payment of that id; None for anything else, whether it exists or not. Raises Unauthenticated."""
    tenant = context.tenant
    kind, key = parse_node_id(id) or ("", "")
    return await find_payment(context, tenant, key) if kind == "Payment" else None


async def find_payment(context: Context, tenant: Tenant, key: str) -> Payment | None:
    """The tenant's payment of that key."""
    return await context.services.payments.find(tenant.account_number, key)


async def resolve_payments(
    context: Context, tenant: Tenant, first: int | None = 10, after: str | None = None
) -> Page[Payment]:
    """The tenant's payments, newest first."""
    context.require_whole_session()
    return await context.services.payments.list_page(tenant.account_number, page_size(first, 10), after)


async def resolve_pending_payments(context: Context, balance: Balance) -> tuple[Payment, ...]:
    """What has been paid and is not in the balance yet."""
    return await context.services.payments.list_pending(balance)


async def resolve_expected_balance(context: Context, balance: Balance) -> Money:
    """The balance once those are booked."""
    return await context.services.payments.expect_balance(balance)


def resolve_reason(context: Context, payment: Payment) -> str | None:
    """Why a payment came to nothing, or to less than meant."""
    return translate(context.locale, f"payment.{payment.state.value}") if payment.state in _EXPLAINED else None


def describe_refusal(context: Context, refused: PaymentRefused) -> str:
    """Why a payment was not started."""
    maximum = resolve_formatted(context, refused.maximum, context.locale) if refused.maximum is not None else ""
    return translate(context.locale, f"payment_refused.{refused.reason.value}", maximum=maximum)
