"""What each command of `tenant-gateway` does: one module a command, with a `run`; loaded only where it is asked for."""


class CommandError(Exception):
    """A command cannot go on; its text is one plain line."""
