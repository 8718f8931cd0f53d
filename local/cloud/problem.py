"""What stops a command, in words for its user."""


class Problem(Exception):
    """A mistake or a missing thing that the user can put right."""


def say(text: str) -> None:
    """One line of progress, at once."""
    print(text, flush=True)
