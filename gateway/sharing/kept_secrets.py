"""One session or token a legacy system for all processes: who obtains it, and which others may be alive unseen."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from gateway.moments import milliseconds, moment_of
from gateway.sealing import NotSealedHere, Secrets
from gateway.store import Store, sharing
from gateway.store.sharing import KeptSecretRow


@dataclass(frozen=True, slots=True)
class Secret:
    """A session or token; not to be used from `use_until` on, where that is known."""

    text: str
    use_until: datetime | None = None

    def is_good(self, now: datetime, refused: str | None) -> bool:
        """Whether it can be used now, by somebody who was refused with another."""
        return self.text != refused and (self.use_until is None or now < self.use_until)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the processes know together: the secret, who is obtaining another since when, and those lost.

    Lost is one that was asked for without an answer; it may be alive all the same.
    """

    secret: Secret | None = None
    obtained_by: str | None = None
    obtained_since: datetime | None = None
    lost: tuple[datetime, ...] = ()

    def obtaining(self, by: str, now: datetime) -> "Kept":
        """Somebody begins to obtain another; whatever was there is not to be used any longer."""
        return replace(self, secret=None, obtained_by=by, obtained_since=now)

    def ended(self, secret: Secret | None, *, lost: bool) -> "Kept":
        """Who was obtaining has ended: with a secret, with none, or without knowing."""
        more = (self.obtained_since,) if lost and self.obtained_since is not None else ()
        return Kept(secret, lost=self.lost + more)

    def without_past(self, now: datetime, *, lifetime: timedelta, patience: timedelta) -> "Kept":
        """Without what is dead by now. Who has been obtaining for longer than `patience` has died at it."""
        since = self.obtained_since
        kept = self.ended(None, lost=True) if since is not None and now >= since + patience else self
        return replace(kept, lost=tuple(at for at in kept.lost if now < at + lifetime))


class NotKept(Exception):
    """The place where it is kept cannot be reached."""


class Keeper(Protocol):
    """Keeps what the processes know together of one secret. Whoever obtains one for longer than `patience` has died."""

    patience: timedelta

    async def look(self) -> Kept:
        """What is known. Raises NotKept."""

    async def change(self, change: Callable[[Kept], Kept]) -> Kept:
        """Changes it while nobody else does; what it is then. Raises NotKept."""


class KeptHere:
    """Keeps it in this process, which is alone."""

    def __init__(self) -> None:
        self.patience = timedelta(minutes=2)
        self._kept = Kept()

    async def look(self) -> Kept:
        """What is known."""
        return self._kept

    async def change(self, change: Callable[[Kept], Kept]) -> Kept:
        """Changes it; what it is then."""
        self._kept = change(self._kept)
        return self._kept


class KeptByAll:
    """Keeps it in the database, sealed, under a name that all processes with the same credentials give it."""

    def __init__(self, store: Store, secrets: Secrets, name: str, *, patience: timedelta) -> None:
        self.patience = patience
        self._store = store
        self._secrets = secrets
        self._name = name

    async def look(self) -> Kept:
        """What is known. Raises NotKept."""
        try:
            async with self._store.read() as tx:
                row = await sharing.fetch_secret(tx, self._name)
        except Exception as error:  # whatever a driver raises
            raise NotKept(type(error).__name__) from error
        return Kept() if row is None else self._read(row)

    async def change(self, change: Callable[[Kept], Kept]) -> Kept:
        """Changes it while nobody else does; what it is then. Raises NotKept."""
        try:
            async with self._store.write() as tx:
                before = self._read(await sharing.lock_secret(tx, self._name))
                after = change(before)
                if after != before:
                    await sharing.save_secret(tx, self._written(after))
        except Exception as error:  # whatever a driver raises
            raise NotKept(type(error).__name__) from error
        return after

    def _read(self, row: KeptSecretRow) -> Kept:
        return Kept(
            self._opened(row),
            row.obtained_by,
            None if row.obtained_since is None else moment_of(row.obtained_since),
            tuple(moment_of(int(at)) for at in row.lost.split()),
        )

    def _written(self, kept: Kept) -> KeptSecretRow:
        secret, since = kept.secret, kept.obtained_since
        until = None if secret is None else secret.use_until
        return KeptSecretRow(
            name=self._name,
            sealed=None if secret is None else self._secrets.seal("kept-secret", self._name, {"text": secret.text}),
            use_until=None if until is None else milliseconds(until),
            obtained_by=kept.obtained_by,
            obtained_since=None if since is None else milliseconds(since),
            lost=" ".join(str(milliseconds(at)) for at in kept.lost),
        )

    def _opened(self, row: KeptSecretRow) -> Secret | None:
        if row.sealed is None:
            return None
        try:
            text = str(self._secrets.open("kept-secret", self._name, row.sealed)["text"])
        except NotSealedHere:
            return None
        return Secret(text, None if row.use_until is None else moment_of(row.use_until))
