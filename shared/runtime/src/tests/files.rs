use serde_json::{Value, json};

use super::{Told, told};
use crate::file::{CSV, PDF};
use crate::testing::{Answered, As, TestRequest};
use crate::{Anyone, Cx, File, Function, Method, PdfOrCsv, Problem, Request, UseCase, openapi};

/// No text in any encoding.
const BYTES: [u8; 5] = [0x25, 0x50, 0x00, 0xff, 0xfe];

#[derive(Debug, deserr::Deserr, schemars::JsonSchema)]
#[deserr(error = lectern_domain::field::FieldErrors, deny_unknown_fields)]
struct Wanted {
    format: String,
}

async fn give(
    _cx: Cx<Told>,
    _caller: Anyone,
    request: Request<crate::Nothing, Wanted>,
) -> Result<File<PdfOrCsv>, Problem> {
    match request.query.format.as_str() {
        "pdf" => Ok(File::new(PDF, "no \"quotes\"\r\nor/paths.pdf", BYTES.to_vec()).etag(3)),
        "csv" => Ok(File::new(CSV, "list.csv", "name\r\nZoë\r\n".into())),
        "large" => Ok(File::new(PDF, "large.pdf", vec![0; 5_000_000])),
        _ => Err(Problem::not_found("format")),
    }
}

fn case() -> UseCase<Told> {
    UseCase::http("give", Method::Get, "/file", give)
}

async fn ask(format: &str) -> Answered {
    TestRequest::new(As::Nobody).query("format", format).send(&case(), &told()).await
}

#[tokio::test]
async fn a_file_comes_byte_for_byte_with_its_type_and_a_harmless_name() {
    let pdf = ask("pdf").await;
    assert_eq!((pdf.status, pdf.bytes.as_slice()), (200, BYTES.as_slice()));
    assert_eq!(pdf.headers["content-type"], "application/pdf");
    assert_eq!(pdf.headers["content-disposition"], "attachment; filename=\"noquotesorpaths.pdf\"");
    assert_eq!((pdf.headers["etag"].as_str(), pdf.headers["cache-control"].as_str()), ("\"3\"", "no-store"));
    let csv = ask("csv").await;
    assert_eq!((csv.headers["content-type"].as_str(), csv.text.as_str()), (CSV, "name\r\nZoë\r\n"));
}

#[tokio::test]
async fn what_goes_wrong_with_a_file_is_json_and_too_large_a_file_is_our_fault() {
    assert_eq!(ask("docx").await.problem(), "not-found");
    assert_eq!(ask("large").await.problem(), "internal");
}

#[test]
fn the_contract_names_the_types_of_a_file_and_its_problems_as_json() {
    let document = openapi::document(&[Function::new("told", case())], "1");
    let responses: &Value = &document["paths"]["/file"]["get"]["responses"];
    let types: Vec<_> = responses["200"]["content"].as_object().unwrap().keys().collect();
    assert_eq!(types, ["application/pdf", "text/csv"]);
    assert_eq!(responses["422"], json!({ "$ref": "#/components/responses/Problem422" }));
}
