"""Seeded randomness: the same path gives the same throws, whatever was thrown elsewhere."""

import random


def dice(*path: object) -> random.Random:
    """A generator of its own for one seed, tenant and noun."""
    return random.Random("/".join(map(str, path)))  # noqa: S311 -- invented data, nothing secret
