//! A lesson from its booking to its end.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::database;
use super::http::{Answer, Call};
use super::people::Person;
use super::wait::{SOON, until};
use super::world::World;

/// A student, a tutor, and a time that the tutor has free.
pub struct Pair {
    pub student: Person,
    pub tutor: Person,
    pub start: String,
}

/// A lesson of theirs.
pub struct Lesson<'a> {
    world: &'a World,
    pub pair: &'a Pair,
    pub id: String,
}

impl World {
    /// Two people, and a free time at least so many hours from now.
    pub async fn pair(&self, hours: i64) -> Pair {
        let (student, tutor) = futures::join!(self.student(), self.tutor());
        let start = self.free_time(&tutor, hours).await;
        Pair { student, tutor, start }
    }

    /// The first free hour at least so many hours from now.
    pub async fn free_time(&self, tutor: &Person, hours: i64) -> String {
        let from = Timestamp::now() + SignedDuration::from_hours(hours);
        let to = from + SignedDuration::from_hours(24);
        let items = self.slots(tutor, from, to).await;
        items.first().expect("a free time").clone()
    }

    /// When hours of this tutor begin that are free.
    pub async fn slots(&self, tutor: &Person, from: Timestamp, to: Timestamp) -> Vec<String> {
        let path = format!("/v1/tutors/{}/slots?minutes=60&from={from:.0}&to={to:.0}", tutor.id);
        let answer = self.api.read(&path).await;
        let items = answer.data(200)["items"].as_array().unwrap().clone();
        items.iter().map(|slot| slot["start"].as_str().unwrap().to_owned()).collect()
    }

    /// Whether an hour can be booked, as everybody sees it.
    pub async fn is_free(&self, tutor: &Person, start: &str) -> bool {
        let from: Timestamp = start.parse().unwrap();
        let free = self.slots(tutor, from, from + SignedDuration::from_mins(1)).await;
        free.iter().any(|slot| slot == start)
    }

    /// The call that books an hour.
    pub fn booking<'a>(student: &'a Person, tutor: &Person, start: &str) -> Call<'a> {
        let body = json!({ "tutorId": tutor.id, "start": start, "minutes": 60, "subject": "algebra" });
        let call = Call::new("POST", "/v1/lessons").token(&student.access_token).body(body);
        call.header("idempotency-key", Uuid::new_v4().to_string())
    }

    /// Books the pair's time.
    pub async fn book<'a>(&'a self, pair: &'a Pair) -> Lesson<'a> {
        let answer = self.api.call(Self::booking(&pair.student, &pair.tutor, &pair.start)).await;
        let data = answer.data(201);
        assert_eq!(data["status"], "pending_payment");
        Lesson { world: self, pair, id: data["lessonId"].as_str().unwrap().to_owned() }
    }

    /// Books and pays; the lesson is scheduled.
    pub async fn scheduled<'a>(&'a self, pair: &'a Pair) -> Lesson<'a> {
        let lesson = self.book(pair).await;
        lesson.pay("pm_card_visa").await;
        lesson.is("scheduled").await;
        lesson
    }
}

impl Lesson<'_> {
    /// A lesson that was booked otherwise.
    pub fn of<'a>(world: &'a World, pair: &'a Pair, id: &str) -> Lesson<'a> {
        Lesson { world, pair, id: id.to_owned() }
    }

    pub async fn read(&self) -> Value {
        let path = format!("/v1/lessons/{}", self.id);
        self.world.api.get(&path, &self.pair.student.access_token).await.data(200).clone()
    }

    /// Waits for a status.
    pub async fn is(&self, status: &str) -> Value {
        self.is_within(status, SOON).await
    }

    pub async fn is_within(&self, status: &str, limit: Duration) -> Value {
        let wanted = format!("lesson {} is {status}", self.id);
        until(&wanted, limit, async || Some(self.read().await).filter(|lesson| lesson["status"] == status))
            .await
    }

    /// Waits for the payment's id.
    pub async fn payment(&self) -> String {
        let wanted = format!("lesson {} has a payment", self.id);
        until(&wanted, SOON, async || self.read().await["paymentId"].as_str().map(str::to_owned)).await
    }

    pub async fn read_payment(&self) -> Value {
        let path = format!("/v1/payments/{}", self.payment().await);
        self.world.api.get(&path, &self.pair.student.access_token).await.data(200).clone()
    }

    /// Waits for a status of the payment.
    pub async fn payment_is(&self, status: &str) -> Value {
        let wanted = format!("the payment of lesson {} is {status}", self.id);
        until(&wanted, SOON, async || {
            Some(self.read_payment().await).filter(|payment| payment["status"] == status)
        })
        .await
    }

    /// Waits for what the browser pays with.
    pub async fn client_secret(&self) -> String {
        let wanted = format!("lesson {} can be paid", self.id);
        until(&wanted, SOON, async || self.read_payment().await["clientSecret"].as_str().map(str::to_owned))
            .await
    }

    /// Pays; gives Stripe's answer.
    pub async fn pay(&self, card: &str) -> (u16, Value) {
        self.world.stripe.confirm(&self.client_secret().await, card).await
    }

    pub async fn complete(&self) -> Answer {
        let path = format!("/v1/lessons/{}/complete", self.id);
        self.world.api.call(Call::new("POST", path).token(&self.pair.tutor.access_token)).await
    }

    /// Called off by one of the two.
    pub async fn cancel(&self, by: &Person) -> Answer {
        let path = format!("/v1/lessons/{}/cancel", self.id);
        self.world.api.post(&path, &by.access_token, json!({ "reason": "I am ill." })).await
    }

    pub fn uuid(&self) -> Uuid {
        self.id.parse().unwrap()
    }

    /// Whether the lesson's state machine has come to its end; stops the test if it is parked.
    pub async fn has_ended(&self) -> bool {
        let sql = "SELECT status, execution_arn FROM lesson_sagas WHERE lesson_id = $1";
        let rows = database::rows("booking", sql, &[&self.uuid()]).await;
        let (status, arn): (String, Option<String>) = (rows[0].get(0), rows[0].get(1));
        assert_ne!(status, "parked", "lesson {}", self.id);
        let Some(arn) = arn else { return false };
        status == "closed" && self.world.aws.execution(&arn).await == "SUCCEEDED"
    }

    /// Waits for that.
    pub async fn is_closed(&self) {
        let wanted = format!("the state machine of lesson {} has ended", self.id);
        until(&wanted, SOON, async || self.has_ended().await.then_some(())).await;
    }

    /// That nothing is left over: no money in escrow, no state machine at work, no slot held by a lesson that will
    /// not take place, no event unpublished, and the books are right.
    pub async fn is_at_rest(&self) {
        self.is_closed().await;
        self.escrow_is_empty().await;
        let status = self.read().await["status"].as_str().unwrap().to_owned();
        if matches!(status.as_str(), "expired" | "cancelled") {
            until("the time is free again", SOON, async || {
                self.world.is_free(&self.pair.tutor, &self.pair.start).await.then_some(())
            })
            .await;
        }
        self.world.assert_ledger_is_right().await;
    }

    async fn escrow_is_empty(&self) {
        until("no money is left in escrow", SOON, async || {
            let sql = "SELECT coalesce(sum(amount), 0)::bigint FROM ledger_entries
                       WHERE account IN (SELECT 'escrow:' || id FROM payments WHERE lesson_id = $1)";
            let left: i64 = database::one("payments", sql, &[&self.uuid()]).await;
            (left == 0).then_some(())
        })
        .await;
    }

    /// The only payment, as it is in the database: status and refunded amount.
    pub async fn money(&self) -> Option<(String, i64)> {
        let sql = "SELECT status, refunded FROM payments WHERE lesson_id = $1";
        let rows = database::rows("payments", sql, &[&self.uuid()]).await;
        rows.first().map(|row| (row.get(0), row.get(1)))
    }
}
