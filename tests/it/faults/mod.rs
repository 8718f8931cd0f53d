//! Parts of the platform break in the middle of a lesson's life. Whatever happens, it ends well: no slot held for
//! nobody, no money without a lesson, nothing twice, the books right.

mod crash;
mod events;
mod identity;
mod steps;
mod stripe;

use serde_json::{Value, json};

use crate::support::database;
use crate::support::lessons::Lesson;
use crate::support::world::World;

/// Moves the clock of what only waits for time to be taken up by relays and sweeps.
async fn pass_time(lesson: &Lesson<'_>) {
    let hour = "interval '1 hour'";
    let sagas = format!(
        "UPDATE lesson_sagas SET created_at = created_at - {hour}, updated_at = updated_at - {hour} WHERE lesson_id = $1"
    );
    database::rows("booking", &sagas, &[&lesson.uuid()]).await;
    // Whoever took a call to Stripe in hand and died has it no more.
    let calls = format!(
        "UPDATE stripe_operations SET not_before = not_before - {hour}
         WHERE state = 'open' AND payment_id IN (SELECT id FROM payments WHERE lesson_id = $1)"
    );
    database::rows("payments", &calls, &[&lesson.uuid()]).await;
    for context in ["booking", "payments"] {
        let outbox = format!(
            "UPDATE outbox SET created_at = created_at - {hour}, claimed_until = NULL WHERE published_at IS NULL"
        );
        database::rows(context, &outbox, &[]).await;
    }
}

/// A function that can't do its work until [`Broken::mend`]: its environment names something that isn't there.
struct Broken<'a> {
    world: &'a World,
    use_case: String,
    before: Value,
}

impl<'a> Broken<'a> {
    /// Sets a variable of a function's environment to what makes it fail.
    async fn by(world: &'a World, use_case: &str, variable: &str, value: &str) -> Self {
        let before = world.aws.environment(use_case).await;
        let mut broken = before.clone();
        broken[variable] = json!(value);
        world.aws.set_environment(use_case, &broken).await;
        Self { world, use_case: use_case.to_owned(), before }
    }

    async fn mend(self) {
        self.world.aws.set_environment(&self.use_case, &self.before).await;
    }
}
