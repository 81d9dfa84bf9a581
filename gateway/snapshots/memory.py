"""The process's memory of values: lately used ones at hand, others packed, all bounded by size and by time."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

MOST_AT_HAND: Final = 8_192
MOST_PARTS_AT_HAND: Final = 250_000
"""Together about 100 MB, the values themselves included: a part takes 0.25 to 0.35 kB (`Kind.parts`)."""
SWEPT_IN_A_TURN: Final = 2_000
"""Places that a sweep looks at before it lets others work: a millisecond."""

Place = tuple[str, Hashable]


class Entry(NamedTuple):
    """A value, when it was asked for, and until when it is fresh."""

    asked_at: datetime
    fresh_until: datetime
    value: Any


class Keeping(NamedTuple):
    """How entries of one kind are kept: packed and unpacked, counted by their parts, and for how long at least."""

    pack: Callable[[Entry], bytes]
    unpack: Callable[[bytes], Entry]
    parts: Callable[[Entry], int]
    kept_for: timedelta


class Memory:
    """By place, which is a kind and a key. What is not used for long is packed, and later dropped.

    At hand are at most `most_at_hand` values of together `most_parts` parts, about 100 MB; `most_bytes` bounds the
    packed ones, which come on top. What is no longer fresh and older than its kind is kept for is not given any more,
    and is gone with the next sweep.
    """

    def __init__(
        self, *, most_bytes: int, most_at_hand: int = MOST_AT_HAND, most_parts: int = MOST_PARTS_AT_HAND
    ) -> None:
        self._most_bytes = most_bytes
        self._most_at_hand = most_at_hand
        self._most_parts = most_parts
        self._at_hand: OrderedDict[Place, _AtHand] = OrderedDict()
        self._packed: OrderedDict[Place, _Packed] = OrderedDict()
        self._parts = 0
        self._packed_bytes = 0

    @property
    def packed_bytes(self) -> int:
        """What the packed values take."""
        return self._packed_bytes

    @property
    def parts_at_hand(self) -> int:
        """Of how many parts the values at hand are."""
        return self._parts

    def __len__(self) -> int:
        return len(self._at_hand) + len(self._packed)

    def get(self, place: Place, keeping: Keeping, now: datetime) -> Entry | None:
        """What is remembered there, unless its time is over."""
        kept = self._at_hand.get(place) or self._packed.get(place)
        if kept is None:
            return None
        if now > kept.kept_until:
            self._forget(place)
            return None
        if isinstance(kept, _AtHand):
            self._at_hand.move_to_end(place)
            return kept.entry
        entry = keeping.unpack(kept.value)
        self.put(place, entry, keeping)
        return entry

    def put(self, place: Place, entry: Entry, keeping: Keeping) -> None:
        """Remembers an entry, unless what is there was asked for later: answers may overtake each other."""
        kept = self._at_hand.get(place) or self._packed.get(place)
        if kept is not None:
            if kept.asked_at > entry.asked_at:
                return
            self._forget(place)
        kept_until = max(entry.asked_at + keeping.kept_for, entry.fresh_until)
        self._at_hand[place] = held = _AtHand(entry.asked_at, kept_until, entry, keeping, keeping.parts(entry))
        self._parts += held.parts
        while len(self._at_hand) > self._most_at_hand or self._parts > self._most_parts:
            self._pack_oldest()

    async def sweep(self, now: datetime) -> None:
        """Drops all whose time is over, some thousand places in each turn of the loop."""
        for count, place in enumerate([*self._at_hand, *self._packed], start=1):
            held = self._at_hand.get(place) or self._packed.get(place)
            if held is not None and now > held.kept_until:
                self._forget(place)
            if count % SWEPT_IN_A_TURN == 0:
                await asyncio.sleep(0)

    def _pack_oldest(self) -> None:
        place, held = self._at_hand.popitem(last=False)
        self._parts -= held.parts
        self._packed[place] = packed = _Packed(held.asked_at, held.kept_until, held.keeping.pack(held.entry))
        self._packed_bytes += len(packed.value)
        while self._packed_bytes > self._most_bytes:
            self._forget(next(iter(self._packed)))

    def _forget(self, place: Place) -> None:
        if (held := self._at_hand.pop(place, None)) is not None:
            self._parts -= held.parts
        if (packed := self._packed.pop(place, None)) is not None:
            self._packed_bytes -= len(packed.value)


class _AtHand(NamedTuple):
    asked_at: datetime
    kept_until: datetime
    entry: Entry
    keeping: Keeping
    parts: int


class _Packed(NamedTuple):
    asked_at: datetime
    kept_until: datetime
    value: bytes
