"""A mail, ready to be handed to a mail server."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Mail:
    """`id` makes the Message-ID, so that a mail sent twice can be told to be the same."""

    id: str
    sender: str
    recipient: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    language: str
