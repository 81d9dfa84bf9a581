"""Rent paid on line."""
