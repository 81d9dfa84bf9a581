"""What nodes and workers share: exactly, through the database; and what may be lost, through Valkey."""
