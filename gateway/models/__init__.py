"""What the business talks about: frozen dataclasses and Structs, no I/O, no GraphQL, no legacy names."""
