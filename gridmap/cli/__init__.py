"""Commands for the shell; they show the change and write only with --commit."""


def main() -> None:
    """Run the command line."""
