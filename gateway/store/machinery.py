"""The tables that the gateway works with: signing keys, work to do, mails to send, and who does which duty."""

from typing import Final

from sqlalchemy import Index, Table

from gateway.store.columns import NOTHING, count, moment, text
from gateway.store.tables import LABEL_KEY, METADATA

_WORK: Final = "contents when the work is done; the row 24 h later"
_MAIL: Final = "24 h after sending"
_KEY: Final = "15 min after the key was replaced"
_DUTY: Final = "nothing to end"

SIGNING_KEYS: Final = Table(
    "signing_keys",
    METADATA,
    text("kid", primary_key=True, holds=NOTHING, until=_KEY),
    # 1 for the key that signs, null for all others: one key signs, whoever races to make it.
    count("active", nullable=True, unique=True, until=_KEY),
    text("public_key", holds=NOTHING, until=_KEY),
    text("sealed", holds=f"{NOTHING}; the private key, sealed", until=_KEY),
    moment("created_at", until=_KEY),
    moment("retired_at", nullable=True, until=_KEY),
)

WORK: Final = Table(
    "work",
    METADATA,
    text("id", primary_key=True, holds=NOTHING, until=_WORK),
    text("kind", holds="what was asked for", until=_WORK),
    text("label_key", holds=LABEL_KEY, until=_WORK),
    text("sealed", nullable=True, holds="label, names, birth date, e-mail, argon2id hash, sealed", until=_WORK),
    moment("created_at", holds="when it was asked for", until=_WORK),
    moment("available_at", until=_WORK),
    count("attempts", until=_WORK),
    moment("closed_at", nullable=True, until=_WORK),
    text("outcome", nullable=True, holds="whether somebody was told", until=_WORK),
    Index("ix_work_open", "closed_at", "available_at"),
)

OUTBOX: Final = Table(
    "outbox",
    METADATA,
    text("id", primary_key=True, holds=NOTHING, until=_MAIL),
    text("template", holds="what the mail is about", until=_MAIL),
    text("label_key", nullable=True, holds=LABEL_KEY, until=_MAIL),
    text("sealed", nullable=True, holds="e-mail address and contents of the mail, sealed", until=_MAIL),
    moment("created_at", holds="when the mail was written", until=_MAIL),
    moment("available_at", until=_MAIL),
    count("attempts", until=_MAIL),
    moment("sent_at", nullable=True, holds="when the mail was sent", until=_MAIL),
    moment("abandoned_at", nullable=True, until=_MAIL),
    Index("ix_outbox_label_key_template", "label_key", "template"),
    Index("ix_outbox_open", "sent_at", "available_at"),
)

DUTIES: Final = Table(
    "duties",
    METADATA,
    text("name", primary_key=True, holds=NOTHING, until=_DUTY),
    text("holder", holds=f"{NOTHING}; the node", until=_DUTY),
    moment("until", until=_DUTY),
)
