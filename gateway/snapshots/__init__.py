"""What the gateway remembers of the legacy systems: one call for many requests, fresh values, last known values."""

from gateway.snapshots.memory import Memory
from gateway.snapshots.shelf import Shelf
from gateway.snapshots.store import Snapshots

__all__ = ["Memory", "Shelf", "Snapshots"]
