"""The process's memory of values: lately used ones at hand, others packed, all bounded by count and bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Any, Final, NamedTuple

MOST_AT_HAND: Final = 8_192

Place = tuple[str, Hashable]


class Entry(NamedTuple):
    """A value, when it was asked for, and until when it is fresh."""

    asked_at: datetime
    fresh_until: datetime
    value: Any


class Memory:
    """By place, which is a kind and a key. What is not used for long is packed, and later dropped."""

    def __init__(self, *, most_bytes: int, most_at_hand: int = MOST_AT_HAND) -> None:
        self._most_bytes = most_bytes
        self._most_at_hand = most_at_hand
        self._at_hand: OrderedDict[Place, tuple[Entry, Callable[[Entry], bytes]]] = OrderedDict()
        self._packed: OrderedDict[Place, bytes] = OrderedDict()
        self._packed_bytes = 0

    @property
    def packed_bytes(self) -> int:
        """What the packed values take."""
        return self._packed_bytes

    def __len__(self) -> int:
        return len(self._at_hand) + len(self._packed)

    def get(self, place: Place, unpack: Callable[[bytes], Entry], pack: Callable[[Entry], bytes]) -> Entry | None:
        """What is remembered there."""
        found = self._at_hand.get(place)
        if found is not None:
            self._at_hand.move_to_end(place)
            return found[0]
        if (packed := self._take_packed(place)) is None:
            return None
        entry = unpack(packed)
        self.put(place, entry, pack)
        return entry

    def put(self, place: Place, entry: Entry, pack: Callable[[Entry], bytes]) -> None:
        """Remembers an entry, instead of what was there."""
        self._take_packed(place)
        self._at_hand[place] = entry, pack
        self._at_hand.move_to_end(place)
        while len(self._at_hand) > self._most_at_hand:
            oldest, (dropped, pack_it) = self._at_hand.popitem(last=False)
            self._put_packed(oldest, pack_it(dropped))

    def _put_packed(self, place: Place, packed: bytes) -> None:
        self._packed[place] = packed
        self._packed_bytes += len(packed)
        while self._packed_bytes > self._most_bytes:
            _, dropped = self._packed.popitem(last=False)
            self._packed_bytes -= len(dropped)

    def _take_packed(self, place: Place) -> bytes | None:
        if (packed := self._packed.pop(place, None)) is not None:
            self._packed_bytes -= len(packed)
        return packed
