//! A year's form or statement, as it is written.
//!
//! The forms are substitutes of the payee's copies, in the words and with the boxes of IRS Publication 1179.

use lectern_domain::money::{Currency, Money};
use lectern_domain::payments::tax::{DocumentKind, FormKind, TaxProfile, TaxYear, YearTotals};

use crate::pdf::{Column, Document, Table};

/// Merchant category code of schools and educational services.
const CATEGORY: &str = "8299";

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const IMPORTANT: &str = "This is important tax information and is being furnished to the IRS. If you are required to \
                         file a return, a negligence penalty or other sanction may be imposed on you if taxable \
                         income results from this transaction and the IRS determines that it has not been reported.";

/// Whoever files: the platform's operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filer {
    /// Legal name.
    pub name: String,
    /// In one line.
    pub address: String,
    /// Employer identification number.
    pub tin: String,
    /// Telephone.
    pub phone: String,
}

/// The document of a year. `tax_id` is the masked number. Without a filer it says that it is a draft.
pub fn document(
    year: &TaxYear,
    kind: DocumentKind,
    profile: &TaxProfile,
    tax_id: &str,
    filer: Option<&Filer>,
) -> Document {
    let mut written = match kind {
        DocumentKind::Form(FormKind::Form1099K) => form_1099_k(year),
        DocumentKind::Form(FormKind::Form1099Nec) => form_1099_nec(year),
        DocumentKind::Statement => statement(year),
    };
    let mut facts = parties(profile, tax_id, filer, kind);
    if year.revision > 1 {
        facts.push(("Corrected".to_owned(), format!("Yes, revision {}", year.revision)));
    }
    facts.append(&mut written.facts);
    written.facts = facts;
    if filer.is_none() {
        let draft = "DRAFT, NOT FOR FILING: the filer of this platform is not configured.";
        written.notes.insert(0, draft.to_owned());
    }
    written
}

fn fact(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn parties(
    profile: &TaxProfile,
    tax_id: &str,
    filer: Option<&Filer>,
    kind: DocumentKind,
) -> Vec<(String, String)> {
    let (ours, theirs) = match kind {
        DocumentKind::Form(FormKind::Form1099K) => ("Filer", "Payee"),
        DocumentKind::Form(FormKind::Form1099Nec) => ("Payer", "Recipient"),
        DocumentKind::Statement => ("Issued by", "Issued to"),
    };
    let mut facts = Vec::new();
    if let Some(Filer { name, address, tin, phone }) = filer {
        facts.push(fact(ours, format!("{name}, {address}")));
        facts.push(fact(&format!("{ours}'s TIN"), tin.as_str()));
        facts.push(fact(&format!("{ours}'s telephone"), phone.as_str()));
    }
    facts.push(fact(theirs, profile.legal_name.as_str()));
    facts.push(fact(&format!("{theirs}'s TIN"), tax_id));
    facts.push(fact("Address", profile.address.lines().join(", ")));
    facts
}

fn dollars(year: &TaxYear) -> YearTotals {
    let none = YearTotals { currency: Currency::Usd, gross: 0, payments: 0, earned: 0, months: [0; 12] };
    year.of(Currency::Usd).cloned().unwrap_or(none)
}

fn form_1099_k(year: &TaxYear) -> Document {
    let totals = dollars(year);
    let gross = Money::new(totals.gross, Currency::Usd).to_string();
    Document {
        title: format!("Form 1099-K, {}", year.year),
        subtitle: "Payment Card and Third Party Network Transactions. Copy B, for payee (substitute)".to_owned(),
        facts: vec![
            fact("Filer is a", "Payment settlement entity, third party"),
            fact("Transactions are", "Third party network"),
            fact("1a Gross amount of payment transactions", gross.as_str()),
            fact("1b Card not present transactions", gross.as_str()),
            fact("2 Merchant category code", CATEGORY),
            fact("3 Number of payment transactions", totals.payments.to_string()),
            fact("4 Federal income tax withheld", Money::new(0, Currency::Usd).to_string()),
        ],
        tables: vec![months(&totals, "5a to 5l Gross amount by month")],
        notes: vec![
            IMPORTANT.to_owned(),
            "The gross amount is what students paid for your lessons, before the platform's fee, Stripe's fees and \
             refunds; it is not your income. The months and the year are in Coordinated Universal Time."
                .to_owned(),
            "Your TIN is shown truncated on this copy (26 CFR 301.6109-4).".to_owned(),
        ],
    }
}

fn form_1099_nec(year: &TaxYear) -> Document {
    let earned = Money::new(dollars(year).earned, Currency::Usd).to_string();
    Document {
        title: format!("Form 1099-NEC, {}", year.year),
        subtitle: "Nonemployee Compensation. Copy B, for recipient (substitute)".to_owned(),
        facts: vec![
            fact("1 Nonemployee compensation", earned),
            fact("4 Federal income tax withheld", Money::new(0, Currency::Usd).to_string()),
        ],
        tables: Vec::new(),
        notes: vec![
            IMPORTANT.to_owned(),
            "The compensation is what became yours in the year, less what was taken back, in Coordinated Universal \
             Time."
                .to_owned(),
            "Your TIN is shown truncated on this copy (26 CFR 301.6109-4).".to_owned(),
        ],
    }
}

fn statement(year: &TaxYear) -> Document {
    let tables = year.totals.iter().flat_map(|totals| {
        let currency = totals.currency;
        let sums = Table {
            heading: format!("Earned in {currency}"),
            columns: vec![Column::left("What", 3), Column::right("Amount", 1)],
            rows: vec![
                vec!["Paid by students, before fees and refunds".to_owned(), money(totals.gross, currency)],
                vec!["Number of payments".to_owned(), totals.payments.to_string()],
                vec!["Earned by you, less refunds".to_owned(), money(totals.earned, currency)],
            ],
            total: None,
        };
        [sums, months(totals, &format!("Paid by students in {currency}, by month"))]
    });
    Document {
        title: format!("Yearly statement, {}", year.year),
        subtitle: "What you earned as a tutor".to_owned(),
        facts: Vec::new(),
        tables: tables.collect(),
        notes: vec![
            "This statement is no form of a tax authority, and none has been sent to one. The months and the year are \
             in Coordinated Universal Time."
                .to_owned(),
        ],
    }
}

fn money(amount: i64, currency: Currency) -> String {
    Money::new(amount, currency).to_string()
}

fn months(totals: &YearTotals, heading: &str) -> Table {
    let row = |(month, amount): (&&str, &i64)| vec![(*month).to_owned(), money(*amount, totals.currency)];
    Table {
        heading: heading.to_owned(),
        columns: vec![Column::left("Month", 3), Column::right("Gross", 1)],
        rows: MONTHS.iter().zip(&totals.months).map(row).collect(),
        total: Some(vec!["Year".to_owned(), money(totals.gross, totals.currency)]),
    }
}
