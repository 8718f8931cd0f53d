"""What becomes of a lesson: taught and paid out, declined, cancelled, fought for, forgotten."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from ..problem import Problem
from .beginnings import Cast
from .scene import PATIENCE, Lesson, Person, Scene, query
from .screen import shown
from .traces import Entry
from .world import Answer

_BOOKED = ("lessonId", "status", "start", "price", "payBefore")
_PAYMENT = ("status", "amount", "platformFee", "tutorEarnings", "refunded")
_TO_PAY = ("HoldSlot", "CreatePayment", "AwaitPayment")
# On top of what a window lasts, for the platform to notice that it is over.
_GRACE = 45


def paid_lesson(scene: Scene, who: Cast) -> None:
    """The main way: booked, paid, taught, released, seen."""
    scene.screen.told("Ruth books an hour. It is hers while she pays.")
    lesson = _book(scene, who, who.first, who.next_start())
    _prepare_payment(scene, who.first, lesson)
    scene.saga(lesson, *_TO_PAY)
    scene.screen.told("She pays: her browser gives the card to Stripe, and never to us. Stripe tells us by a webhook.")
    _pay(scene, lesson)
    _wait_for(scene, who.first, lesson, "scheduled")
    scene.events(lesson.aggregates(), "lesson.scheduled", "payment.held")
    scene.saga(lesson, "ScheduleLesson", "AwaitOutcome")
    scene.ledger(lesson, "charge", "stripe_fee")
    scene.call(who.tutor, "GET", "/v1/earnings", show=("balances",))
    scene.screen.told("The lesson is held; Nadia says so. (Here a lesson may be completed before its time.)")
    scene.call(who.tutor, "POST", f"/v1/lessons/{lesson.id}/complete", expect=200, show=("status",))
    scene.events(lesson.aggregates(), "lesson.completed")
    scene.saga(lesson, "AwaitOutcome", "DisputeWindow")
    scene.screen.told("Nobody disputes it, and when the window for that is over the money is released.")
    path = f"/v1/payments/{lesson.payment}"
    payment = scene.poll(who.tutor, path, lambda it: it["status"] == "released", "the release", show=_PAYMENT, seconds=_GRACE)
    scene.events(lesson.aggregates(), "payment.released")
    scene.saga(lesson, "DisputeWindow", "ReleasePayment", "Closed", closes=True)
    _check_release(scene.ledger(lesson, "release", "transfer"), payment)
    _see_earnings(scene, who.tutor, payment)


def _see_earnings(scene: Scene, tutor: Person, payment: dict[str, Any]) -> None:
    scene.screen.told("Nadia sees what she has earned: 80 % of the price.")
    wanted = {"held": 0, "payable": payment["tutorEarnings"]["amount"], "inTransit": 0, "paid": 0}

    def is_there(earned: dict[str, Any]) -> bool:
        return any(wanted.items() <= each.items() for each in earned["balances"])

    earned = scene.poll(tutor, "/v1/earnings", is_there, f"earnings of {wanted}")
    for each in earned["balances"]:
        scene.screen.labelled("", [shown(each, each)], "dim")


def _check_release(entries: list[Entry], payment: dict[str, Any]) -> None:
    revenue = -sum(entry.amount for entry in entries if entry.group == "platform_revenue")
    sent = -sum(entry.amount for entry in entries if entry.kind == "transfer" and entry.group == "stripe_balance")
    wanted = (payment["platformFee"]["amount"], payment["tutorEarnings"]["amount"])
    if (revenue, sent) != wanted:
        raise Problem(f"fee and earnings are {wanted}, the ledger has {(revenue, sent)}")
    if sum(wanted) != payment["amount"]["amount"]:
        raise Problem(f"fee and earnings, {wanted}, are not the amount, {payment['amount']['amount']}")


def declined_card(scene: Scene, who: Cast) -> None:
    """The bank says no: the slot is free again."""
    start = who.next_start()
    scene.screen.told("Ruth books another hour, and pays with a card that her bank declines.")
    lesson = _book(scene, who, who.first, start)
    _prepare_payment(scene, who.first, lesson)
    _expect_listed(scene, who, start, False)
    _pay(scene, lesson, card="pm_card_chargeDeclined", expect=402)
    _wait_for(scene, who.first, lesson, "expired", "cancelled")
    scene.events(lesson.aggregates(), "payment.failed", "lesson.expired")
    scene.saga(lesson, *_TO_PAY, "FreeSlot", "Closed", closes=True)
    _expect_no_money(scene, lesson)
    scene.screen.told("The hour is listed again.")
    _expect_listed(scene, who, start, True)


def cancelled_lesson(scene: Scene, who: Cast) -> None:
    """Called off a day before or earlier: all of it goes back."""
    start = who.next_start()
    scene.screen.told("Leo books and pays, and then falls ill. It is more than a day before: he gets everything back.")
    lesson = _book(scene, who, who.second, start)
    _prepare_payment(scene, who.second, lesson)
    _pay(scene, lesson)
    _wait_for(scene, who.second, lesson, "scheduled")
    scene.saga(lesson, "ScheduleLesson", "AwaitOutcome")
    path = f"/v1/lessons/{lesson.id}/cancel"
    show = ("status", "cancellation.by", "cancellation.refund")
    said = scene.call(who.second, "POST", path, {"reason": "I have caught a cold."}, show=show)
    if said["cancellation"]["refund"] != said["price"]:
        raise Problem(f"the refund is {said['cancellation']['refund']} of {said['price']}")
    path = f"/v1/payments/{lesson.payment}"
    scene.poll(who.second, path, lambda it: it["status"] == "refunded", "the refund", show=_PAYMENT, seconds=_GRACE)
    scene.events(lesson.aggregates(), "lesson.cancelled", "payment.refunded")
    scene.saga(lesson, "AwaitOutcome", "RefundPart", "Closed", closes=True)
    entries = scene.ledger(lesson, "charge", "stripe_fee", "refund", "refund_settled")
    left = sum(entry.amount for entry in entries if entry.group == "escrow")
    if left:
        raise Problem(f"{left} of a refunded payment are still in escrow")
    scene.screen.told("The hour is listed again. Stripe's fee for the charge is lost: that is how Stripe does it.")
    _expect_listed(scene, who, start, True)


def race(scene: Scene, who: Cast) -> None:
    """Two students, one slot, one moment."""
    start = who.next_start()
    scene.screen.told("Ruth and Leo want the same hour and ask for it at the same moment.")
    answers = _both_at_once(scene, who, start)
    won = [person for person, answer in answers if answer.status == 201]
    for person, answer in answers:
        show = _BOOKED if answer.status == 201 else ("type", "title", "detail")
        line = shown(answer.data, show)
        scene.screen.call("api", f"POST /v1/lessons by {person.name}", answer.status, answer.seconds, line)
    if sorted(answer.status for _, answer in answers) != [201, 409]:
        _remember_all(scene, answers)
        raise Problem(f"one was to win, and the answers are {[answer.status for _, answer in answers]}")
    lesson = _remember_all(scene, answers)[0]
    nearest = next(answer.body.get("nearest", []) for _, answer in answers if answer.status == 409)
    times = ", ".join(each["start"][:16].replace("T", " ") for each in nearest)
    scene.screen.wrapped("", f"the nearest free slots: {times or 'none'}", "dim")
    if not nearest or start in [each["start"] for each in nearest]:
        raise Problem(f"the loser of the race for {start} is offered {times or 'nothing'}")
    scene.screen.told(f"{won[0].name} was faster, changes {'her' if won[0] is who.first else 'his'} mind, and gives it up unpaid.")
    _prepare_payment(scene, won[0], lesson)
    path = f"/v1/lessons/{lesson.id}/cancel"
    scene.call(won[0], "POST", path, {"reason": "Another time."}, show=("status", "cancellation.by"))
    scene.events(lesson.aggregates(), "lesson.cancelled")
    scene.saga(lesson, *_TO_PAY, "CancelPayment", "Closed", closes=True)
    _expect_no_money(scene, lesson)


def _both_at_once(scene: Scene, who: Cast, start: str) -> list[tuple[Person, Answer]]:
    people = (who.first, who.second)
    together = threading.Barrier(len(people))
    answers: dict[str, Answer] = {}
    failures: list[Problem] = []

    def book(person: Person) -> None:
        together.wait(10)
        try:
            answers[person.id] = scene.world.call("POST", "/v1/lessons", _wanted(who, start), person.token)
        except Problem as problem:
            failures.append(problem)

    threads = [threading.Thread(target=book, args=(person,)) for person in people]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if failures:
        raise failures[0]
    return [(person, answers[person.id]) for person in people]


def _remember_all(scene: Scene, answers: list[tuple[Person, Answer]]) -> list[Lesson]:
    made = [Lesson(each.data["lessonId"], each.data["start"]) for _, each in answers if each.status == 201]
    scene.lessons += made
    return made


def forget_to_pay(scene: Scene, who: Cast) -> Lesson:
    """Booked and never paid; the end of it is told last."""
    scene.screen.told("Leo books an hour and forgets to pay. It stays his until the hold runs out, which we see at the end.")
    lesson = _book(scene, who, who.second, who.next_start())
    _prepare_payment(scene, who.second, lesson)
    scene.saga(lesson, *_TO_PAY)
    _expect_listed(scene, who, lesson.start, False)
    return lesson


def hold_runs_out(scene: Scene, who: Cast, lesson: Lesson) -> None:
    """The other end of it."""
    now = scene.world.call("GET", f"/v1/lessons/{lesson.id}", None, who.second.token).data
    left = _seconds_until(now["payBefore"]) if "payBefore" in now else 0
    scene.screen.told(f"The hour that Leo never paid for: {f'{left:.0f} s of the hold are left' if left else 'the hold is over'}.")
    _wait_for(scene, who.second, lesson, "expired", seconds=left + _GRACE)
    scene.events(lesson.aggregates(), "lesson.expired")
    scene.saga(lesson, "AwaitPayment", "CancelPayment", "FreeSlot", "Closed", closes=True)
    _expect_no_money(scene, lesson)
    scene.screen.told("The hour is listed again.")
    _expect_listed(scene, who, lesson.start, True)


def _seconds_until(text: str) -> float:
    return max(0.0, (datetime.fromisoformat(text) - datetime.now(UTC)).total_seconds())


def _wanted(who: Cast, start: str) -> dict[str, Any]:
    return {"tutorId": who.tutor.id, "start": start, "minutes": 60, "subject": "algebra"}


def _book(scene: Scene, who: Cast, student: Person, start: str) -> Lesson:
    said = scene.call(student, "POST", "/v1/lessons", _wanted(who, start), expect=201, show=_BOOKED)
    lesson = Lesson(said["lessonId"], said["start"])
    scene.lessons.append(lesson)
    return lesson


def _prepare_payment(scene: Scene, student: Person, lesson: Lesson) -> None:
    """Until the saga has made the payment, and there is something to pay with."""
    path = f"/v1/lessons/{lesson.id}"
    ready = scene.poll(student, path, lambda it: it.get("paymentId"), "the payment", show=("status", "paymentId"))
    lesson.payment = ready["paymentId"]
    payment = scene.call(student, "GET", f"/v1/payments/{lesson.payment}", show=(*_PAYMENT, "clientSecret"))
    lesson.secret = payment["clientSecret"]
    scene.events(lesson.aggregates(), "lesson.requested", "payment.created")


def _pay(scene: Scene, lesson: Lesson, card: str = "pm_card_visa", expect: int = 200) -> None:
    intent = lesson.secret.partition("_secret_")[0]
    form = {"client_secret": lesson.secret, "payment_method": card}
    show = ("status", "amount", "currency") if expect == 200 else ("error.code", "error.decline_code")
    scene.stripe(f"/v1/payment_intents/{intent}/confirm", form, expect=expect, show=show)


def _wait_for(scene: Scene, student: Person, lesson: Lesson, *wanted: str, seconds: float = PATIENCE) -> None:
    what = f"the lesson is {' or '.join(wanted)}"
    path = f"/v1/lessons/{lesson.id}"
    scene.poll(student, path, lambda it: it["status"] in wanted, what, show=("status",), seconds=seconds)


def _expect_listed(scene: Scene, who: Cast, start: str, listed: bool) -> None:
    """Slots are told by events that tutoring hears of: a moment later than the lesson itself."""
    end = datetime.fromisoformat(start) + timedelta(hours=1)
    span = {"from": start, "to": end.strftime("%Y-%m-%dT%H:%M:%SZ"), "minutes": 60}
    path = query(f"/v1/tutors/{who.tutor.id}/slots", **span)

    def is_so(said: dict[str, Any]) -> bool:
        return (start in [each["start"] for each in said["items"]]) == listed

    scene.poll(who.first, path, is_so, f"{start} is {'' if listed else 'not '}among the slots", show=("from", "items"))


def _expect_no_money(scene: Scene, lesson: Lesson) -> None:
    if scene.ledger(lesson):
        raise Problem(f"the payment {lesson.payment} was never paid, and is in the ledger")
