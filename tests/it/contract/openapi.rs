//! The contract is what the table says, and is well made.

use std::collections::BTreeSet;

use lectern_runtime::caller::Access;
use lectern_runtime::use_case::{HttpTrigger, Trigger};
use serde_json::Value;

use super::{none, read};

fn committed() -> Value {
    serde_norway::from_str(&read("openapi.yaml")).unwrap()
}

/// Every operation with its method and path.
fn operations(contract: &Value) -> Vec<(String, String, &Value)> {
    let paths = contract["paths"].as_object().unwrap();
    let of_path = |(path, methods): (&String, &'_ Value)| -> Vec<(String, String)> {
        methods.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())).collect()
    };
    let keys: Vec<_> = paths.iter().flat_map(of_path).collect();
    keys.into_iter()
        .map(|(method, path)| {
            let operation = &contract["paths"][&path][method.to_lowercase()];
            (method, path, operation)
        })
        .collect()
}

#[test]
fn the_committed_contract_is_what_the_table_says() {
    let document = lectern_runtime::openapi::document(&lectern_local::all(), env!("CARGO_PKG_VERSION"));
    let generated = serde_norway::to_string(&document).unwrap();
    let committed = read("openapi.yaml");
    if committed != generated {
        let differs = committed.lines().zip(generated.lines()).position(|(one, other)| one != other);
        panic!(
            "openapi.yaml is not what the table says, from line {:?} on. \
             `cargo run -p lectern-local -- openapi > openapi.yaml` writes it.",
            differs.map(|line| line + 1)
        );
    }
}

/// Done, or to be had elsewhere.
fn is_success(status: &str) -> bool {
    status.starts_with(['2', '3'])
}

#[test]
fn the_contract_says_what_a_contract_must() {
    let contract = committed();
    assert!(contract["openapi"].as_str().unwrap().starts_with("3.1."));
    for member in ["title", "version"] {
        assert!(contract["info"][member].is_string(), "info.{member}");
    }
    let tags = contract["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap());
    let tags: BTreeSet<_> = tags.collect();
    for (method, path, operation) in operations(&contract) {
        let where_ = format!("{method} {path}");
        assert!(operation["summary"].as_str().is_some_and(|summary| summary.len() > 10), "{where_}: summary");
        assert!(operation["security"].is_array(), "{where_}: security");
        let tags_of = operation["tags"].as_array().unwrap();
        assert!(tags_of.iter().all(|tag| tags.contains(tag.as_str().unwrap())), "{where_}: tags");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| is_success(status)), "{where_}: no success");
        assert!(responses.len() > 1, "{where_}: no failure");
    }
}

#[test]
fn every_operation_is_a_use_case_and_has_its_status_its_security_and_its_parameters() {
    let contract = committed();
    let operations = operations(&contract);
    let ids: BTreeSet<_> = operations.iter().map(|(_, _, o)| o["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), operations.len(), "an operationId is there twice");
    let mut complaints = Vec::new();
    let mut named = BTreeSet::new();
    for function in lectern_local::all() {
        let Trigger::Http(http) = &function.meta.trigger else { continue };
        named.insert(function.meta.name);
        let operation = &contract["paths"][http.path][http.method.as_str().to_lowercase()];
        if operation["operationId"] != function.meta.name {
            complaints.push(format!("{} is not at its path", function.meta.name));
            continue;
        }
        complaints.extend(disagreements(function.meta.name, http, operation));
    }
    assert_eq!(ids, named);
    none(&complaints);
}

fn disagreements(name: &str, http: &HttpTrigger, operation: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    if operation["responses"][http.status.to_string()].is_null() {
        complaints.push(format!("{name}: no {}", http.status));
    }
    let scheme = match http.access {
        Access::Public => None,
        Access::Roles(_) => Some("accessToken"),
        Access::Iam => Some("iam"),
    };
    let said = operation["security"][0].as_object().and_then(|schemes| schemes.keys().next());
    if said.map(String::as_str) != scheme {
        complaints.push(format!("{name}: security {said:?}, not {scheme:?}"));
    }
    let parameters = |place: &str| -> BTreeSet<String> {
        let all = operation["parameters"].as_array().into_iter().flatten();
        all.filter(|p| p["in"] == place).map(|p| p["name"].as_str().unwrap().to_owned()).collect()
    };
    let in_path = http.path.split('{').skip(1).map(|part| part.split('}').next().unwrap().to_owned());
    if parameters("path") != in_path.collect() {
        complaints.push(format!("{name}: path parameters {:?}", parameters("path")));
    }
    if parameters("header").contains("Idempotency-Key") != http.idempotent {
        complaints.push(format!("{name}: Idempotency-Key"));
    }
    complaints
}

/// The only media type of an operation's answers (those of success, or of problems) and of its body.
fn media_types(contract: &Value, operation: &Value, success: bool) -> BTreeSet<String> {
    let responses = operation["responses"].as_object().unwrap().iter();
    let responses = responses.filter(|(status, _)| is_success(status) == success);
    let resolved = responses.map(|(_, response)| match response["$ref"].as_str() {
        Some(reference) => contract.pointer(reference.trim_start_matches('#')).unwrap(),
        None => response,
    });
    let contents = resolved.map(|response| response["content"].as_object().unwrap());
    contents.flat_map(|content| content.keys().cloned()).collect()
}

fn to_owned(kinds: &[&str]) -> Vec<String> {
    kinds.iter().map(|kind| (*kind).to_owned()).collect()
}

/// What is not JSON and no page: papers to download.
const FILES: [(&str, &[&str]); 3] = [
    ("/v1/payments/{paymentId}/receipt", &["application/pdf"]),
    ("/v1/payouts/{payoutId}/statement", &["application/pdf", "text/csv"]),
    ("/v1/tax-forms/{year}", &["application/pdf"]),
];

#[test]
fn whoever_asks_for_a_page_gets_pages_and_sends_forms_and_everybody_else_json() {
    let contract = committed();
    let mut pages = 0;
    for (method, path, operation) in operations(&contract) {
        let (page, where_) = (path.starts_with("/consent/"), format!("{method} {path}"));
        pages += usize::from(page);
        let kinds = |success| media_types(&contract, operation, success).into_iter().collect::<Vec<_>>();
        let file = FILES.iter().find(|(of, _)| *of == path).map(|(_, kinds)| *kinds);
        let (good, bad) = match (page, file) {
            (true, _) => (&["text/html"][..], "text/html"),
            (false, Some(kinds)) => (kinds, "application/problem+json"),
            (false, None) => (&["application/json"][..], "application/problem+json"),
        };
        assert_eq!((kinds(true), kinds(false)), (to_owned(good), vec![bad.to_owned()]), "{where_}");
        if let Some(content) = operation["requestBody"]["content"].as_object() {
            let wanted = if page { "application/x-www-form-urlencoded" } else { "application/json" };
            assert_eq!(content.keys().collect::<Vec<_>>(), [wanted], "{where_}");
        }
    }
    assert!(pages >= 2, "{pages} pages");
}

#[test]
fn every_reference_of_the_contract_leads_somewhere_and_every_schema_is_one() {
    let contract = committed();
    let mut references = BTreeSet::new();
    collect_references(&contract, &mut references);
    assert!(references.len() > 20);
    for reference in &references {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads outside"));
        assert!(contract.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    for (name, schema) in contract["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name} is no JSON Schema 2020-12");
    }
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect_references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        _ => {}
    }
}
