"""How many secret-checking calls one source address may make: a budget that grows back steadily."""

import ipaddress
import math
from collections import OrderedDict
from typing import Final

from gateway.sharing.valkey import Valkey

MOST_ADDRESSES: Final = 50_000

# Arguments: now, milliseconds a call, calls. Answers the seconds to wait, 0 where the call is granted.
_SPEND: Final = """
local now, ms_per_call, calls = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local whole_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + ms_per_call
local over_ms = whole_at - now - calls * ms_per_call
if over_ms > 0.01 then
  return math.max(1, math.ceil(over_ms / 1000))
end
redis.call('SET', KEYS[1], string.format('%.3f', whole_at), 'PX', math.ceil(whole_at - now))
return 0
"""


class AddressBudgets:
    """Counts calls by address (IPv6 by /64). A success gives nothing back.

    Where there is a Valkey all processes count together in it; each counts for itself too, for the time it is away.
    """

    def __init__(self, *, calls: int, window_ms: int, valkey: Valkey | None = None) -> None:
        self._calls = calls
        self._ms_per_call = window_ms / calls
        self._valkey = valkey
        # By address: the moment at which its budget will be whole again.
        self._whole_at: OrderedDict[str, float] = OrderedDict()

    async def spend(self, address: str | None, now: int) -> int | None:
        """Takes one call from the address's budget; the seconds to wait where there is none, else None."""
        network = network_of(address)
        whole_at = max(self._whole_at.get(network, 0.0), now) + self._ms_per_call
        over_ms = whole_at - now - self._calls * self._ms_per_call
        if over_ms > 0.01:  # what it has spent here alone is too much
            return max(1, math.ceil(over_ms / 1_000))
        self._note(network, whole_at)
        seconds = await self._spend_together(network, now)
        if seconds:
            self._give_back(network)
            return seconds
        return None

    async def _spend_together(self, network: str, now: int) -> int:
        if self._valkey is None:
            return 0
        return await self._valkey.run(_SPEND, f"address:{network}", now, self._ms_per_call, self._calls) or 0

    def _note(self, network: str, whole_at: float) -> None:
        self._whole_at[network] = whole_at
        self._whole_at.move_to_end(network)
        while len(self._whole_at) > MOST_ADDRESSES:
            self._whole_at.popitem(last=False)

    def _give_back(self, network: str) -> None:
        if network in self._whole_at:
            self._whole_at[network] -= self._ms_per_call


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
