//! The document that says that somebody has paid, or got something back.

use jiff::Timestamp;
use lectern_domain::payments::{Operation, Payment, Purpose};

use crate::pdf::{Column, Document, Table};

const NOTE: &str = "Lectern takes payments for lessons and pays tutors. Cards are charged by Stripe; what is refunded goes \
                    back to the card that paid, and can take the bank some days.";

/// The receipt of a payment.
pub fn of_payment(payment: &Payment, paid_at: Timestamp) -> Document {
    let amount = payment.money(payment.amount).to_string();
    let mut facts = facts(payment, &payment.id.to_string(), "Paid on", paid_at);
    if payment.refunded > 0 {
        facts.push(("Refunded since".to_owned(), payment.money(payment.refunded).to_string()));
    }
    document("Receipt", "Payment", payment, facts, &amount)
}

/// The receipt of one of its refunds.
pub fn of_refund(payment: &Payment, refund: &Operation) -> Document {
    let number = format!("{}/{}", payment.id, refund.reference);
    let mut facts = facts(payment, &number, "Refunded on", refund.since.get());
    facts.push(("Refund of payment".to_owned(), payment.id.to_string()));
    let amount = format!("-{}", payment.money(refund.amount));
    document("Refund receipt", "Refund", payment, facts, &amount)
}

fn facts(payment: &Payment, number: &str, dated: &str, at: Timestamp) -> Vec<(String, String)> {
    let day = at.strftime("%Y-%m-%d").to_string();
    let facts = [
        ("Number", number.to_owned()),
        (dated, format!("{day} (UTC)")),
        ("Lesson", payment.lesson_id.to_string()),
        ("Student", payment.payer_id.to_string()),
        ("Tutor", payment.tutor_id.to_string()),
    ];
    facts.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

fn document(
    title: &str,
    what: &str,
    payment: &Payment,
    facts: Vec<(String, String)>,
    amount: &str,
) -> Document {
    let purpose = match payment.purpose {
        Purpose::Lesson => "Lesson",
        Purpose::Trial => "Trial lesson",
        Purpose::Course => "Course",
        Purpose::Subscription => "Subscription",
    };
    let words = match &payment.description {
        Some(description) => format!("{purpose}: {description}"),
        None => purpose.to_owned(),
    };
    let table = Table {
        heading: what.to_owned(),
        columns: vec![Column::left("What for", 3), Column::right("Amount", 1)],
        rows: vec![vec![words, amount.to_owned()]],
        total: Some(vec!["Total".to_owned(), amount.to_owned()]),
    };
    Document {
        title: title.to_owned(),
        subtitle: "Lectern".to_owned(),
        facts,
        tables: vec![table],
        notes: vec![NOTE.to_owned()],
    }
}
