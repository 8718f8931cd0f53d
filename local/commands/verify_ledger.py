"""`python3 -m local verify-ledger`."""

import argparse

from ..aws import Aws
from ..settings import STAGE, development
from ..steps import say


def command(_: argparse.Namespace) -> int:
    """Has the running platform's ledger recomputed, and prints each difference. 1 if there is one."""
    answer = Aws(development()).invoke(f"lectern-{STAGE}-verify-ledger", {})
    for account in answer["accounts"]:
        say(f"{account['balance']:>14} {account['currency']}  {account['account']}")
    for difference in answer["differences"]:
        say(f"DIFFERS  {difference}")
    say("The ledger, the payments and Stripe agree." if answer["ok"] else "They don't agree.")
    return 0 if answer["ok"] else 1
