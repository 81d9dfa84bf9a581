"""Which operations of a legacy system may find out whether it is back: while it answers nothing, one of them at a time.

One that fails alone finds out for itself, at the pace of its breaker. Where several fail, or one hangs, and nothing is
answered, one probe goes out in seven seconds: a system that hangs gets next to nothing, and is used again within ten
seconds of its recovery. Any answer ends that for all of them: each may find out at once, so that one that is sick for
ever keeps no other waiting.
"""

from datetime import datetime, timedelta
from typing import Final

from gateway.clock import Clock

PROBED_EVERY: Final = timedelta(seconds=7)
SAME_AGAIN_AFTER: Final = timedelta(seconds=8)
"""The operation that probed last lets others go first: it may be the one that is sick."""


class Probing:
    """What the operations of one system owe to each other. A probe that is given up has had its turn like others.

    `answers` counts what the system has answered; since then the `silent` operations were left alone, and with `hangs`
    a call has been out for long.
    """

    def __init__(self, clock: Clock) -> None:
        self.answers = 0
        self.silent: set[str] = set()
        self.hangs = False
        self._clock = clock
        self._last: tuple[str, datetime] | None = None

    def answered(self) -> None:
        """The system has answered something."""
        self.answers += 1
        self.silent.clear()
        self.hangs = False

    def may_probe(self, operation: str) -> bool:
        """Whether a probe of that operation may go out now."""
        fails_alone = len(self.silent) == 1 and not self.hangs
        if self._last is None or operation not in self.silent or fails_alone:
            return True
        last, sent_at = self._last
        return self._clock() >= sent_at + (SAME_AGAIN_AFTER if operation == last else PROBED_EVERY)

    def probed(self, operation: str) -> None:
        """A probe of that operation goes out."""
        self._last = (operation, self._clock())
