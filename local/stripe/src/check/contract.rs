//! The contract's file, as `local/stripe_checks/contract.py` makes it, and the validators of its schemas.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::{Registry, Resource, Validator};
use serde::Deserialize;
use serde_json::{Value, json};

use super::words;

/// The name under which the schemas refer to each other.
const ADDRESS: &str = "json-schema:///stripe.json";

/// A contract is read once in a process: tests start many stand-ins.
static READ: LazyLock<Mutex<HashMap<PathBuf, Arc<Contract>>>> = LazyLock::new(Mutex::default);

#[derive(Deserialize)]
struct File {
    operations: Vec<Operation>,
    schemas: Value,
}

/// What one operation is asked and what it answers, as schemas.
#[derive(Deserialize)]
pub struct Operation {
    method: String,
    path: String,
    request: Value,
    answer: Value,
}

/// The contract.
pub struct Contract {
    operations: Vec<Operation>,
    registry: Registry<'static>,
    /// Made when they are first asked for, by what they are for.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Contract {
    /// The contract in a file.
    ///
    /// # Errors
    /// The file can't be read, or is no contract.
    pub fn at(file: &Path) -> io::Result<Arc<Self>> {
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(contract) = read.get(file) {
            return Ok(Arc::clone(contract));
        }
        let contract = Arc::new(Self::read(file)?);
        read.insert(file.to_owned(), Arc::clone(&contract));
        Ok(contract)
    }

    fn read(file: &Path) -> io::Result<Self> {
        let File { operations, schemas } = serde_json::from_slice(&std::fs::read(file)?)?;
        let registry = Registry::new()
            .add(ADDRESS, Resource::from_contents(json!({ "schemas": schemas })))
            .and_then(jsonschema::RegistryBuilder::prepare)
            .map_err(io::Error::other)?;
        Ok(Self { operations, registry, validators: Mutex::default() })
    }

    /// The operation of a request.
    #[must_use]
    pub fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        let of_method = self.operations.iter().filter(|known| known.method.eq_ignore_ascii_case(method));
        // `invoices/upcoming` is not an invoice's id: what names more of the path is meant.
        of_method
            .filter_map(|known| Some((holds(&known.path, path)?, known)))
            .min_by_key(|(ids, _)| *ids)
            .map(|it| it.1)
    }

    /// What is wrong with the parameters of a request.
    #[must_use]
    pub fn request(&self, operation: &Operation, params: &Value) -> Vec<String> {
        let name = format!("{} {}", operation.method, operation.path);
        self.check(&name, &operation.request, params)
    }

    /// What is wrong with what an operation answers.
    #[must_use]
    pub fn answer(&self, operation: &Operation, answer: &Value) -> Vec<String> {
        let name = format!("{} {} answers", operation.method, operation.path);
        self.check(&name, &operation.answer, answer)
    }

    /// What is wrong with a refusal.
    #[must_use]
    pub fn refusal(&self, answer: &Value) -> Vec<String> {
        self.check("error", &json!({ "$ref": format!("{ADDRESS}#/schemas/error") }), answer)
    }

    /// What is wrong with an object, by what it says that it is.
    #[must_use]
    pub fn object(&self, object: &Value) -> Vec<String> {
        let kind = object["object"].as_str().unwrap_or_default();
        self.check(kind, &json!({ "$ref": format!("{ADDRESS}#/schemas/{kind}") }), object)
    }

    fn check(&self, name: &str, schema: &Value, value: &Value) -> Vec<String> {
        match self.validator(name, schema) {
            Ok(validator) => validator.iter_errors(value).flat_map(|error| words::reasons(&error)).collect(),
            Err(reason) => vec![reason],
        }
    }

    fn validator(&self, name: &str, schema: &Value) -> Result<Arc<Validator>, String> {
        let mut made = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = made.get(name) {
            return Ok(Arc::clone(validator));
        }
        let validator = jsonschema::options()
            .with_registry(&self.registry)
            .build(schema)
            .map_err(|error| format!("the contract has no usable schema: {error}"))?;
        let validator = Arc::new(validator);
        made.insert(name.to_owned(), Arc::clone(&validator));
        Ok(validator)
    }
}

/// How many ids a path has by that pattern, if it is one of it.
fn holds(pattern: &str, path: &str) -> Option<usize> {
    let (mut ids, mut given) = (0, path.split('/'));
    for wanted in pattern.split('/') {
        let part = given.next()?;
        if wanted.starts_with('{') && !part.is_empty() {
            ids += 1;
        } else if wanted != part {
            return None;
        }
    }
    given.next().is_none().then_some(ids)
}
