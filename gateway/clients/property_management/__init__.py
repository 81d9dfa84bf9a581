"""The property-management system « GestionLocative »: SOAP 1.1, contract in docs/legacy/."""

from gateway.clients.property_management.client import PropertyManagement

__all__ = ["PropertyManagement"]
