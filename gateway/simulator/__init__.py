"""The two legacy systems, pretended: SOAP « GestionLocative » and REST « Facturation », and a payment page, with knobs.

``run_simulator()`` starts all on free ports; ``gateway.simulator.landlord.cases`` lists every edge case of the
contracts and the tenants that show it; the admin port describes itself at ``GET /``.
"""

from gateway.simulator.counting import Counter, JournalEntry
from gateway.simulator.landlord import Landlord, Tenant
from gateway.simulator.landlord.calendar import DEMO_NOW
from gateway.simulator.landlord.cases import Case
from gateway.simulator.landlord.example import EXAMPLE_LABEL, EXAMPLE_LEASE
from gateway.simulator.options import (
    BILLING_SECRET,
    BILLING_USER,
    PAYMENT_KEY,
    PAYMENT_PASSWORD,
    PAYMENT_SITE,
    PROPERTY_COMPANY,
    PROPERTY_PASSWORD,
    PROPERTY_USER,
    SimulatorOptions,
)
from gateway.simulator.payment_page.forms import FormRefused
from gateway.simulator.payment_page.transactions import Outcome
from gateway.simulator.simulator import Simulator, run_simulator

__all__ = [
    "BILLING_SECRET",
    "BILLING_USER",
    "DEMO_NOW",
    "EXAMPLE_LABEL",
    "EXAMPLE_LEASE",
    "PAYMENT_KEY",
    "PAYMENT_PASSWORD",
    "PAYMENT_SITE",
    "PROPERTY_COMPANY",
    "PROPERTY_PASSWORD",
    "PROPERTY_USER",
    "Case",
    "Counter",
    "FormRefused",
    "JournalEntry",
    "Landlord",
    "Outcome",
    "Simulator",
    "SimulatorOptions",
    "Tenant",
    "run_simulator",
]
