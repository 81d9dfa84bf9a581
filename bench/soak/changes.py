"""Account changes of a soak run: passwords renewed and links asked for, and what must be there of them at the end."""

import asyncio
import email
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage

from bench.soak.cluster import contact
from bench.soak.people import NotAcknowledged, Person
from tests.accounts.smtp import SmtpBox

MAILS_WITHIN_SECONDS = 180.0
"""A killed node's duty as sender goes to another after a minute, and what failed waits before it is tried anew."""
CHANGED = "Votre mot de passe a été modifié"


@dataclass
class Changes:
    """What was acknowledged, what was left open, by person."""

    renewed: Counter[str] = field(default_factory=Counter)
    unsure: Counter[str] = field(default_factory=Counter)
    """Changes without an acknowledgement that turned out to have been made, or may have been."""
    asked: set[str] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    async def renew(self, person: Person, number: int) -> None:
        """One new password; where no answer tells, signing in does."""
        old, new = person.password, f"Mirabelles-{number:05d}-Quetsches!"
        try:
            outcome = await person.renew_password(new)
        except NotAcknowledged:
            await self._find_out(person, old, new)
            return
        if outcome == "PasswordRenewed":
            self.renewed[address(person)] += 1
        else:
            self.refused[outcome] += 1

    async def ask_for_link(self, person: Person) -> None:
        """One request for a link."""
        try:
            if await person.request_reset() == "ResetRequestAccepted":
                self.asked.add(address(person))
        except NotAcknowledged:
            pass

    async def check_passwords(self, people: Sequence[Person]) -> None:
        """Everybody signs in with the password that was acknowledged last."""
        for person in people:
            outcome = await _insist(person, person.password)
            if outcome != "SignedIn":
                self.lost.append(f"{person.tenant.account_number}: {outcome}")

    async def _find_out(self, person: Person, old: str, new: str) -> None:
        person.password = new if await _insist(person, new) == "SignedIn" else old
        if person.password == new:
            self.unsure[address(person)] += 1
        elif await _insist(person, old) != "SignedIn":
            self.lost.append(f"{person.tenant.account_number}: neither password")


@asynccontextmanager
async def changing(
    people: Sequence[Person], askers: Sequence[Person], changes: Changes, *, seconds: float, per_second: float
) -> AsyncIterator[None]:
    """Meanwhile passwords are renewed, so many a second, and each of `askers` asks for one link in the course of it."""
    stopping = asyncio.Event()
    renewing = asyncio.create_task(_renew(people, changes, per_second, stopping))
    asking = asyncio.create_task(_ask(askers, changes, seconds, stopping))
    try:
        yield
    finally:
        stopping.set()
        await asyncio.gather(renewing, asking)


async def find_missing_mails(box: SmtpBox, changes: Changes) -> list[str]:
    """Mails due that did not come, or came for a change that was never made; waits for late ones."""
    for _ in range(int(MAILS_WITHIN_SECONDS)):
        if not (missing := _missing(box, changes)):
            break
        await asyncio.sleep(1)
    return missing + _too_many(box, changes)


def doubles(box: SmtpBox) -> int:
    """Mails that came twice (a sender killed between sending and noting it sends again)."""
    return len(box.ids) - len(set(box.ids))


def address(person: Person) -> str:
    """The contact on file."""
    return contact(person.tenant).lower()


def _missing(box: SmtpBox, changes: Changes) -> list[str]:
    told, invited = _received(box)
    late = [f"{who}: told {told[who]} of {due}" for who, due in changes.renewed.items() if told[who] < due]
    return late + [f"{who}: no link" for who in changes.asked if not invited[who]]


def _too_many(box: SmtpBox, changes: Changes) -> list[str]:
    told, _ = _received(box)
    most = changes.renewed + changes.unsure
    return [f"{who}: told {count}, changed {most[who]} times" for who, count in told.items() if count > most[who]]


def _received(box: SmtpBox) -> tuple[Counter[str], Counter[str]]:
    """Notices of a changed password and mails with a link, by recipient; each Message-ID counts once."""
    told: Counter[str] = Counter()
    invited: Counter[str] = Counter()
    for message in {str(each["Message-ID"]): each for each in map(_parsed, box.bodies)}.values():
        recipient = str(message["To"]).lower()
        told[recipient] += message["Subject"] == CHANGED
        part = message.get_body(("plain",))
        invited[recipient] += part is not None and "/account/reset#token=" in part.get_content()
    return told, invited


def _parsed(body: str) -> EmailMessage:
    return email.message_from_string(body, policy=policy.default)


async def _renew(people: Sequence[Person], changes: Changes, per_second: float, stopping: asyncio.Event) -> None:
    number = 0
    while not stopping.is_set():
        number += 1
        await changes.renew(people[number % len(people)], number)
        await _pause(stopping, random.expovariate(per_second))


async def _ask(people: Sequence[Person], changes: Changes, seconds: float, stopping: asyncio.Event) -> None:
    for person in people:
        await _pause(stopping, seconds / (len(people) + 1))
        if stopping.is_set():
            break
        await changes.ask_for_link(person)


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)


async def _insist(person: Person, password: str) -> str:
    """Signs in, however often it takes to get an answer."""
    for _ in range(60):
        try:
            return await person.sign_in(password)
        except NotAcknowledged:
            await asyncio.sleep(1)
    return "no answer"
