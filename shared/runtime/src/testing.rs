//! For tests of use cases in-process: callers, gateway events, a bus that remembers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use lectern_domain::event::Envelope;
use lectern_domain::id::{EventId, UserId};
use lectern_domain::role::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::bus::EventBus;
use crate::fault::Fault;
use crate::services::Services;
use crate::use_case::{Invocation, Trigger, UseCase};

/// A bus that remembers what was published, after checking it against its schema in `events/`; and that can
/// be told to be down.
#[derive(Default)]
pub struct RecordingBus {
    published: Mutex<Vec<Envelope>>,
    down: Mutex<bool>,
}

impl RecordingBus {
    /// Nothing published yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Takes the bus down, or up again.
    pub fn set_down(&self, down: bool) {
        *self.down.lock().unwrap() = down;
    }

    /// What was published so far.
    pub fn events(&self) -> Vec<Envelope> {
        self.published.lock().unwrap().clone()
    }

    /// The types of what was published so far, in order.
    pub fn kinds(&self) -> Vec<String> {
        self.events().into_iter().map(|e| e.kind).collect()
    }
}

#[async_trait]
impl EventBus for RecordingBus {
    async fn publish(&self, events: &[Envelope]) -> Vec<EventId> {
        if *self.down.lock().unwrap() {
            return Vec::new();
        }
        for event in events {
            assert_valid_event(&serde_json::to_value(event).unwrap());
        }
        self.published.lock().unwrap().extend_from_slice(events);
        events.iter().map(|e| e.id).collect()
    }
}

/// Stops the test unless the envelope is valid against `events/<type>.schema.json`.
pub fn assert_valid_event(envelope: &Value) {
    let kind = envelope["type"].as_str().expect("an event has a type");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let read = |name: &str| -> Value {
        let text = std::fs::read_to_string(folder.join(name))
            .unwrap_or_else(|e| panic!("events/{name} can't be read: {e}"));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("events/{name} is not JSON: {e}"))
    };
    let schema = read(&format!("{kind}.schema.json"));
    let common = jsonschema::Resource::from_contents(read("envelope.schema.json"));
    let registry = jsonschema::Registry::new()
        .add("json-schema:///envelope.schema.json", common)
        .expect("the envelope's schema is a resource")
        .prepare()
        .expect("the envelope's schema has no loose ends");
    let validator = jsonschema::options()
        .with_registry(&registry)
        .with_base_uri("json-schema:///event.schema.json")
        .should_validate_formats(true)
        .build(&schema)
        .unwrap_or_else(|e| panic!("events/{kind}.schema.json is no schema: {e}"));
    let errors: Vec<_> =
        validator.iter_errors(envelope).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{kind} breaks its schema: {errors:?}\n{envelope:#}");
}

/// A caller in a test.
#[derive(Clone, Debug)]
pub enum As {
    /// Nobody.
    Nobody,
    /// Somebody signed in.
    User(UserId, Role),
    /// One of our services.
    Service(&'static str),
}

/// What a route answered.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Status.
    pub status: u16,
    /// Lower-cased headers.
    pub headers: HashMap<String, String>,
    /// The whole body; `null` when it isn't JSON.
    pub body: Value,
    /// The whole body as a client gets it, as far as it is text.
    pub text: String,
    /// The whole body as a client gets it.
    pub bytes: Vec<u8>,
}

impl Answered {
    /// `data` of a success; stops the test at anything else.
    pub fn data(&self) -> &Value {
        assert!((200..300).contains(&self.status), "answered {}: {:#}", self.status, self.body);
        &self.body["data"]
    }

    /// The slug of the problem; stops the test at a success.
    pub fn problem(&self) -> &str {
        let urn = self.body["type"].as_str().unwrap_or_else(|| panic!("no problem: {:#}", self.body));
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["status"], self.status);
        urn.rsplit(':').next().unwrap_or_default()
    }

    /// The names of the fields that were found wrong.
    pub fn bad_fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|e| e["field"].as_str()).collect()
    }
}

/// A request in a test; the path is the use case's own with the parameters filled in.
#[derive(Clone, Debug)]
pub struct TestRequest {
    caller: As,
    path: HashMap<String, String>,
    query: HashMap<String, String>,
    headers: HashMap<String, String>,
    body: Option<String>,
    session: Option<Uuid>,
    access_version: i64,
}

impl TestRequest {
    /// Of this caller.
    pub fn new(caller: As) -> Self {
        Self {
            caller,
            path: HashMap::new(),
            query: HashMap::new(),
            headers: HashMap::new(),
            body: None,
            session: None,
            access_version: 1,
        }
    }

    /// With a token of this session (the claim `origin_jti`); the user's id, when this isn't said.
    #[must_use]
    pub fn session(mut self, session: Uuid) -> Self {
        self.session = Some(session);
        self
    }

    /// With a token of this access version; 1, when this isn't said.
    #[must_use]
    pub fn access_version(mut self, version: i64) -> Self {
        self.access_version = version;
        self
    }

    /// With a path parameter.
    #[must_use]
    pub fn path(mut self, name: &str, value: impl ToString) -> Self {
        self.path.insert(name.to_owned(), value.to_string());
        self
    }

    /// With a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.insert(name.to_owned(), value.to_string());
        self
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.insert(name.to_lowercase(), value.to_string());
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.raw(body.to_string()).header("content-type", "application/json")
    }

    /// With the body of a form; a name may come several times.
    #[must_use]
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.raw(body).header("content-type", "application/x-www-form-urlencoded")
    }

    /// With a body as it is.
    #[must_use]
    pub fn raw(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends it to a use case.
    pub async fn send<S: Services>(self, use_case: &UseCase<S>, services: &Arc<S>) -> Answered {
        let Trigger::Http(http) = &use_case.meta.trigger else {
            panic!("{} is no route", use_case.meta.name)
        };
        let mut path = http.path.to_owned();
        for (name, value) in &self.path {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        let authorizer = match &self.caller {
            As::Nobody => Value::Null,
            As::User(id, role) => json!({ "jwt": { "claims": {
                "sub": format!("sub-{id}"), "user_id": id, "role": role, "token_use": "access",
                "origin_jti": self.session.unwrap_or(id.0),
                "access_version": self.access_version.to_string() } } }),
            As::Service(name) => json!({ "iam": { "userArn":
                format!("arn:aws:sts::000000000000:assumed-role/{name}/session") } }),
        };
        let event = json!({
            "version": "2.0",
            "rawPath": path,
            "headers": self.headers,
            "pathParameters": self.path,
            "queryStringParameters": self.query,
            "body": self.body,
            "isBase64Encoded": false,
            "requestContext": {
                "requestId": "test-request",
                "http": { "method": http.method.as_str(), "sourceIp": "192.0.2.1" },
                "authorizer": authorizer,
            },
        });
        let answer = invoke(use_case, services, event).await.expect("a route answers");
        let headers: HashMap<String, String> =
            serde_json::from_value(answer["headers"].clone()).expect("headers");
        let sent = answer["body"].as_str().expect("a body");
        let bytes = match answer["isBase64Encoded"] == true {
            true => base64::engine::general_purpose::STANDARD.decode(sent).expect("base64"),
            false => sent.as_bytes().to_vec(),
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = match headers["content-type"].contains("json") && !text.is_empty() {
            true => serde_json::from_str(&text).expect("a JSON body"),
            false => Value::Null,
        };
        let status = answer["statusCode"].as_u64().and_then(|s| u16::try_from(s).ok()).expect("a status");
        Answered { status, headers, body, text, bytes }
    }
}

/// Invokes any use case with an event as it is.
pub async fn invoke<S: Services>(
    use_case: &UseCase<S>,
    services: &Arc<S>,
    event: Value,
) -> Result<Value, Fault> {
    let invocation = Invocation { request_id: "test-invocation".to_owned(), event };
    use_case.call(Arc::clone(services), invocation).await
}

/// Gives events to a consumer, as a queue would; answers with the number of those that it could not consume.
pub async fn deliver<S: Services>(use_case: &UseCase<S>, services: &Arc<S>, events: &[Envelope]) -> usize {
    let records: Vec<_> = events
        .iter()
        .map(|event| {
            let body = json!({ "detail-type": event.kind, "detail": event }).to_string();
            json!({ "messageId": event.id, "body": body })
        })
        .collect();
    let answer =
        invoke(use_case, services, json!({ "Records": records })).await.expect("a batch is answered");
    answer["batchItemFailures"].as_array().map_or(0, Vec::len)
}

/// Tells of files that came into a bucket, as S3 does through a queue, each in a message of its own; answers
/// with the number of those that failed.
pub async fn upload<S: Services>(use_case: &UseCase<S>, services: &Arc<S>, keys: &[&str]) -> usize {
    let records: Vec<_> = keys
        .iter()
        .enumerate()
        .map(|(nth, key)| {
            let object = json!({ "key": key, "size": 1, "eTag": "e", "sequencer": "0" });
            let record = json!({ "eventName": "ObjectCreated:Post",
                "s3": { "bucket": { "name": "files" }, "object": object } });
            json!({ "messageId": nth.to_string(), "body": json!({ "Records": [record] }).to_string() })
        })
        .collect();
    let answer =
        invoke(use_case, services, json!({ "Records": records })).await.expect("a batch is answered");
    answer["batchItemFailures"].as_array().map_or(0, Vec::len)
}
