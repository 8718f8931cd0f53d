"""At the end: is everything given back, and does the ledger say what Stripe holds?"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from ..problem import Problem
from ..settings import STAGE
from . import traces
from .scene import PATIENCE, Scene
from .screen import money
from .traces import Entry
from .world import until

# What the stand-in counts, and of which transactions the ledger's entries on `stripe_balance` say the same. The
# second number turns the sign: what leaves the balance is counted as positive there.
_TOTALS = {
    "charged": ("charge", 1),
    "fees": ("stripe_fee", -1),
    "refunded": ("refund_settled", -1),
    "transferred": ("transfer", -1),
    "reversed": ("reversal", 1),
}


@dataclass
class Comparison:
    """Ours beside Stripe's, and where they differ."""

    rows: list[tuple[str, int, int]] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def add(self, what: str, ours: int, theirs: int) -> None:
        """One pair of numbers."""
        self.rows.append((what, ours, theirs))
        if ours != theirs:
            self.differences.append(f"{what}: the ledger says {money(ours)}, the stand-in {money(theirs)}")


def within(entries: list[Entry]) -> list[str]:
    """What is wrong in the ledger by itself: each transaction, and all of them, sum to zero in each currency."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    sides: dict[str, int] = defaultdict(int)
    totals: dict[str, int] = defaultdict(int)
    for entry in entries:
        sums[entry.transaction, entry.currency] += entry.amount
        sides[entry.transaction] += 1
        totals[entry.currency] += entry.amount
    wrong = [
        f"the ledger's transaction {transaction or '(missing)'} sums to {money(total)} {currency}"
        for (transaction, currency), total in sums.items()
        if total
    ]
    wrong += [f"the ledger's transaction {transaction} has one side only" for transaction, count in sides.items() if count < 2]
    wrong += [f"all entries in {currency} sum to {money(total)}" for currency, total in totals.items() if total]
    return wrong


def beside(entries: list[Entry], stripe: dict[str, Any]) -> Comparison:
    """The ledger, recomputed from its entries, beside the stand-in's own books."""
    compared = Comparison()
    balances: dict[str, int] = defaultdict(int)
    moved: dict[tuple[str, str], int] = defaultdict(int)
    sent: dict[tuple[str, str], int] = defaultdict(int)
    for entry in entries:
        if entry.group == "stripe_balance":
            balances[entry.currency] += entry.amount
            moved[entry.kind, entry.currency] += entry.amount
        elif entry.account.endswith((":connected", ":in_transit")):
            sent[entry.account.split(":")[1], entry.currency] += entry.amount
    theirs = {currency.upper(): amount for currency, amount in stripe["balances"].items()}
    for currency in sorted(balances.keys() | theirs.keys()):
        for name, (kind, sign) in _TOTALS.items():
            total = stripe["totals"].get(currency.lower(), {}).get(name, 0)
            compared.add(f"{name} {currency}", sign * moved[kind, currency], total)
        compared.add(f"balance {currency}", balances[currency], theirs.get(currency, 0))
    _compare_tutors(compared, sent, stripe)
    return compared


def _compare_tutors(compared: Comparison, sent: dict[tuple[str, str], int], stripe: dict[str, Any]) -> None:
    held: dict[tuple[str, str], int] = defaultdict(int)
    for account in stripe["accounts"].values():
        for currency, amount in account["balances"].items():
            held[account["metadata"].get("tutor_id", ""), currency.upper()] += amount
    pairs = sent.keys() | held.keys()
    compared.add("tutors' accounts", sum(sent.values()), sum(held.values()))
    for tutor, currency in sorted(pairs):
        ours, theirs = sent.get((tutor, currency), 0), held.get((tutor, currency), 0)
        if ours != theirs:
            name = f"the account of tutor {tutor or '(unknown)'} in {currency}"
            compared.differences.append(f"{name}: the ledger says {money(ours)}, the stand-in {money(theirs)}")


def reckon(scene: Scene) -> list[str]:
    """Everything that is off. Each question is asked, also when the one before it went wrong."""
    wrong: list[str] = []
    for question in (_verify, _recompute, _nothing_held, _nothing_runs, _nothing_waits):
        try:
            wrong += question(scene)
        except Problem as problem:
            wrong.append(str(problem))
    return wrong


def _settled(look: Any) -> list[str]:
    """What is still wrong after a while: while others use the platform, Stripe is ahead of the ledger for moments."""
    last: list[str] = []

    def is_good() -> bool:
        last[:] = look()
        return not last

    try:
        until(is_good, "the books agree", PATIENCE)
    except Problem:
        if not last:
            raise
    return last


def _verify(scene: Scene) -> list[str]:
    scene.screen.told("The function verify-ledger compares ledger, payments and Stripe.")
    answer: dict[str, Any] = {}

    def look() -> list[str]:
        answer.update(scene.world.aws.invoke(f"lectern-{STAGE}-verify-ledger", {}))
        return [] if answer["ok"] else [f"verify-ledger: {each}" for each in answer["differences"]]

    wrong = _settled(look)
    said = f"ok: {answer['ok']}, differences: {len(answer['differences'])}, accounts not empty: {len(answer['accounts'])}"
    scene.screen.labelled("invoke", [f"verify-ledger  {said}"])
    return wrong


def _recompute(scene: Scene) -> list[str]:
    scene.screen.told("The demo itself adds up every entry ever made, and puts it beside the stand-in's books.")
    seen: dict[str, Any] = {}

    def look() -> list[str]:
        answer = scene.world.call_stripe("GET", "/_stand_in/state", key=False)
        seen["entries"] = traces.all_entries(scene.world)
        seen["compared"] = beside(seen["entries"], answer.data)
        return within(seen["entries"]) + seen["compared"].differences

    wrong = _settled(look)
    entries: list[Entry] = seen["entries"]
    scene.screen.labelled("", [f"{len({each.transaction for each in entries})} transactions, {len(entries)} entries"], "dim")
    rows = [[what, money(ours), money(theirs), money(ours - theirs)] for what, ours, theirs in seen["compared"].rows]
    scene.screen.table("compared", ["", "ledger", "stand-in", "difference"], rows)
    return wrong


def _nothing_held(scene: Scene) -> list[str]:
    scene.screen.told("No slot is held, and no saga runs.")
    rows = {row["id"]: row for row in scene.world.rows("booking", "SELECT id, status, hold_expires_at FROM lessons")}
    mine = [rows.get(lesson.id) for lesson in scene.lessons]
    wrong = ["a lesson of the demo is not in the database" for row in mine if row is None]
    statuses = [str(row["status"]) for row in mine if row]
    wrong += [
        f"the lesson {row['id']} still holds its slot: it is {row['status']}"
        for row in mine
        if row and row["status"] in ("pending_payment", "scheduled", "in_progress")
    ]
    overdue = "SELECT id FROM lessons WHERE status = 'pending_payment' AND hold_expires_at < now() - interval '1 minute'"
    mine_too = {lesson.id for lesson in scene.lessons}
    wrong += [
        f"the lesson {row['id']} of somebody else holds its slot though the hold is over"
        for row in scene.world.rows("booking", overdue)
        if row["id"] not in mine_too
    ]
    counted = ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses))
    scene.screen.labelled("lessons", [counted or "none"])
    return wrong


def _nothing_runs(scene: Scene) -> list[str]:
    mine = {lesson.id for lesson in scene.lessons}
    wrong: list[str] = []
    ended = elsewhere = 0
    for row in scene.world.rows("booking", "SELECT lesson_id, status, parked_because FROM lesson_sagas ORDER BY 1"):
        lesson, status = str(row["lesson_id"]), row["status"]
        if status == "parked":
            wrong.append(f"the saga of lesson {lesson} is parked and waits for a person: {row['parked_because']}")
        elif lesson in mine and status != "closed":
            wrong.append(f"the saga of lesson {lesson} is {status}")
        elif lesson not in mine:
            elsewhere += status != "closed"
        else:
            found = traces.saga(scene.world, lesson)
            ended += 1
            if found is None or found.status != "SUCCEEDED":
                wrong.append(f"the execution of lesson {lesson} is {found.status if found else 'gone'}")
    others = f"; {elsewhere} of other people's lessons run, as they may" if elsewhere else ""
    scene.screen.labelled("sagas", [f"{ended} of {len(mine)} closed{others}"])
    return wrong


def _nothing_waits(scene: Scene) -> list[str]:
    answers: list[Any] = []

    def look() -> list[str]:
        answers[:] = [scene.world.call("GET", "/health")]
        contexts = answers[0].data.get("contexts", [])
        wrong = [f"{it['outboxWaiting']} events wait in the outbox of {it['context']}" for it in contexts if it.get("outboxWaiting")]
        return wrong if answers[0].status == 200 else [*wrong, f"GET /health answered {answers[0].status}: {answers[0].body}"]

    wrong = _settled(look)
    scene.answered("api", "GET /health", answers[0], ("status", "contexts"), answers[0].status)
    return wrong
