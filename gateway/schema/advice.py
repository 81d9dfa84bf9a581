"""Advice articles."""

from gateway.models import advice
from gateway.schema.common import Node
from gateway.schema.fields import described, plain, shows

described(
    advice.AdviceTopic,
    "What an article is about.",
    WATER_LEAKS="Water leaks.",
    DRAINS="Sinks and drains.",
    AIR="Fresh air and damp.",
    CHILD_SAFETY="Children's safety.",
    ENERGY="Heating and electricity.",
    OUTDOORS="Balcony and garden.",
    SAFETY="Fire, gas and carbon monoxide.",
)


@shows(advice.Advice, "An article with advice for everyday life in the dwelling, in French.")
class Advice(Node):
    """An article."""

    topic: advice.AdviceTopic = plain("What it is about.")
    title: str = plain("Title, plain text.")
    summary: str = plain("One or two sentences, plain text.")
    html: str = plain("The article as HTML that is safe to show; headings begin at h2.")
