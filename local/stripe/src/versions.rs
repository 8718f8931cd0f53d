//! Versions of the API. Shapes are always those of [`API_VERSION`](crate::API_VERSION). What was asked for in another
//! way before is brought up to date as Stripe does it itself: one step for each change that matters here.

use crate::API_VERSION;
use crate::error::Failure;
use crate::params::Params;

/// A train of releases: the name in its versions and the date of its first. Source: docs.stripe.com/changelog.
const TRAINS: [(&str, &str); 5] = [
    ("acacia", "2024-09-30"),
    ("basil", "2025-03-31"),
    ("clover", "2025-09-30"),
    ("dahlia", "2026-03-25"),
    ("endive", "2026-09-30"),
];

/// Versions from before there were names, from the oldest that accounts still have. Source: docs.stripe.com/upgrades.
const NAMELESS: [&str; 19] = [
    "2018-11-08",
    "2019-02-11",
    "2019-02-19",
    "2019-03-14",
    "2019-05-16",
    "2019-08-14",
    "2019-09-09",
    "2019-10-08",
    "2019-10-17",
    "2019-11-05",
    "2019-12-03",
    "2020-03-02",
    "2020-08-27",
    "2022-08-01",
    "2022-11-15",
    "2023-08-16",
    "2023-10-16",
    "2024-04-10",
    "2024-06-20",
];

/// Since then Stripe chooses the payment methods of an intent that names none.
const CHOOSES_METHODS: &str = "2023-08-16";
/// Since then nobody names them any more: docs.stripe.com/changelog/endive/2026-09-30.
const METHODS_NOT_NAMED: &str = "2026-09-30";

/// Whether there is such a version, at its latest the one that this stand-in follows.
///
/// # Errors
/// There is none, in Stripe's words.
pub fn check(version: &str) -> Result<(), Failure> {
    let known = match version.split_once('.') {
        None => NAMELESS.contains(&version),
        Some((date, name)) => {
            let train = TRAINS.iter().rfind(|(_, start)| *start <= date);
            is_date(date) && date <= day(API_VERSION) && train.is_some_and(|(its, _)| *its == name)
        }
    };
    if known { Ok(()) } else { Err(Failure::Malformed(format!("Invalid Stripe API version: {version}"))) }
}

/// Makes of what was asked in an older version what is asked today.
///
/// # Errors
/// It is asked in a way that this version no longer has.
pub fn bring_up_to_date(version: &str, path: &str, params: &mut Params) -> Result<(), Failure> {
    let mut parts = path.trim_start_matches("/v1/").split('/');
    let is_intent = matches!(parts.next(), Some("payment_intents" | "setup_intents"));
    if !is_intent && path != "/v1/checkout/sessions" {
        return Ok(());
    }
    let creates = is_intent && parts.next().is_none();
    if params.has("payment_method_types") {
        if day(version) >= METHODS_NOT_NAMED {
            let message = "The `payment_method_types` parameter is no longer supported. Use dynamic payment methods, \
                           or limit them with `allowed_payment_method_types` or `excluded_payment_method_types`.";
            let (param, code) =
                ("payment_method_types".to_owned(), Some("payment_method_types_no_longer_supported"));
            return Err(Failure::InvalidParameter { param, code, message: message.to_owned() });
        }
        params.rename("payment_method_types", "allowed_payment_method_types");
    } else if creates && day(version) < CHOOSES_METHODS && !params.has("automatic_payment_methods") {
        params.add("allowed_payment_method_types[]", "card");
    }
    Ok(())
}

fn day(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}

fn is_date(text: &str) -> bool {
    let is_right =
        |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(is_right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_by_its_date_and_the_name_of_its_train() {
        for version in
            [API_VERSION, "2022-11-15", "2024-12-18.acacia", "2025-03-31.basil", "2026-08-26.dahlia"]
        {
            assert!(check(version).is_ok(), "{version}");
        }
        let unknown =
            ["", "2022-11-16", "2025-03-31.acacia", "2026-10-28", "2027-01-01.endive", "2026-1-1.dahlia"];
        for version in unknown {
            assert!(check(version).is_err(), "{version}");
        }
    }

    #[test]
    fn what_older_versions_ask_for_is_brought_up_to_date_and_refused_today() {
        let named = || Params::parse(b"payment_method_types[]=card");
        let mut older = named();
        bring_up_to_date("2025-03-31.basil", "/v1/payment_intents", &mut older).unwrap();
        assert_eq!(older.list("allowed_payment_method_types"), ["card"]);
        assert!(bring_up_to_date(API_VERSION, "/v1/setup_intents", &mut named()).is_err());
        let mut oldest = Params::default();
        bring_up_to_date("2022-11-15", "/v1/payment_intents/pi_1", &mut oldest).unwrap();
        bring_up_to_date("2022-11-15", "/v1/checkout/sessions", &mut oldest).unwrap();
        assert!(!oldest.has("allowed_payment_method_types"));
        bring_up_to_date("2022-11-15", "/v1/payment_intents", &mut oldest).unwrap();
        assert_eq!(oldest.list("allowed_payment_method_types"), ["card"]);
    }
}
