//! Rules of `booking`: a lesson's life, and what is given back when it is called off (product.md, Booking).

mod lesson;
mod terms;

pub use lesson::{Booking, Cancellation, CancelledBy, Lesson, LessonError, LessonStatus, Outcome};
pub use terms::BookingTerms;
