"""Cognito: the triggers that MiniStack never calls, the mails that they may write, and rules that it does not keep."""

from . import attributes, messages, names, recovery, sign_in, sign_up, tokens, triggers


def apply() -> None:
    """Puts the patches on; the triggers last, because they go around everything else."""
    names.apply()
    attributes.apply()
    sign_up.apply()
    sign_in.apply()
    messages.apply()
    recovery.apply()
    tokens.apply()
    triggers.apply()
