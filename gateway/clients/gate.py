"""What is let through to a legacy system, and when: by closed hours, breakers, probes, places and its budget."""

import asyncio
import logging
from collections import defaultdict
from typing import Final

from gateway import metrics
from gateway.clients.breaker import Breaker, BreakerState, Ticket
from gateway.clients.budgets import RateBudget, Urgency
from gateway.clients.places import Places
from gateway.clients.probing import Probing
from gateway.clock import Clock
from gateway.errors import UpstreamClosed, UpstreamUnavailable
from gateway.models.closure import ClosedHours, Closure
from gateway.models.freshness import SourceSystem

SUSPECT_SECONDS: Final = 3.0
"""From then on a call that is out counts as a failure; of a well system's calls one in a hundred takes 4 s."""

logger = logging.getLogger(__name__)


class Gate:
    """Stands before one system: a call is admitted, its requests are let out, and how it ended is told.

    Whatever may not go out raises UpstreamClosed or UpstreamUnavailable, held back.
    """

    def __init__(
        self, system: SourceSystem, clock: Clock, *, places: Places, budget: RateBudget | None, closure: Closure | None
    ) -> None:
        self._system = system
        self._clock = clock
        self._places = places
        self._budget = budget
        self._closed = None if closure is None else ClosedHours(closure)
        self._breakers: defaultdict[str, Breaker] = defaultdict(lambda: Breaker(clock))
        self._probing = Probing(clock)

    def admit(self, operation: str) -> Ticket:
        """Lets a call begin; to be told `answered`, `failed` or `proved_nothing`."""
        self._refuse_while_closed(operation)
        breaker = self._breakers[operation]
        ticket = breaker.admit()
        if ticket is not None and ticket.probe and not self._probing.may_probe(operation):
            breaker.proved_nothing(ticket)
            ticket = None
        if ticket is None:
            raise self._held_back(operation)
        return ticket

    async def enter(self, operation: str, ticket: Ticket, urgency: Urgency) -> asyncio.TimerHandle:
        """Waits for a place, and lets a request of the call out; what it gives is for `leave`.

        A hang is noticed in seconds: what has been out for long is suspected.
        """
        await self._places.take(operation, background=urgency is Urgency.BACKGROUND)
        try:
            self.let_out(operation, ticket, urgency)
        except BaseException:
            self._places.give_back(operation)
            raise
        return asyncio.get_running_loop().call_later(SUSPECT_SECONDS, self._suspect, operation, ticket)

    def leave(self, operation: str, suspicion: asyncio.TimerHandle) -> None:
        """The request is over, however it ended."""
        suspicion.cancel()
        self._places.give_back(operation)

    def let_out(self, operation: str, ticket: Ticket, urgency: Urgency) -> None:
        """The last look before a request goes out: what was admitted and had to wait may have to stay after all."""
        self._refuse_while_closed(operation)
        begins_probe = ticket.probe and not ticket.sent
        if not self._breakers[operation].still_admits(ticket) or (
            begins_probe and not self._probing.may_probe(operation)
        ):
            raise self._held_back(operation)
        if self._budget is not None and not self._budget.spend(urgency):
            metrics.upstream_held_back(self._system.value, operation, "budget")
            raise UpstreamUnavailable(self._system, operation, "the budget of calls is spent", held_back=True)
        if begins_probe:
            self._probing.probed(operation)
            metrics.breaker_entered(self._system.value, operation, BreakerState.HALF_OPEN.value)
        ticket.sent, ticket.answers = True, self._probing.answers

    def too_many(self) -> None:
        """The system says that it was sent too many calls."""
        if self._budget is not None:
            self._budget.refused()

    def answered(self, operation: str, ticket: Ticket) -> None:
        """The call was answered by the rules."""
        breaker = self._breakers[operation]
        breaker.answered(ticket)
        self._probing.answered()
        metrics.breaker_entered(self._system.value, operation, breaker.state.value)

    def failed(self, operation: str, ticket: Ticket) -> None:
        """The call failed, and this operation of the system is to blame."""
        if self._breakers[operation].failed(ticket):
            self._leave_alone(operation)

    def proved_nothing(self, operation: str, ticket: Ticket) -> None:
        """The call was given up, or ended by what says nothing of this operation."""
        self._breakers[operation].proved_nothing(ticket)

    def _suspect(self, operation: str, ticket: Ticket) -> None:
        self.failed(operation, ticket)
        ticket.suspected = True
        if ticket.answers != self._probing.answers:
            return
        self._probing.hangs = True  # nothing at all has been answered meanwhile
        if waiting := self._places.waited_for:  # that need not all learn it by five calls of their own
            for each in {operation} | waiting:
                if self._breakers[each].open():
                    self._leave_alone(each)

    def _leave_alone(self, operation: str) -> None:
        self._probing.silent.add(operation)
        logger.warning("%s %s is left alone for a while", self._system.value, operation)
        metrics.breaker_entered(self._system.value, operation, BreakerState.OPEN.value)

    def _refuse_while_closed(self, operation: str) -> None:
        if self._closed is not None and self._closed.at(self._clock()):
            metrics.upstream_held_back(self._system.value, operation, "closed")
            raise UpstreamClosed(self._system, operation, "closed by plan", held_back=True)

    def _held_back(self, operation: str) -> UpstreamUnavailable:
        metrics.upstream_held_back(self._system.value, operation, "breaker")
        return UpstreamUnavailable(self._system, operation, "left alone after failures", held_back=True)
