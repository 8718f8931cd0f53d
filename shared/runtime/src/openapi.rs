//! The contract: OpenAPI 3.1 out of the table of use cases.

use std::collections::BTreeSet;

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::caller::Access;
use crate::function::Function;
use crate::http::media_type;
use crate::problem::{self, ProblemType};
use crate::use_case::{HttpTrigger, Meta, Schemas, Trigger};

/// The whole document.
pub fn document(functions: &[Function], version: &str) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| {
        s.definitions_path = "/components/schemas".into();
        s.meta_schema = None;
    });
    let mut generator = SchemaGenerator::new(settings);
    let mut paths: Map<String, Value> = Map::new();
    for function in functions {
        if let Trigger::Http(http) = &function.meta.trigger {
            let operation = operation(function.context, &function.meta, http, &mut generator);
            let path = paths.entry(http.path).or_insert_with(|| json!({}));
            path[http.method.as_str().to_lowercase()] = operation;
        }
    }
    let field_error = generator.subschema_for::<lectern_domain::field::FieldError>();
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".into(), problem_schema(&field_error));
    paths.sort_keys();
    schemas.sort_keys();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Lectern",
            "version": version,
            "summary": "A tutoring marketplace for mathematics and programming.",
            "description": "Every answer is an envelope; every error is a problem (RFC 9457). See docs/errors.md.",
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/", "description": "Where this document is served from decides the rest." }],
        "tags": tags(functions),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": problem_responses(),
            "securitySchemes": {
                "accessToken": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "The accessToken of POST /v1/auth/login." },
                "iam": { "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "AWS Signature Version 4, for our own services only." },
            },
        },
    })
}

fn tags(functions: &[Function]) -> Value {
    let mut names: Vec<_> =
        functions.iter().filter(|f| matches!(f.meta.trigger, Trigger::Http(_))).map(|f| f.context).collect();
    names.dedup();
    names.iter().map(|name| json!({ "name": name })).collect()
}

fn operation(context: &str, meta: &Meta, http: &HttpTrigger, generator: &mut SchemaGenerator) -> Value {
    let schemas = (http.describe)(generator);
    let mut parameters = parameters(&schemas.path, "path", generator);
    parameters.extend(parameters_of_query(&schemas.query, generator));
    if http.idempotent {
        parameters.push(json!({ "name": "Idempotency-Key", "in": "header", "required": true,
            "description": "A fresh UUID for each new request; the same one when it is sent again.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255 } }));
    }
    let mut operation = json!({
        "operationId": meta.name,
        "summary": meta.summary,
        "tags": [context],
        "responses": responses(http, &schemas),
        "security": security(http.access),
    });
    if let Access::Roles(roles) = http.access {
        let roles: Vec<_> = roles.iter().map(|r| r.as_str()).collect();
        operation["x-roles"] = json!(roles);
    }
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    if !is_empty(&schemas.body, generator) {
        operation["requestBody"] =
            json!({ "required": true, "content": { (schemas.body_media_type): { "schema": schemas.body } } });
    }
    operation
}

fn security(access: Access) -> Value {
    match access {
        Access::Public => json!([]),
        Access::Roles(_) => json!([{ "accessToken": [] }]),
        Access::Iam => json!([{ "iam": [] }]),
    }
}

fn responses(http: &HttpTrigger, schemas: &Schemas) -> Value {
    let mut kinds: Vec<&ProblemType> = general_problems(http);
    kinds.extend(http.problems.iter().copied());
    let types: Vec<_> = schemas.answer_media_types.iter().map(|given| media_type(given)).collect();
    let mut responses = match types.first().map(String::as_str) {
        Some(page @ "text/html") => page_responses(http, page, &schemas.data, &kinds),
        Some("application/json") => json_responses(http, &schemas.data, &kinds),
        _ => file_responses(http, &types, &schemas.data, &kinds),
    };
    responses.sort_keys();
    Value::Object(responses)
}

fn json_responses(http: &HttpTrigger, data: &Schema, kinds: &[&ProblemType]) -> Map<String, Value> {
    let mut responses = Map::new();
    let success = json!({
        "description": "Done.",
        "content": { "application/json": { "schema": {
            "type": "object",
            "required": ["success", "data", "timestamp"],
            "properties": {
                "success": { "const": true },
                "data": data,
                "timestamp": { "type": "string", "format": "date-time" },
            },
        } } },
    });
    responses.insert(http.status.to_string(), success);
    insert_problems(&mut responses, kinds);
    responses
}

fn insert_problems(responses: &mut Map<String, Value>, kinds: &[&ProblemType]) {
    for kind in kinds {
        let name = status_name(kind.status);
        responses
            .insert(kind.status.to_string(), json!({ "$ref": format!("#/components/responses/{name}") }));
    }
}

/// Of a route that answers with a file: what goes wrong is JSON all the same.
fn file_responses(
    http: &HttpTrigger,
    types: &[String],
    schema: &Schema,
    kinds: &[&ProblemType],
) -> Map<String, Value> {
    let content: Map<_, _> = types.iter().map(|name| (name.clone(), json!({ "schema": schema }))).collect();
    let headers = json!({ "Content-Disposition": { "schema": { "type": "string" },
        "description": "The name to keep it under." } });
    let success = json!({ "description": "A file.", "headers": headers, "content": content });
    let mut responses = Map::from_iter([(http.status.to_string(), success)]);
    insert_problems(&mut responses, kinds);
    responses
}

/// Of a route for people: what goes wrong is a page too.
fn page_responses(
    http: &HttpTrigger,
    media_type: &str,
    schema: &Schema,
    kinds: &[&ProblemType],
) -> Map<String, Value> {
    let content = json!({ (media_type): { "schema": schema } });
    let page = |description: String| json!({ "description": description, "content": content });
    let mut responses = Map::new();
    responses.insert(http.status.to_string(), page("A page.".to_owned()));
    for status in kinds.iter().map(|kind| kind.status).collect::<BTreeSet<_>>() {
        let titles: Vec<_> =
            kinds.iter().filter(|kind| kind.status == status).map(|kind| kind.title).collect();
        responses.insert(status.to_string(), page(format!("A page that says: {}.", titles.join("; "))));
    }
    responses
}

/// The problems that a route may have because of what it is.
fn general_problems(http: &HttpTrigger) -> Vec<&'static ProblemType> {
    let mut kinds = vec![
        &problem::MALFORMED,
        &problem::TOO_LARGE,
        &problem::UNSUPPORTED_MEDIA_TYPE,
        &problem::INVALID_FIELDS,
        &problem::INTERNAL,
        &problem::UNAVAILABLE,
    ];
    if http.access != Access::Public {
        kinds.extend([&problem::UNAUTHENTICATED, &problem::FORBIDDEN]);
    }
    if http.path.contains('{') {
        kinds.push(&problem::NOT_FOUND);
    }
    if http.idempotent {
        kinds.extend([&problem::IDEMPOTENCY_IN_PROGRESS, &problem::IDEMPOTENCY_KEY_REUSED]);
    }
    if !http.rate_limits.is_empty() {
        kinds.push(&problem::RATE_LIMITED);
    }
    kinds
}

fn status_name(status: u16) -> String {
    format!("Problem{status}")
}

/// One response per status, with an example for each kind of problem of that status.
fn problem_responses() -> Value {
    let mut responses: Map<String, Value> = Map::new();
    for kind in problem::ALL {
        let response = responses.entry(status_name(kind.status)).or_insert_with(|| {
            json!({ "description": "", "content": { "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/Problem" }, "examples": {} } } })
        });
        let description = response["description"].as_str().unwrap_or_default();
        let line = format!(
            "{description}{}`{}`: {}.",
            if description.is_empty() { "" } else { " " },
            kind.slug,
            kind.title
        );
        response["description"] = Value::String(line);
        response["content"]["application/problem+json"]["examples"][kind.slug] = json!({ "value": {
            "type": kind.urn(), "title": kind.title, "status": kind.status, "detail": kind.title,
            "instance": "/v1/…", "success": false, "errors": [], "timestamp": "2027-01-31T17:00:00Z",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef" } });
    }
    responses.sort_keys();
    Value::Object(responses)
}

fn problem_schema(field_error: &Schema) -> Value {
    let urns: Vec<_> = problem::ALL.iter().map(|kind| kind.urn()).collect();
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "instance", "success", "errors", "timestamp", "requestId"],
        "properties": {
            "type": { "type": "string", "enum": urns },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "instance": { "type": "string" },
            "success": { "const": false },
            "errors": { "type": "array", "items": field_error },
            "timestamp": { "type": "string", "format": "date-time" },
            "requestId": { "type": "string" },
        },
    })
}

fn parameters_of_query(schema: &Schema, generator: &SchemaGenerator) -> Vec<Value> {
    parameters(schema, "query", generator)
}

fn parameters(schema: &Schema, place: &str, generator: &SchemaGenerator) -> Vec<Value> {
    let object = resolve(schema, generator);
    let required = |name: &str| {
        let list = object.get("required").and_then(Value::as_array);
        place == "path" || list.is_some_and(|r| r.iter().any(|n| n == name))
    };
    let properties = object.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    properties
        .into_iter()
        .map(|(name, mut schema)| {
            let description = schema.as_object_mut().and_then(|s| s.shift_remove("description"));
            let mut parameter =
                json!({ "name": name, "in": place, "required": required(&name), "schema": schema });
            if let Some(description) = description {
                parameter["description"] = description;
            }
            parameter
        })
        .collect()
}

fn is_empty(schema: &Schema, generator: &SchemaGenerator) -> bool {
    let object = resolve(schema, generator);
    object.get("type") == Some(&json!("object"))
        && object.get("additionalProperties").is_none_or(|a| a == &json!(false))
        && object.get("properties").and_then(Value::as_object).is_none_or(Map::is_empty)
}

/// Follows a reference into the definitions that were made so far.
fn resolve(schema: &Schema, generator: &SchemaGenerator) -> Value {
    let value = schema.as_value().clone();
    let Some(name) = value.get("$ref").and_then(Value::as_str).and_then(|r| r.rsplit('/').next()) else {
        return value;
    };
    generator.definitions().get(name).cloned().unwrap_or(value)
}
