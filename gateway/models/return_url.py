"""Where the payment page may send a browser back to: addresses on a list, compared part by part."""

import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 255

# One reading of an address, narrower than any browser's: no user, no fragment, no `\`, no encoded path, no IPv6. And no
# `+` anywhere: it joins the values that the payment page's signature covers (docs/decisions/0030).
_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/[A-Za-z0-9._~-]*)*)(?:\?(?P<query>[A-Za-z0-9._~/:=&%-]*))?"
)
_PORTS: Final = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class ReturnPlace:
    """An allowed address: with a path that ends with `/` everything below it too, else that very path."""

    origin: str
    path: str

    @classmethod
    def parse(cls, text: str) -> "ReturnPlace":
        """An entry of the list; ValueError where it is no plain address without query."""
        found = _ADDRESS.fullmatch(text)
        if found is None or found["query"] is not None or not _is_plain(_path(found)):
            raise ValueError("must be addresses that begin with https:// or http:// and end with their path")
        return cls(_origin(found), _path(found))

    def admits(self, url: str) -> bool:
        """Whether a browser may be sent there."""
        found = _ADDRESS.fullmatch(url) if len(url) <= LONGEST else None
        if found is None or _origin(found) != self.origin:
            return False
        path = _path(found)
        below = self.path.endswith("/") and path.startswith(self.path)
        return _is_plain(path) and (path == self.path or below)


def parse_return_places(text: str) -> tuple[ReturnPlace, ...]:
    """A list separated by commas. Raises ValueError."""
    return tuple(ReturnPlace.parse(entry.strip()) for entry in text.split(",") if entry.strip())


def _origin(found: re.Match[str]) -> str:
    port = found["port"] or _PORTS[found["scheme"]]
    return f"{found['scheme']}://{found['host'].lower()}:{int(port)}"


def _path(found: re.Match[str]) -> str:
    return found["path"] or "/"


def _is_plain(path: str) -> bool:
    """No empty part in the middle, and none that a browser takes for a way up."""
    parts = path.split("/")[1:]
    return "" not in parts[:-1] and not {".", ".."} & set(parts)
