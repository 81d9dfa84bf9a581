"""How many secret-checking calls one source address may make: a budget that grows back steadily."""

import ipaddress
import math
from collections import OrderedDict
from typing import Final

MOST_ADDRESSES: Final = 50_000


class AddressBudgets:
    """Counts calls by address (IPv6 by /64), in this process. A success gives nothing back."""

    def __init__(self, *, calls: int, window_ms: int) -> None:
        self._calls = calls
        self._ms_per_call = window_ms / calls
        # By address: the moment at which its budget will be whole again.
        self._whole_at: OrderedDict[str, float] = OrderedDict()

    def spend(self, address: str | None, now: int) -> int | None:
        """Takes one call from the address's budget; the seconds to wait where there is none, else None."""
        key = network_of(address)
        whole_at = max(self._whole_at.get(key, 0.0), now) + self._ms_per_call
        over_ms = whole_at - now - self._calls * self._ms_per_call
        if over_ms > 1e-6:
            return max(1, math.ceil(over_ms / 1_000))
        self._whole_at[key] = whole_at
        self._whole_at.move_to_end(key)
        while len(self._whole_at) > MOST_ADDRESSES:
            self._whole_at.popitem(last=False)
        return None


def network_of(address: str | None) -> str:
    """What shares a budget: an IPv4 address, an IPv6 /64; everything unreadable is one."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed), 64), strict=False))
    return str(parsed)
