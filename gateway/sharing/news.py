"""News from one process to all the others, by Valkey's channels: soon, or not at all."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from valkey.asyncio.client import PubSub

from gateway.sealing import NotSealedHere, Secrets
from gateway.sharing.valkey import Valkey

SILENCE_SECONDS: Final = 5.0
"""A connection that is silent for so long is asked whether it lives."""
AGAIN_SECONDS: Final = 1.0

logger = logging.getLogger(__name__)

Hear = Callable[[bytes | None], None]
"""Takes a piece of news; None says that some may have been missed."""


class News:
    """Tells the processes on one Valkey what they should know at once; without one, this process alone.

    News are encrypted. The process that tells hears its own at once, and perhaps once more.
    """

    def __init__(self, valkey: Valkey | None, secrets: Secrets) -> None:
        self._valkey = valkey
        self._secrets = secrets
        self._hearers: dict[str, Hear] = {}
        self._being_told: set[asyncio.Task[object]] = set()

    def hear(self, channel: str, hear: Hear) -> None:
        """`hear` is called with what this process tells on that channel, and while it listens with what others tell."""
        self._hearers[channel] = hear

    def tell(self, channel: str, message: bytes = b"") -> None:
        """Tells this process at once and the others meanwhile; lost to them where Valkey is away."""
        if channel in self._hearers:
            self._hearers[channel](message)
        if (valkey := self._valkey) is None:
            return
        name = valkey.name(channel)
        box = self._secrets.seal_bytes("valkey-news", name, message)
        telling: asyncio.Task[object] = asyncio.create_task(valkey.ask(lambda: valkey.server.publish(name, box)))
        self._being_told.add(telling)
        telling.add_done_callback(self._being_told.discard)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Meanwhile news are heard, on one connection, opened again whenever it is lost."""
        if self._valkey is None or not self._hearers:
            yield
            return
        listener = asyncio.create_task(self._listen(self._valkey))
        try:
            yield
        finally:
            listener.cancel()
            await asyncio.gather(listener, *self._being_told, return_exceptions=True)

    async def _listen(self, valkey: Valkey) -> None:
        channels = {valkey.name(channel).encode(): hear for channel, hear in self._hearers.items()}
        while True:
            try:
                async with valkey.server.pubsub() as subscription:
                    async with asyncio.timeout(SILENCE_SECONDS):
                        await subscription.subscribe(*channels)
                    for hear in channels.values():
                        hear(None)
                    await self._hear_all(subscription, channels)
            except Exception as error:  # the server is away, or talks nonsense
                logger.debug("news are not heard: %s", type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _hear_all(self, subscription: PubSub, channels: dict[bytes, Hear]) -> None:
        asked = False
        while True:
            message = await subscription.get_message(timeout=SILENCE_SECONDS)
            if message is None:
                if asked:
                    raise TimeoutError
                await subscription.ping()
                asked = True
                continue
            asked = False
            if message["type"] == "message":
                self._pass_on(channels, message["channel"], message["data"])

    def _pass_on(self, channels: dict[bytes, Hear], channel: bytes, box: bytes) -> None:
        try:
            message = self._secrets.open_bytes("valkey-news", channel.decode(), box)
        except NotSealedHere:
            return
        channels[channel](message)
