"""How much one document may ask: tokens, depth, aliases, root fields, directives, and what its fields cost.

All of it but the sizes that variables give is worked out once per document, before validation, in a walk that is linear
in what the document says; the rest is a sum per request. Knows graphql-core, and nothing of tenants.
"""

from gateway.limits.cost import Cost, FieldCost, FieldCosts, ListSize, Price
from gateway.limits.exceeded import LimitExceeded, Limits
from gateway.limits.facts import DocumentFacts, inspect, parse

__all__ = [
    "Cost",
    "DocumentFacts",
    "FieldCost",
    "FieldCosts",
    "LimitExceeded",
    "Limits",
    "ListSize",
    "Price",
    "inspect",
    "parse",
]
