"""Rent paid on line: started here, paid on the landlord's payment page, booked at billing."""

from gateway.payments.service import Payments
from gateway.payments.tools import Tools

__all__ = ["Payments", "Tools"]
