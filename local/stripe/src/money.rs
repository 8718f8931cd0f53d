//! Amounts as Stripe counts, bounds and words them.

/// What Stripe takes of a card payment in a United States account: 2.9 % (in thousandths) and a fixed part.
const FEE_PER_MILLE: i64 = 29;
const FEE_FIXED: i64 = 30;

/// The most that one payment can be: eight digits.
pub const AMOUNT_MAX: i64 = 99_999_999;

/// Currencies whose smallest unit is the currency itself.
const ZERO_DECIMAL: [&str; 16] = [
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof",
    "xpf",
];

/// What Stripe lists when a currency is unknown, in its order.
const CURRENCIES: &str = "usd, aed, afn, all, amd, ang, aoa, ars, aud, awg, azn, bam, bbd, bdt, bgn, bif, bmd, bnd, \
bob, brl, bsd, bwp, byn, bzd, cad, cdf, chf, clp, cny, cop, crc, cve, czk, djf, dkk, dop, dzd, egp, etb, eur, fjd, \
fkp, gbp, gel, gip, gmd, gnf, gtq, gyd, hkd, hnl, hrk, htg, huf, idr, ils, inr, isk, jmd, jpy, kes, kgs, khr, kmf, \
krw, kyd, kzt, lak, lbp, lkr, lrd, lsl, mad, mdl, mga, mkd, mmk, mnt, mop, mur, mvr, mwk, mxn, myr, mzn, nad, ngn, \
nio, nok, npr, nzd, pab, pen, pgk, php, pkr, pln, pyg, qar, ron, rsd, rub, rwf, sar, sbd, scr, sek, sgd, shp, sle, \
sos, srd, std, szl, thb, tjs, top, try, ttd, twd, tzs, uah, ugx, uyu, uzs, vnd, vuv, wst, xaf, xcd, xof, xpf, yer, \
zar, zmw, jod, kwd, bhd, omr, tnd";

/// The fee on a card payment, rounded half up on the smallest unit.
#[must_use]
pub fn card_fee(amount: i64) -> i64 {
    (amount * FEE_PER_MILLE + 500) / 1000 + FEE_FIXED
}

/// The least that Stripe charges in `currency`.
#[must_use]
pub fn amount_min(currency: &str) -> i64 {
    match currency {
        "gbp" => 30,
        "jpy" => 50,
        "dkk" => 250,
        "nok" | "sek" => 300,
        "hkd" => 400,
        "czk" => 1500,
        "mxn" | "thb" => 1000,
        "aed" | "myr" | "pln" | "ron" => 200,
        "huf" => 17_500,
        _ => 50,
    }
}

/// The currency in lower case, or the words with which Stripe refuses it.
///
/// # Errors
/// It isn't one of Stripe's.
pub fn currency(given: &str) -> Result<String, String> {
    let lower = given.to_lowercase();
    if CURRENCIES.split(", ").any(|known| known == lower) {
        Ok(lower)
    } else {
        Err(format!("Invalid currency: {given}. Stripe currently supports these currencies: {CURRENCIES}"))
    }
}

/// The amount as Stripe writes it in its messages: `$20.00`.
#[must_use]
pub fn written(amount: i64, currency: &str) -> String {
    let symbol = match currency {
        "usd" => "$",
        "eur" => "€",
        "gbp" => "£",
        "jpy" => "¥",
        _ => "",
    };
    let number = if ZERO_DECIMAL.contains(&currency) {
        amount.to_string()
    } else {
        format!("{}.{:02}", amount / 100, amount % 100)
    };
    if symbol.is_empty() {
        format!("{number} {}", currency.to_uppercase())
    } else {
        format!("{symbol}{number}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fee_is_two_point_nine_percent_and_thirty_cents() {
        assert_eq!(card_fee(1000), 59);
        assert_eq!(card_fee(4500), 161);
        assert_eq!(card_fee(2000), 88);
    }

    #[test]
    fn amounts_are_written_with_their_symbol() {
        assert_eq!(written(2005, "usd"), "$20.05");
        assert_eq!(written(500, "jpy"), "¥500");
        assert_eq!(written(500, "cad"), "5.00 CAD");
    }
}
