"""The billing system « Facturation »: REST and JSON, contract in docs/legacy/."""

from gateway.clients.billing.client import Billing

__all__ = ["Billing"]
