"""Accounts, on SQLite and on PostgreSQL."""
