"""The tables about people: accounts, their gate, sessions and links, requests for assistance, the security log.

Labels are kept as keyed digests only; what must be read again (addresses, names, lease) is sealed with a key that is
not in the database.
"""

from typing import Final

from sqlalchemy import ForeignKey, Index, MetaData, Table

from gateway.store.columns import NOTHING, count, moment, text

METADATA: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

LABEL_KEY: Final = "pseudonym: keyed digest of the account label"
_ACCOUNT: Final = "deletion of the account: unused for 2 years, on request, or another lease holder"
_GATE: Final = "the row means the same as no row"
_SESSION: Final = "72 h after the session's end"
_LINK: Final = "24 h after the link's expiry"
_REQUEST: Final = "contents when the request is closed; reference, kind and dates 12 months"
_LOG: Final = "12 months"

ACCOUNTS: Final = Table(
    "accounts",
    METADATA,
    text("id", primary_key=True, holds="pseudonym of the account", until=_ACCOUNT),
    text("label_key", holds=LABEL_KEY, until=_ACCOUNT),
    text("sealed", holds="lease reference, account number, e-mail address and language, sealed", until=_ACCOUNT),
    text("password_hash", holds="argon2id hash of the password", until=_ACCOUNT),
    text("name_hashes", holds="keyed digests of the words of the holder's name", until=_ACCOUNT),
    text("holder_hashes", holds="keyed digests by which another lease holder is noticed", until=_ACCOUNT),
    # Counted up where the password changes: device cookies of an earlier count are worth nothing.
    count("device_epoch", until=_ACCOUNT),
    moment("created_at", holds="when the account was created", until=_ACCOUNT),
    moment("password_changed_at", holds="when the password was last chosen", until=_ACCOUNT),
    moment("last_sign_in_at", nullable=True, holds="when the tenant last signed in", until=_ACCOUNT),
    moment("recheck_at", until=_ACCOUNT),
    moment("closed_at", nullable=True, holds="when the account was closed", until=_ACCOUNT),
)
# One open account a label; closed ones stay until the purge.
OPEN_ACCOUNTS: Final = Index(
    "uq_accounts_open_label_key",
    ACCOUNTS.c.label_key,
    unique=True,
    sqlite_where=ACCOUNTS.c.closed_at.is_(None),
    postgresql_where=ACCOUNTS.c.closed_at.is_(None),
)
Index("ix_accounts_label_key", ACCOUNTS.c.label_key)
Index("ix_accounts_recheck_at", ACCOUNTS.c.recheck_at)

GATE: Final = Table(
    "gate",
    METADATA,
    text("key", primary_key=True, holds="pseudonym: keyed digest of the label, or of label and device", until=_GATE),
    text("label_key", index=True, holds=LABEL_KEY, until=_GATE),
    moment("generation", until=_GATE),
    count("password_tries", holds="failed sign-ins of the label", until=_GATE),
    count("creation_tries", holds="failed creations of the label", until=_GATE),
    count("failures_in_row", holds="failed sign-ins of the label", until=_GATE),
    moment("held_until", until=_GATE),
    moment("blocked_until", until=_GATE),
    moment("last_try_at", holds="when somebody last tried the label", until=_GATE),
    moment("private_hold_at", holds="when the label was first blocked", until=_GATE),
    text("recent_tries", holds="moments of the last 24 password tries, newest first", until=_GATE),
)

SESSIONS: Final = Table(
    "sessions",
    METADATA,
    text("id", primary_key=True, holds="pseudonym of the session", until=_SESSION),
    text(
        "account_id",
        ForeignKey("accounts.id", ondelete="CASCADE"),
        index=True,
        holds="pseudonym of the account",
        until=_SESSION,
    ),
    text("client", holds="whether browser or app", until=_SESSION),
    text("cookie_hash", unique=True, nullable=True, holds="SHA-256 of the cookie", until=_SESSION),
    count("counter", until=_SESSION),
    moment("rotated_at", until=_SESSION),
    moment("created_at", holds="when the tenant signed in", until=_SESSION),
    moment("last_used_at", holds="when the session was last used", until=_SESSION),
    count("renewal_only", until=_SESSION),
    text("user_agent", nullable=True, holds="what the browser or app calls itself", until=_SESSION),
    moment("ended_at", nullable=True, holds="when the session ended", until=_SESSION),
)

LINKS: Final = Table(
    "links",
    METADATA,
    text("id", primary_key=True, holds=NOTHING, until=_LINK),
    text("kind", holds="what the link is for", until=_LINK),
    text("label_key", holds=LABEL_KEY, until=_LINK),
    text("token_hash", unique=True, holds="SHA-256 of the link's token", until=_LINK),
    text("sealed", holds="label, lease, names, e-mail address and argon2id hash, sealed", until=_LINK),
    moment("created_at", holds="when the link was sent", until=_LINK),
    moment("expires_at", until=_LINK),
    count("tries", holds="wrong passwords given with the link", until=_LINK),
    moment("used_at", nullable=True, holds="when the link was used", until=_LINK),
    moment("superseded_at", nullable=True, until=_LINK),
    Index("ix_links_label_key_kind", "label_key", "kind"),
)

ASSISTANCE: Final = Table(
    "assistance_requests",
    METADATA,
    text("reference", primary_key=True, holds=NOTHING, until=_REQUEST),
    text("state", holds=NOTHING, until=_REQUEST),
    text("label_key", index=True, holds=LABEL_KEY, until=_REQUEST),
    text("sealed", nullable=True, holds="label, names, birth date, contacts and message, sealed", until=_REQUEST),
    moment("created_at", holds="when the form was sent", until=_REQUEST),
    moment("closed_at", nullable=True, holds="when staff closed it", until=_REQUEST),
    text("closed_by", nullable=True, holds="the operator who closed it", until=_REQUEST),
)

EVENTS: Final = Table(
    "security_events",
    METADATA,
    text("id", primary_key=True, holds=NOTHING, until=_LOG),
    moment("at", index=True, holds="when it happened", until=_LOG),
    text("kind", holds="what happened to the account", until=_LOG),
    text("label_key", nullable=True, index=True, holds=LABEL_KEY, until=_LOG),
    text("account_id", nullable=True, holds="pseudonym of the account", until=_LOG),
    text("session_id", nullable=True, holds="pseudonym of the session", until=_LOG),
    text("address", nullable=True, holds="source address", until="shortened after 6 months, gone after 12"),
)
