"""What the platform left behind of what happened: events, the state machine's way, entries of the ledger."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..settings import STAGE
from .world import World

_EVENT_STORE = f"lectern-{STAGE}-event-store"
# What each event of an aggregate repeats, or what people read elsewhere.
_SELF_EVIDENT = ("subject", "start", "end", "status")

ACCOUNTS = {
    "stripe_balance": "stripe",
    "escrow": "escrow",
    "tutor": "tutor",
    "platform_revenue": "revenue",
    "refunds": "refunds",
    "stripe_fees": "fees",
    "disputes": "disputes",
}


@dataclass(frozen=True)
class Event:
    """One of the event store."""

    id: str
    kind: str
    occurred_at: str
    aggregate: str
    sequence: int
    actor: str
    data: dict[str, Any]

    @property
    def time(self) -> str:
        """Of the day, to the millisecond."""
        return self.occurred_at[11:23]

    def interesting(self) -> dict[str, Any]:
        """What its data say beyond who and when."""
        return {
            name: value
            for name, value in self.data.items()
            if not name.endswith("Id") and name not in _SELF_EVIDENT and value is not None
        }


def events(world: World, kind: str, identifier: str) -> list[Event]:
    """Every event of an aggregate, in order."""
    return [_event(item) for item in world.aws.items(_EVENT_STORE, f"{kind}#{identifier}")]


def _event(item: dict[str, str]) -> Event:
    envelope = json.loads(item["envelope"])
    aggregate = envelope["aggregate"]
    return Event(
        id=envelope["id"],
        kind=envelope["type"],
        # Of a fixed width here, and not in the envelope.
        occurred_at=item["occurredAtId"].partition("#")[0],
        aggregate=aggregate["type"],
        sequence=int(aggregate["sequence"]),
        actor=envelope["actor"],
        data=envelope["data"],
    )


@dataclass(frozen=True)
class Saga:
    """An execution of the state machine: the states that it entered, each with the seconds since its beginning."""

    status: str
    states: list[tuple[str, float]] = field(default_factory=list)
    seconds: float = 0
    because: str = ""

    def names(self) -> list[str]:
        """The names of the states, in order."""
        return [name for name, _ in self.states]

    def has_passed(self, wanted: tuple[str, ...]) -> bool:
        """Whether it entered these states in this order, perhaps with others between them."""
        names = iter(self.names())
        return all(name in names for name in wanted)


def saga(world: World, lesson: str) -> Saga | None:
    """The saga of a lesson, the last execution if there were several. None while it has not begun."""
    found = world.rows("booking", "SELECT execution_arn FROM lesson_sagas WHERE lesson_id = $1", lesson)
    arn = found[0]["execution_arn"] if found else None
    if not arn:
        return None
    execution = world.aws.execution(arn)
    began = execution["startDate"]
    states = [
        (event["stateEnteredEventDetails"]["name"], event["timestamp"] - began)
        for event in world.aws.execution_history(arn)
        if "stateEnteredEventDetails" in event
    ]
    ended = execution.get("stopDate") or datetime.now(UTC).timestamp()
    because = f"{execution.get('error') or ''} {execution.get('cause') or ''}".strip()
    return Saga(execution["status"], states, ended - began, because)


@dataclass(frozen=True)
class Entry:
    """One side of a movement of money."""

    transaction: str
    kind: str
    posted_at: str
    account: str
    currency: str
    amount: int

    @property
    def time(self) -> str:
        """Of the day."""
        return self.posted_at[11:19]

    @property
    def group(self) -> str:
        """The account without whose it is: `escrow`, `tutor`."""
        return self.account.partition(":")[0]


_KINDS = ("charge", "stripe_fee", "release", "transfer", "refund", "refund_settled", "reversal")
_ENTRIES = """
    SELECT t.id AS transaction, t.kind, t.posted_at AT TIME ZONE 'UTC' AS posted_at,
           e.account, e.currency, e.amount
    FROM ledger_entries e LEFT JOIN ledger_transactions t ON t.id = e.transaction_id
"""


def entries_of(world: World, payment: str) -> list[Entry]:
    """The entries of a payment, in the order in which they were posted."""
    rows = world.rows("payments", f"{_ENTRIES} WHERE t.payment_id = $1", payment)
    # What one change writes has one time: then in the order in which money goes its way.
    return sorted((_entry(row) for row in rows), key=lambda entry: (entry.posted_at, _KINDS.index(entry.kind)))


def all_entries(world: World) -> list[Entry]:
    """The whole ledger."""
    return [_entry(row) for row in world.rows("payments", _ENTRIES)]


def _entry(row: dict[str, str | None]) -> Entry:
    text = {name: value or "" for name, value in row.items()}
    return Entry(
        transaction=text["transaction"],
        kind=text["kind"],
        posted_at=text["posted_at"],
        account=text["account"],
        currency=text["currency"],
        amount=int(text["amount"]),
    )
