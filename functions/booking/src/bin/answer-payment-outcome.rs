//! The function `answer-payment-outcome`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::answer_payment_outcome::use_case())
}
