"""What the demo says at its end, and how it looks."""

import unittest
from typing import Any

from ..demo.reckoning import beside, within
from ..demo.screen import money, shown, table
from ..demo.traces import Entry, Saga

_TUTOR = "01a1fdf8-cf3d-7a65-8bfb-df7bfaa2a57c"


def _entry(transaction: str, kind: str, account: str, amount: int) -> Entry:
    return Entry(transaction, kind, "2027-01-31 10:00:00", account, "USD", amount)


def _ledger() -> list[Entry]:
    return [
        _entry("1", "charge", "stripe_balance", 5250),
        _entry("1", "charge", "escrow:p", -5250),
        _entry("2", "stripe_fee", "stripe_balance", -182),
        _entry("2", "stripe_fee", "stripe_fees", 182),
        _entry("3", "release", "escrow:p", 5250),
        _entry("3", "release", f"tutor:{_TUTOR}:payable", -4200),
        _entry("3", "release", "platform_revenue", -1050),
        _entry("4", "transfer", f"tutor:{_TUTOR}:connected", 4200),
        _entry("4", "transfer", "stripe_balance", -4200),
    ]


def _stripe() -> dict[str, Any]:
    totals = {"charged": 5250, "fees": 182, "refunded": 0, "reversed": 0, "transferred": 4200}
    account = {"metadata": {"tutor_id": _TUTOR}, "balances": {"usd": 4200}}
    return {"balances": {"usd": 868}, "totals": {"usd": totals}, "accounts": {"acct_1": account}}


class Reckoning(unittest.TestCase):
    def test_a_ledger_that_agrees_with_the_stand_in_has_no_difference(self) -> None:
        self.assertEqual(within(_ledger()), [])
        self.assertEqual(beside(_ledger(), _stripe()).differences, [])

    def test_an_altered_entry_is_named_by_its_transaction_and_by_what_it_changes(self) -> None:
        ledger = _ledger()
        ledger[0] = _entry("1", "charge", "stripe_balance", 5350)
        self.assertEqual(
            within(ledger), ["the ledger's transaction 1 sums to 1.00 USD", "all entries in USD sum to 1.00"]
        )
        self.assertEqual(
            beside(ledger, _stripe()).differences,
            [
                "charged USD: the ledger says 53.50, the stand-in 52.50",
                "balance USD: the ledger says 9.68, the stand-in 8.68",
            ],
        )

    def test_a_transaction_with_one_side_is_named(self) -> None:
        self.assertIn("the ledger's transaction 5 has one side only", within([_entry("5", "refund", "refunds", 1)]))

    def test_money_that_only_the_stand_in_knows_of_is_a_difference_also_in_another_currency(self) -> None:
        stripe = _stripe()
        stripe["balances"]["eur"] = 7
        self.assertIn("balance EUR: the ledger says 0.00, the stand-in 0.07", beside(_ledger(), stripe).differences)

    def test_money_with_the_wrong_tutor_is_a_difference_though_the_sum_is_right(self) -> None:
        stripe = _stripe()
        stripe["accounts"]["acct_1"]["metadata"] = {"tutor_id": "another"}
        self.assertEqual(len(beside(_ledger(), stripe).differences), 2)


class Sagas(unittest.TestCase):
    def test_a_way_is_passed_in_its_order_and_perhaps_with_others_between(self) -> None:
        saga = Saga("RUNNING", [("HoldSlot", 0), ("IsSlotHeld", 0.1), ("CreatePayment", 0.2)])
        self.assertTrue(saga.has_passed(("HoldSlot", "CreatePayment")))
        self.assertFalse(saga.has_passed(("CreatePayment", "HoldSlot")))


class Look(unittest.TestCase):
    def test_money_has_two_decimals_and_a_sign(self) -> None:
        self.assertEqual([money(5), money(-182), money(0)], ["0.05", "-1.82", "0.00"])

    def test_fields_are_found_by_their_path_and_missing_ones_left_out(self) -> None:
        data = {"cancellation": {"refund": {"amount": 5250, "currency": "USD"}}, "items": [{}, {}]}
        text = shown(data, ("cancellation.refund", "items", "status")).replace("\u00a0", " ")
        self.assertEqual(text, "refund: 52.50 USD, items: 2 of them")

    def test_a_table_has_its_sum_below_a_line(self) -> None:
        lines = table(["USD", "sum"], [["charge", "1.00"], ["balance", "1.00"]], last_is_sum=True)
        self.assertEqual(lines, ["USD        sum", "charge    1.00", "--------------", "balance   1.00"])
