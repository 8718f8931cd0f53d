"""The one exception that is shown to people as a sentence and not as a stack trace."""


class Problem(Exception):
    """What went wrong, and what to do about it."""
