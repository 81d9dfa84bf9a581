"""What a simulator is started with, and the credentials it accepts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

PROPERTY_USER: Final = "PORTAIL"
PROPERTY_PASSWORD: Final = "simulation-gl"  # noqa: S105 -- opens nothing but the simulator
PROPERTY_COMPANY: Final = "01"
BILLING_USER: Final = "portail"
BILLING_SECRET: Final = "simulation-fac"  # noqa: S105 -- opens nothing but the simulator
PAYMENT_SITE: Final = "12345678"
PAYMENT_KEY: Final = "1122334455667788"
"""Signs forms and notifications; the one of the documentation's examples."""
PAYMENT_PASSWORD: Final = "testpassword_simulation"  # noqa: S105 -- opens the simulated back office only

PROPERTY_PATH: Final = "/ws/GestionLocative"
BILLING_PATH: Final = "/api/v1"
PAYMENT_PATH: Final = "/vads-payment/"

LatencyProfile = Literal["none", "realistic"]


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class SimulatorOptions:
    """How many tenants, which clock, which ports; port 0 means any free one.

    ``nights`` switches every closure on: property management 22:00-05:00, billing's three nights of the billing run,
    deposits 02:00-04:30, and the end of all sessions at 22:00. ``rate_limits`` off lets billing answer any number of
    calls; the violations are counted all the same.
    """

    tenants: int = 200
    seed: int = 7
    latency: LatencyProfile = "none"
    nights: bool = False
    now: Callable[[], datetime] = utc_now
    host: str = "127.0.0.1"
    property_port: int = 0
    billing_port: int = 0
    admin_port: int = 0
    payment_port: int = 0
    notification_url: str = ""
    """Where the payment page notifies the shop; empty: nowhere, until it is set."""
    waiting_seconds: float = 30.0
    """How long a ninth call to property management waits before the proxy answers 503."""
    hanging_seconds: float = 60.0
    """When the server gives up on a request that hangs."""
    rate_limits: bool = True
