"""The gateway's own data: accounts, lockout, passwords, sessions, mails and requests for assistance."""

from gateway.accounts.opening import create_account_without_mail, open_accounts
from gateway.accounts.service import Accounts
from gateway.store import migrate_database

__all__ = ["Accounts", "create_account_without_mail", "migrate_database", "open_accounts"]
