//! `GET /v1/payouts/{payoutId}/statement`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_runtime::file::{CSV, PDF};
use lectern_runtime::{Cx, File, Method, PdfOrCsv, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;

use crate::get_payout::PayoutPath;
use crate::pdf;
use crate::services::Payments;
use crate::statement::Statement;
use crate::store::payouts;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    let path = "/v1/payouts/{payoutId}/statement";
    UseCase::http("get-payout-statement", Method::Get, path, get_payout_statement)
        .summary("Get the statement of a payout of one's own, for paper or for a spreadsheet")
        .problems(&[&problem::NOT_FOUND])
}

lectern_domain::words! {
    /// As what.
    pub enum Format {
        /// For paper.
        Pdf = "pdf",
        /// For a spreadsheet.
        Csv = "csv",
    }
}

/// As what.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct Wanted {
    /// For paper, if nothing else is said.
    #[deserr(default)]
    format: Option<Format>,
}

async fn get_payout_statement(
    cx: Cx<Payments>,
    caller: Tutor,
    request: Request<PayoutPath, Wanted>,
) -> Result<File<PdfOrCsv>, Problem> {
    let explained = payouts::explained(&cx.base.db, request.path.payout_id, caller.id()).await?;
    let statement = Statement::new(explained.ok_or_else(|| Problem::not_found("payout"))?);
    let revision = statement.recorded.payout.revision;
    let file = match request.query.format.unwrap_or(Format::Pdf) {
        Format::Pdf => {
            // Dated as the payout is: the same statement is the same file.
            let bytes = pdf::render(&statement.document(), statement.recorded.payout.cutoff.get())?;
            File::new(PDF, &statement.file_name("pdf"), bytes)
        }
        Format::Csv => File::new(CSV, &statement.file_name("csv"), statement.csv().into_bytes()),
    };
    Ok(file.etag(revision))
}
