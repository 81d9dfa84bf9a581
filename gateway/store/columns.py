"""Columns that say what personal data they hold and which rule ends it."""

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, Text

NOTHING = "no personal data"


def text(name: str, *arguments: Any, holds: str, until: str, nullable: bool = False, **options: Any) -> Column[str]:
    """A column of text."""
    return Column(name, Text, *arguments, nullable=nullable, info={"holds": holds, "until": until}, **options)


def moment(name: str, *, holds: str = NOTHING, until: str, nullable: bool = False, **options: Any) -> Column[int]:
    """A moment in milliseconds since 1970, by the injected clock."""
    return Column(name, BigInteger, nullable=nullable, info={"holds": holds, "until": until}, **options)


def count(name: str, *, holds: str = NOTHING, until: str, nullable: bool = False, **options: Any) -> Column[int]:
    """A small whole number."""
    return Column(name, Integer, nullable=nullable, info={"holds": holds, "until": until}, **options)
