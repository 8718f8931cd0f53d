//! Keeps the sums of tutors' ratings, out of the events of `reviews`.

use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_domain::time::{Bounded, Instant};
use lectern_runtime::{Cx, Fault, UseCase};
use serde::Deserialize;
use uuid::Uuid;

use crate::services::Tutoring;
use crate::store::reviews::{self, ReviewRating};

const NAME: &str = "project-reviews";

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    let kinds = &["review.posted", "review.updated", "review.hidden", "review.restored"];
    UseCase::consumer(NAME, kinds, project_reviews)
        .summary("Keep the sums of a tutor's ratings as reviews come, change, are hidden and restored")
}

/// What is needed of a review's event. Each tells all of it, so none needs another before it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReviewData {
    review_id: Uuid,
    tutor_id: UserId,
    /// Of a review of a course: it says nothing of the tutor's lessons.
    #[serde(default)]
    course_id: Option<Uuid>,
    stars: Bounded<1, 5>,
    status: ReviewStatus,
    posted_at: Instant,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReviewStatus {
    Visible,
    Hidden,
}

async fn project_reviews(cx: Cx<Tutoring>, event: Envelope) -> Result<(), Fault> {
    let data: ReviewData = serde_json::from_value(event.data).map_err(Fault::bad_input)?;
    if data.course_id.is_some() {
        return Ok(());
    }
    // `Bounded` checks what it is made of, not what it is read of.
    let stars = Bounded::<1, 5>::new(data.stars.get()).map_err(|e| Fault::bad_input(e.0))?;
    let rating = ReviewRating {
        review_id: data.review_id,
        tutor_id: data.tutor_id,
        stars: i16::try_from(stars.get()).map_err(Fault::bad_input)?,
        visible: data.status == ReviewStatus::Visible,
        posted_at: data.posted_at.get(),
        sequence: event.aggregate.sequence,
    };
    let changed = reviews::take(&cx.base.db, NAME, event.id, rating).await?;
    tracing::info!(use_case = NAME, event_id = %event.id, changed, "review event taken in");
    Ok(())
}
