"""What the business talks about: frozen dataclasses, no I/O, no GraphQL, no legacy names."""
