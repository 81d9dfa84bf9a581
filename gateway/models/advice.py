"""Advice articles (conseils) for living in a dwelling."""

from dataclasses import dataclass
from enum import Enum

from gateway.models.node import node_id


class AdviceTopic(Enum):
    """What an article is about, in the order in which topics are shown."""

    WATER_LEAKS = "WATER_LEAKS"
    DRAINS = "DRAINS"
    AIR = "AIR"
    CHILD_SAFETY = "CHILD_SAFETY"
    ENERGY = "ENERGY"
    OUTDOORS = "OUTDOORS"
    SAFETY = "SAFETY"


@dataclass(frozen=True, slots=True)
class Advice:
    """One article; `title` and `summary` are plain text, `html` is safe to show as it is."""

    slug: str
    topic: AdviceTopic
    title: str
    summary: str
    html: str

    @property
    def id(self) -> str:
        """Unique across the graph."""
        return node_id("Advice", self.slug)
