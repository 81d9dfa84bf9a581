"""The simulated REST system « Facturation »."""
