"""kill -9 between any two steps: the payment is booked once all the same, by whoever comes next."""

import asyncio
import signal
import sys

import pytest

from gateway.payments.notification import Taken
from gateway.simulator import Simulator

from .conftest import Office
from .page import encoded, report

STEPS = 18
"""So many steps take a payment from its notification to being booked; the test itself says if that changes."""


async def live(simulator: Simulator, database_url: str, body: bytes, last: int) -> tuple[int, str]:
    """Runs a node until that step; how it ended, and what it printed."""
    program = (sys.executable, "-m", "tests.payments.killed_node")
    given = (database_url, simulator.billing_url, simulator.admin_url, body.decode(), str(last))
    node = await asyncio.create_subprocess_exec(*program, *given, stdout=asyncio.subprocess.PIPE)
    out, _ = await node.communicate()
    return node.returncode or 0, out.decode().strip()


async def test_a_node_that_lives_needs_so_many_steps(office: Office, simulator: Simulator, database_url: str) -> None:
    _, form = await office.started()
    assert await live(simulator, database_url, encoded(report(form)), 0) == (0, str(STEPS))


# Every step where it is quick, and around each commit and call of billing where transactions are another's.
@pytest.mark.parametrize(
    ("database_url", "step"),
    [("sqlite", step) for step in range(1, STEPS + 1)] + [("postgresql", step) for step in (1, 2, 8, 9, 10, 17)],
    indirect=["database_url"],
)
async def test_killed_at_any_step(office: Office, simulator: Simulator, database_url: str, step: int) -> None:
    payment, form = await office.started()
    ended, _ = await live(simulator, database_url, encoded(report(form)), step)
    assert ended == -signal.SIGKILL
    # The page comes again where it got no answer; here it comes anyway.
    assert await office.notify(report(form)) is Taken.STORED
    for _ in range(3):
        office.clock.advance(hours=6)
        await office.work()
    deposits = [(each["reference"], each["cents"], each["status"]) for each in simulator.deposits()]
    assert deposits == [(payment.key, 10_000, "COMPTABILISE")]
    assert (await office.row(payment)).flags == ""
    assert await office.state(payment) == "BOOKED"
