//! Receipts, read back out of their files.

use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_payments::get_payment_receipt;
use lectern_runtime::testing::{Answered, As, TestRequest};
use uuid::Uuid;

use super::support::{Made, World};

async fn receipt(world: &World, made: &Made, who: As, refund: Option<&str>) -> Answered {
    let mut request = TestRequest::new(who).path("paymentId", &made.id);
    if let Some(refund) = refund {
        request = request.query("refund", refund);
    }
    request.send(&get_payment_receipt::use_case(), &world.services).await
}

fn words(answer: &Answered) -> String {
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "application/pdf"));
    let text = pdf_extract::extract_text_from_mem(&answer.bytes).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_payment_and_each_of_its_refunds_have_a_receipt_that_says_what_was_paid_and_for_what() {
    let world = World::new().await;
    let made = world.held(4_500).await;
    world.refund(&made, "r-1", 1_234).await.unwrap();
    let payer = || As::User(world.student, Role::Student);
    let before = world.services.base.round_trips();
    let paid = receipt(&world, &made, payer(), None).await;
    assert_eq!(world.services.base.round_trips() - before, 1);
    let name = format!("attachment; filename=\"receipt-{}.pdf\"", made.id);
    assert_eq!(paid.headers["content-disposition"], name);
    let said = words(&paid);
    let day = world.clock.now().strftime("%Y-%m-%d").to_string();
    for word in ["Receipt", made.id.as_str(), "45.00 USD", "12.34 USD", "Algebra, 60 min", &day] {
        assert!(said.contains(word), "{word} is missing in {said}");
    }
    let back = words(&receipt(&world, &made, payer(), Some("r-1")).await);
    for word in ["Refund receipt", &format!("{}/r-1", made.id), "-12.34 USD", "Algebra, 60 min", &day] {
        assert!(back.contains(word), "{word} is missing in {back}");
    }
    assert_eq!(receipt(&world, &made, payer(), None).await.bytes, paid.bytes, "the same file each time");
}

#[tokio::test]
async fn there_is_no_receipt_of_what_was_not_paid_or_is_somebody_elses() {
    let world = World::new().await;
    let (made, unpaid) = (world.held(4_500).await, world.made(4_500).await);
    let payer = || As::User(world.student, Role::Student);
    let early = receipt(&world, &unpaid, payer(), None).await;
    assert_eq!((early.status, early.problem()), (409, "wrong-state"));
    assert_eq!(receipt(&world, &made, payer(), Some("r")).await.status, 404);
    assert_eq!(receipt(&world, &made, payer(), Some("a b")).await.status, 422);
    let stranger = As::User(UserId(Uuid::now_v7()), Role::Student);
    for other in [stranger, As::User(world.tutor, Role::Tutor)] {
        assert_eq!(receipt(&world, &made, other, None).await.problem(), "not-found");
    }
    assert_eq!(receipt(&world, &made, As::Nobody, None).await.status, 401);
}
