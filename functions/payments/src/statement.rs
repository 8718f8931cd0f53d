//! The statement of a payout: every movement on what the tutor was owed in its period, by the ledger, with sums; as
//! data, as CSV and as PDF.

use lectern_domain::id::{LessonId, PaymentId, PayoutId};
use lectern_domain::money::Money;
use lectern_domain::time::Instant;

use crate::pdf::{Column, Document, Table};
use crate::store::payouts::{Explained, Movement, Recorded};

lectern_domain::words! {
    /// What moved.
    pub enum LineKind {
        /// The tutor's share of a lesson that was given.
        Earning = "earning",
        /// The tutor's part of a refund, or a refund that came back.
        Refund = "refund",
        /// What a payer's bank took or gave back.
        Dispute = "dispute",
        /// An earlier payout.
        Payout = "payout",
        /// An earlier payout that came back.
        PayoutReturned = "payout_returned",
        /// A correction.
        Adjustment = "adjustment",
    }
}

impl LineKind {
    /// Of the ledger's own kind.
    fn of(kind: &str) -> Self {
        match kind {
            "release" => Self::Earning,
            "refund" | "refund_failed" => Self::Refund,
            "payout" => Self::Payout,
            "payout_failed" => Self::PayoutReturned,
            _ if kind.starts_with("dispute") => Self::Dispute,
            _ => Self::Adjustment,
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Earning => "Lesson",
            Self::Refund => "Refund",
            Self::Dispute => "Disputed payment",
            Self::Payout => "Payout",
            Self::PayoutReturned => "Payout that came back",
            Self::Adjustment => "Correction",
        }
    }
}

/// A movement.
#[derive(Clone, Debug)]
pub struct Line {
    /// When.
    pub at: Instant,
    /// What.
    pub kind: LineKind,
    /// What it adds to what is owed.
    pub amount: Money,
    /// Of which payment.
    pub payment_id: Option<PaymentId>,
    /// Of which lesson.
    pub lesson_id: Option<LessonId>,
    /// Of which payout.
    pub payout_id: Option<PayoutId>,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The payout.
    pub recorded: Recorded,
    /// Since when; always, when there was none before.
    pub from: Option<Instant>,
    /// What was owed then.
    pub opening: Money,
    /// What moved since, until the payout's moment.
    pub lines: Vec<Line>,
    /// What was owed at the payout's moment.
    pub closing: Money,
}

impl Statement {
    /// Out of what the ledger says.
    pub fn new(explained: Explained) -> Self {
        let Explained { found, from, opening, movements } = explained;
        let money = |amount| Money::new(amount, found.payout.currency);
        let line = |movement: &Movement| Line {
            at: movement.at,
            kind: LineKind::of(&movement.kind),
            amount: money(movement.amount),
            payment_id: movement.payment_id,
            lesson_id: movement.lesson_id,
            payout_id: movement.payout_id,
        };
        let closing = opening + movements.iter().map(|movement| movement.amount).sum::<i64>();
        Self {
            from,
            opening: money(opening),
            lines: movements.iter().map(line).collect(),
            closing: money(closing),
            recorded: found,
        }
    }

    /// What is left for the next payout.
    pub fn carried_over(&self) -> Money {
        Money::new(self.closing.amount - self.recorded.payout.amount, self.closing.currency)
    }

    /// The name of its file.
    pub fn file_name(&self, ending: &str) -> String {
        let payout = &self.recorded.payout;
        let day: String = payout.cutoff.to_string().chars().take(10).collect();
        format!("lectern-statement-{day}-{}.{ending}", payout.currency)
    }

    /// One line of names, one for what was owed at the beginning, one for each movement, one for what was owed at the
    /// end, and one for the payout (RFC 4180).
    pub fn csv(&self) -> String {
        let payout = &self.recorded.payout;
        let from = self.from.map(|at| at.to_string()).unwrap_or_default();
        let mut rows = vec![
            "date,kind,payment,lesson,payout,amount,currency".to_owned(),
            row(&from, "opening", [None, None, None], self.opening),
        ];
        rows.extend(self.lines.iter().map(|line| {
            let ids = [
                line.payment_id.map(|id| id.to_string()),
                line.lesson_id.map(|id| id.to_string()),
                line.payout_id.map(|id| id.to_string()),
            ];
            row(&line.at.to_string(), line.kind.as_str(), ids, line.amount)
        }));
        let cutoff = payout.cutoff.to_string();
        rows.push(row(&cutoff, "closing", [None, None, None], self.closing));
        rows.push(row(&cutoff, "paid out", [None, None, Some(payout.id.to_string())], payout.money()));
        rows.push(row(&cutoff, "carried over", [None, None, None], self.carried_over()));
        rows.into_iter().map(|line| line + "\r\n").collect()
    }

    /// As a document for paper.
    pub fn document(&self) -> Document {
        let payout = &self.recorded.payout;
        let from = self.from.map_or_else(|| "the beginning".to_owned(), moment);
        let facts = [
            ("Payout", payout.id.to_string()),
            ("Tutor", payout.tutor_id.to_string()),
            ("Period", format!("from {from} until {}", moment(payout.cutoff))),
            ("Status", payout.status.as_str().replace('_', " ")),
            ("Paid out", payout.money().to_string()),
        ];
        let cells = |line: &Line| {
            let of = [
                line.lesson_id.map(|id| format!("lesson {id}")),
                line.payment_id.map(|id| format!("payment {id}")),
                line.payout_id.map(|id| id.to_string()),
            ];
            let of = of.into_iter().flatten().next().unwrap_or_default();
            vec![moment(line.at), line.kind.in_words().to_owned(), of, line.amount.to_string()]
        };
        let mut rows = vec![vec![
            from_of(self.from),
            "Owed at the beginning".into(),
            String::new(),
            self.opening.to_string(),
        ]];
        rows.extend(self.lines.iter().map(cells));
        let movements = Table {
            heading: "Movements".to_owned(),
            columns: vec![
                Column::left("When", 3),
                Column::left("What", 3),
                Column::left("Of", 5),
                Column::right("Amount", 3),
            ],
            rows,
            total: Some(vec![moment(payout.cutoff), "Owed".into(), String::new(), self.closing.to_string()]),
        };
        Document {
            title: "Statement of a payout".to_owned(),
            subtitle: format!("Lectern · {}", payout.currency),
            facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            tables: vec![self.sums(), movements],
            notes: vec![
                "Amounts are the tutor's share, after the platform's commission. Times are UTC.".to_owned(),
                "What is below the minimum or was not yet available is paid out with a later payout."
                    .to_owned(),
            ],
        }
    }

    fn sums(&self) -> Table {
        let sum_of = |kind: LineKind| -> i64 {
            self.lines.iter().filter(|line| line.kind == kind).map(|line| line.amount.amount).sum()
        };
        let currency = self.closing.currency;
        let mut rows = vec![vec!["Owed at the beginning".to_owned(), self.opening.to_string()]];
        for kind in LineKind::ALL {
            let sum = sum_of(*kind);
            if sum != 0 {
                rows.push(vec![kind.in_words().to_owned(), Money::new(sum, currency).to_string()]);
            }
        }
        rows.push(vec!["Owed at the end".to_owned(), self.closing.to_string()]);
        rows.push(vec!["Paid out".to_owned(), self.recorded.payout.money().to_string()]);
        Table {
            heading: "Sums".to_owned(),
            columns: vec![Column::left("What", 4), Column::right("Amount", 2)],
            rows,
            total: Some(vec!["Left for the next payout".to_owned(), self.carried_over().to_string()]),
        }
    }
}

fn from_of(from: Option<Instant>) -> String {
    from.map(moment).unwrap_or_default()
}

/// To the minute: `2026-11-23 06:00`.
fn moment(at: Instant) -> String {
    at.to_string().chars().take(16).collect::<String>().replace('T', " ")
}

fn row(at: &str, kind: &str, ids: [Option<String>; 3], amount: Money) -> String {
    let [payment, lesson, payout] = ids.map(Option::unwrap_or_default);
    let written = amount.to_string();
    // `45.00 USD`: an amount is a number of ours and stays one, with its sign.
    let (number, currency) = written.split_once(' ').unwrap_or((&written, ""));
    let cells = [at, kind, &payment, &lesson, &payout].map(cell);
    format!("{},{number},{}", cells.join(","), cell(currency))
}

/// A text in a cell. A spreadsheet takes what begins like a formula for one: an apostrophe in front makes it text
/// (OWASP, CSV injection). Quotes where the text would end the cell.
fn cell(text: &str) -> String {
    let begins_like_a_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let safe = if begins_like_a_formula { format!("'{text}") } else { text.to_owned() };
    if safe.contains([',', '"', '\r', '\n']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_ends_early() {
        for (text, wanted) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2", "'-2"),
            ("+2", "'+2"),
            ("\t=1", "'\t=1"),
            ("a,b", "\"a,b\""),
            ("say \"a\"", "\"say \"\"a\"\"\""),
            ("=a\r\nb", "\"'=a\r\nb\""),
            ("plain", "plain"),
        ] {
            assert_eq!(cell(text), wanted);
        }
    }

    #[test]
    fn every_kind_of_the_ledger_that_touches_what_is_owed_has_a_line() {
        for (kind, wanted) in [
            ("release", LineKind::Earning),
            ("refund", LineKind::Refund),
            ("refund_failed", LineKind::Refund),
            ("dispute_lost", LineKind::Dispute),
            ("payout", LineKind::Payout),
            ("payout_failed", LineKind::PayoutReturned),
            ("adjustment", LineKind::Adjustment),
        ] {
            assert_eq!(LineKind::of(kind), wanted);
        }
    }
}
