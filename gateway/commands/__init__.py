"""What each command of `tenant-gateway` does."""

from gateway.commands.check import run_check
from gateway.commands.demo import run_demo
from gateway.commands.listening import CommandError
from gateway.commands.schema import run_migrate, run_schema
from gateway.commands.serve import run_serve
from gateway.commands.simulate import run_simulate

__all__ = ["CommandError", "run_check", "run_demo", "run_migrate", "run_schema", "run_serve", "run_simulate"]
