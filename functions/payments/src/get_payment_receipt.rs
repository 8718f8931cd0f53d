//! `GET /v1/payments/{paymentId}/receipt`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::payments::{OperationKind, OperationState, RefundId};
use lectern_runtime::file::PDF;
use lectern_runtime::{Cx, File, Method, Pdf, Problem, Request, StudentOrTutor, UseCase, problem};
use schemars::JsonSchema;

use crate::get_payment::PaymentPath;
use crate::services::Payments;
use crate::store::listing;
use crate::{pdf, receipt};

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("get-payment-receipt", Method::Get, "/v1/payments/{paymentId}/receipt", get_payment_receipt)
        .summary("Get the receipt of a payment that one has made, or of one of its refunds, as PDF")
        .problems(&[&problem::NOT_FOUND, &problem::WRONG_STATE])
}

/// Of what.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ReceiptQuery {
    /// Of this refund; of the payment when absent.
    #[deserr(default)]
    #[schemars(default)]
    refund: Option<RefundId>,
}

async fn get_payment_receipt(
    cx: Cx<Payments>,
    caller: StudentOrTutor,
    request: Request<PaymentPath, ReceiptQuery>,
) -> Result<File<Pdf>, Problem> {
    let found = listing::whole(&cx.base.db, request.path.payment_id, Some(caller.id())).await?;
    let whole = found.ok_or_else(|| Problem::not_found("payment"))?;
    let payment = &whole.shown.payment;
    let paid_at = whole.paid_at.ok_or_else(|| not_yet("It has not been paid."))?;
    let (document, name, made_at) = match &request.query.refund {
        None => (receipt::of_payment(payment, paid_at), format!("receipt-{}.pdf", payment.id), paid_at),
        Some(name) => {
            let refund = payment.operation(OperationKind::Refund, name.as_str()).filter(|o| o.amount > 0);
            let refund = refund.ok_or_else(|| Problem::not_found("refund"))?;
            if refund.state != OperationState::Done {
                return Err(not_yet("The refund has not been made yet."));
            }
            let file = format!("refund-{}-{}.pdf", payment.id, name.as_str());
            (receipt::of_refund(payment, refund), file, refund.since.get())
        }
    };
    Ok(File::new(PDF, &name, pdf::render(&document, made_at)?).etag(payment.revision))
}

fn not_yet(why: &str) -> Problem {
    Problem::new(&problem::WRONG_STATE).detail(why)
}
