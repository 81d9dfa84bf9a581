"""One clock for several processes: a moment in a file, which whoever drives the test moves on."""

import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path


class SharedClock:
    """Shows the moment in the file, which is made where there is none."""

    def __init__(self, file: Path, start: datetime | None = None) -> None:
        if start is not None:
            file.write_bytes(struct.pack("d", start.timestamp()))
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), 8)

    def __call__(self) -> datetime:
        (seconds,) = struct.unpack("d", self._map[:8])
        return datetime.fromtimestamp(seconds, UTC)

    def advance(self, **duration: float) -> None:
        self._map[:8] = struct.pack("d", (self() + timedelta(**duration)).timestamp())
