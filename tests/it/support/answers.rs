//! Every answer of the API is held against openapi.yaml: status, content type, body.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::http::Answer;
use crate::contract::read;

/// The contract, with the validators that were needed so far.
struct Contract {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| Contract {
        document: serde_norway::from_str(&read("openapi.yaml")).unwrap(),
        validators: Mutex::default(),
    })
}

/// Stops the test if the contract doesn't allow this answer.
pub fn check(method: &str, path: &str, answer: &Answer) {
    let contract = contract();
    let template = template_of(&contract.document, path);
    let operation = &contract.document["paths"][template][method.to_lowercase()];
    assert!(operation.is_object(), "{method} {template} is not in the contract");
    if is_gateways(answer) {
        return;
    }
    let status = answer.status.to_string();
    let response = resolve(&contract.document, &operation["responses"][&status]);
    assert!(response.is_object(), "{method} {path} may not answer {status}: {}", answer.body);
    let media_type = answer.header("content-type").unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_owned();
    let schema = &response["content"][&media_type]["schema"];
    assert!(schema.is_object(), "{method} {path} may not answer {status} as {media_type:?}");
    let validator = contract.validator(&format!("{method} {template} {status}"), schema);
    let errors: Vec<_> =
        validator.iter_errors(&answer.body).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{method} {path} breaks the contract: {errors:?}\n{:#}", answer.body);
}

/// What API Gateway refuses it answers itself (docs/errors.md): with a message, and without a type. (The emulator has
/// other words for a signature that isn't allowed.)
fn is_gateways(answer: &Answer) -> bool {
    let says = |name: &str| answer.body[name].is_string();
    matches!(answer.status, 401 | 403) && (says("message") || says("Message")) && !says("type")
}

impl Contract {
    fn validator(&self, name: &str, schema: &Value) -> Arc<Validator> {
        if let Some(known) = self.validators.lock().unwrap().get(name) {
            return Arc::clone(known);
        }
        // The references in it lead into the whole document.
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [schema],
            "components": self.document["components"],
        });
        let made = jsonschema::options().should_validate_formats(true).build(&whole);
        let made = Arc::new(made.unwrap_or_else(|error| panic!("{name}: {error}")));
        self.validators.lock().unwrap().insert(name.to_owned(), Arc::clone(&made));
        made
    }
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// The path of the contract that a path belongs to: the one with the fewest parameters.
fn template_of<'a>(document: &'a Value, path: &str) -> &'a str {
    let path: Vec<_> = path.split('?').next().unwrap_or_default().split('/').collect();
    let fits = |template: &&String| {
        let parts: Vec<_> = template.split('/').collect();
        parts.len() == path.len()
            && parts.iter().zip(&path).all(|(part, given)| part.starts_with('{') || part == given)
    };
    let templates = document["paths"].as_object().unwrap().keys();
    let found = templates.filter(fits).min_by_key(|template| template.matches('{').count());
    found.unwrap_or_else(|| panic!("{path:?} is not in the contract"))
}
