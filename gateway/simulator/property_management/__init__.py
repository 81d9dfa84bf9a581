"""The simulated SOAP system « GestionLocative »."""
