"""Tells the shop what happened, server to server, and again until it has taken it; with faults on the way.

The pattern of the public documentation: a notification has failed when the shop answers none of the statuses below in
time; it is repeated at the next full quarter of an hour, up to four times, as ``RETRY``; one sent by hand is not.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp

from gateway.simulator.counting import Records
from gateway.simulator.faults import Faults, Fired
from gateway.simulator.payment_page.forgeries import forge
from gateway.simulator.payment_page.signing import signed
from gateway.simulator.payment_page.transactions import Attempt, Notification

OPERATION: Final = "notification"
ACCEPTED: Final = frozenset({200, 201, 202, 203, 204, 205, 206, 301, 302, 303, 307, 308})
KINDS: Final[Mapping[str, frozenset[str]]] = {
    "double": frozenset({"copies"}),
    "reorder": frozenset(),
    "delay": frozenset({"seconds"}),
    "drop": frozenset({"retried"}),
    "unheard": frozenset(),
    "forge": frozenset({"how", "fields"}),
}
"""The faults of notifications, and the details that each takes."""
_QUARTER: Final = 15
_TICK_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class _Waiting:
    due: datetime
    notification: Notification
    fired: Fired | None = None
    """The faults that have struck already; None for another sending, which faults may strike anew."""
    overtakable: bool = False


class Notifier:
    """Sends notifications; the clock says when the waiting ones are due."""

    def __init__(self, records: Records, faults: Faults, now: Callable[[], datetime], key: str) -> None:
        self.retries = 4
        """How often a failed notification is repeated."""
        self.retry_seconds: float | None = None
        """How long after a failure; None is the documented pattern."""
        self.answer_seconds = 35.0
        """How long the shop may take."""
        self._records = records
        self._faults = faults
        self._now = now
        self._key = key
        self._waiting: list[_Waiting] = []
        self._held: list[Notification] | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._http: aiohttp.ClientSession | None = None

    @property
    def waiting(self) -> int:
        """How many notifications are still to be sent, or sent again."""
        return len(self._waiting) + len(self._held or ())

    def hold(self) -> None:
        """New notifications stay here until they are released."""
        self._held = self._held or []

    async def release(self, *, backwards: bool = False) -> None:
        """Sends the held ones, one after the other in their order or against it; new ones are no longer held."""
        held, self._held = self._held or [], None
        for notification in reversed(held) if backwards else held:
            await self.send(notification)

    async def send(self, notification: Notification) -> None:
        """Sends one; returns once its first sending has ended or been put off, whoever called goes away or not."""
        if self._held is not None:
            self._held.append(notification)
            return
        await asyncio.shield(self.start(self._send(notification)))

    async def forge(self, notification: Notification, how: str, changes: Mapping[str, str]) -> int | None:
        """Sends a forged copy now and returns the shop's answer; see ``forgeries`` for the kinds."""
        true = signed({**notification.fields, "vads_url_check_src": notification.source}, self._key)
        return await self._post(notification, forge(how, true, changes, self._key), f"forge:{how}")

    async def settle(self) -> None:
        """Sends what is due on the clock, again and again, until nothing is, and nothing is under way."""
        while self.start_due() or self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)

    def start_due(self) -> bool:
        """Begins to send what is due; whether anything was."""
        now = self._now()
        due = [each for each in self._waiting if each.due <= now]
        self._waiting = [each for each in self._waiting if each.due > now]
        for each in due:
            struck = each.fired
            self.start(self._send(each.notification) if struck is None else self._deliver(each.notification, struck))
        return bool(due)

    async def run(self, tick: Callable[[], object]) -> None:
        """Keeps sending what becomes due, and calls ``tick`` each time, until cancelled."""
        try:
            while True:
                tick()
                self.start_due()
                await asyncio.sleep(_TICK_SECONDS)
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)
            if self._http is not None:
                await self._http.close()

    def start(self, sending: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begins a sending that nobody waits for."""
        task = asyncio.create_task(sending)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _send(self, notification: Notification) -> None:
        fired = self._faults.strike(OPERATION)
        if "forge" in fired:
            how, changes = fired.detail("forge", "how", "changed"), fired.detail("forge", "fields", {})
            await self.forge(notification, how, changes)
        if "drop" in fired:
            self._note(notification, None, "drop")
            self._try_later(notification, retried=bool(fired.detail("drop", "retried", True)))
        elif "delay" in fired:
            due = self._now() + timedelta(seconds=float(fired.detail("delay", "seconds", 60)))
            self._waiting.append(_Waiting(due, notification, fired))
        elif "reorder" in fired:
            self._waiting.append(_Waiting(_next_quarter(self._now()), notification, fired, overtakable=True))
        else:
            await self._deliver(notification, fired)

    async def _deliver(self, notification: Notification, fired: Fired) -> None:
        copies = 1 + int(fired.detail("double", "copies", 1)) if "double" in fired else 1
        source = "RETRY" if notification.failures else notification.source
        fields = signed({**notification.fields, "vads_url_check_src": source}, self._key)
        fault = "unheard" if "unheard" in fired else ""
        statuses = await asyncio.gather(*(self._post(notification, fields, fault) for _ in range(copies)))
        if not fault and any(status in ACCEPTED for status in statuses):
            notification.taken = True
        elif not notification.taken:
            self._try_later(notification)
        await self._send_overtaken()

    async def _send_overtaken(self) -> None:
        """One that was to come out of order goes once another has gone."""
        overtaken = [each for each in self._waiting if each.overtakable]
        self._waiting = [each for each in self._waiting if not each.overtakable]
        for each in overtaken:
            await self._deliver(each.notification, each.fired or Fired())

    def _try_later(self, notification: Notification, *, retried: bool = True) -> None:
        notification.failures += 1
        if not retried or notification.source == "BO" or notification.failures > self.retries:
            notification.given_up = True
            return
        now = self._now()
        due = _next_quarter(now) if self.retry_seconds is None else now + timedelta(seconds=self.retry_seconds)
        self._waiting.append(_Waiting(due, notification))

    async def _post(self, notification: Notification, fields: Mapping[str, str], fault: str) -> int | None:
        parameters = {"source": fields.get("vads_url_check_src", ""), "status": fields.get("vads_trans_status", "")}
        with self._records.call(OPERATION, (notification.order_id,), parameters):
            self._http = self._http or _open_http()
            timeout = aiohttp.ClientTimeout(total=self.answer_seconds)
            status = None
            try:
                async with self._http.post(
                    notification.url, data=fields, allow_redirects=False, timeout=timeout
                ) as response:
                    await response.read()
                    status = response.status
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass  # no answer, which the attempt says
        self._note(notification, status, fault, parameters["source"])
        return status

    def _note(self, notification: Notification, status: int | None, fault: str, source: str = "") -> None:
        notification.attempts.append(Attempt(self._now(), source or notification.source, status, fault))


def _open_http() -> aiohttp.ClientSession:
    """A connection for each notification: one kept from before a shop's restart would fail for no fault of its own."""
    connector = aiohttp.TCPConnector(force_close=True, limit=100)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


def _next_quarter(now: datetime) -> datetime:
    """The next full quarter of an hour, never now."""
    begun = now.replace(minute=now.minute - now.minute % _QUARTER, second=0, microsecond=0)
    return begun + timedelta(minutes=_QUARTER)
