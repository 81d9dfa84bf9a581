"""Refresh tokens: a session's id and counter under a signature, so that none of them has to be kept."""

from gateway.accounts.tools import Tools

_PURPOSE = "refresh-token"


def sign_refresh_token(tools: Tools, session_id: str, counter: int) -> str:
    """The refresh token of a session at that count."""
    content = f"{session_id}.{counter}"
    return f"{content}.{tools.secrets.signature(_PURPOSE, content)}"


def read_refresh_token(tools: Tools, token: str) -> tuple[str, int] | None:
    """The session and count that a token stands for; None for what was not signed here."""
    content, _, signature = token.rpartition(".")
    if not tools.secrets.proves(_PURPOSE, content, signature):
        return None
    session_id, _, counter = content.rpartition(".")  # what was signed here is well-formed
    return session_id, int(counter)
