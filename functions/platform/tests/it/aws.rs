//! What the ports say to AWS, and what they make of its answers. The shapes are those of AWS's API references.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use lectern_domain::event::{AggregateRef, Envelope};
use lectern_domain::id::EventId;
use lectern_domain::time::Instant;
use lectern_platform::event_store::{DynamoDb, EventStore as _, Record};
use lectern_platform::health_checks::{Checked, DatabaseHealth, HealthChecks as _, LambdaChecks};
use lectern_platform::parameters::{Parameters as _, Ssm};
use lectern_runtime::config::Env;
use serde_json::{Value, json};
use uuid::Uuid;

/// One request, as it came.
struct Asked {
    /// Request line and headers, in lower case.
    head: String,
    body: Value,
}

/// Answers one request, and gives it.
struct Aws {
    url: String,
    serving: JoinHandle<Asked>,
}

impl Aws {
    fn that_answers(status: &'static str, header: &'static str, body: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let body = body.to_string();
        let serving = std::thread::spawn(move || {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert_ne!(stream.read_line(&mut head).unwrap(), 0, "cut short: {head}");
            }
            let head = head.to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let mut bytes = vec![0; length.parse().unwrap()];
            stream.read_exact(&mut bytes).unwrap();
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\n{header}connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            );
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            Asked { head, body: serde_json::from_slice(&bytes).unwrap() }
        });
        Self { url, serving }
    }

    fn that_is_content(body: &Value) -> Self {
        Self::that_answers("200 OK", "", body)
    }

    fn that_refuses(kind: &str) -> Self {
        Self::that_answers("400 Bad Request", "", &json!({ "__type": kind, "message": "refused" }))
    }

    fn asked(self) -> Asked {
        self.serving.join().unwrap()
    }
}

macro_rules! client {
    ($service:ident, $aws:expr) => {{
        use $service::config::{BehaviorVersion, Credentials, Region};
        $service::Client::from_conf(
            $service::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(Credentials::new("test", "test", None, None, "test"))
                .endpoint_url(&$aws.url)
                .build(),
        )
    }};
}

fn env() -> Arc<Env> {
    Arc::new(Env::of(&[("EVENT_STORE_TABLE", "events"), ("STAGE", "test")]))
}

fn dynamo_db(aws: &Aws) -> DynamoDb {
    DynamoDb::with_client(env(), client!(aws_sdk_dynamodb, aws))
}

fn ssm(aws: &Aws) -> Ssm {
    Ssm::with_client(env(), client!(aws_sdk_ssm, aws))
}

fn lambda(aws: &Aws) -> LambdaChecks {
    LambdaChecks::with_client(env(), client!(aws_sdk_lambda, aws))
}

fn record() -> Record {
    let at = Instant::parse("2027-01-31T12:00:00Z").unwrap();
    let event = Envelope {
        id: EventId(Uuid::from_u128(9)),
        kind: "lesson.scheduled".to_owned(),
        version: 1,
        occurred_at: at,
        aggregate: AggregateRef { kind: "lesson".to_owned(), id: Uuid::from_u128(7), sequence: 2 },
        actor: "anonymous".to_owned(),
        correlation_id: "request-1".to_owned(),
        causation_id: "request-1".to_owned(),
        data: json!({}),
    };
    Record::of(&event, at.get()).unwrap()
}

#[tokio::test]
async fn a_fresh_event_is_put_only_where_there_is_none() {
    let aws = Aws::that_is_content(&json!({}));
    let record = record();
    assert!(dynamo_db(&aws).append(&record).await.unwrap());

    let asked = aws.asked();
    assert!(asked.head.contains("x-amz-target: dynamodb_20120810.putitem"), "{}", asked.head);
    assert_eq!(
        asked.body,
        json!({
            "TableName": "events",
            "ConditionExpression": "attribute_not_exists(pk)",
            "Item": {
                "pk": { "S": record.pk }, "sk": { "S": record.sk },
                "day": { "S": record.day }, "occurredAtId": { "S": record.occurred_at_id },
                "type": { "S": record.kind }, "actor": { "S": record.actor },
                "correlationId": { "S": record.correlation_id }, "recordedAt": { "S": record.recorded_at },
                "envelope": { "S": record.envelope },
            },
        })
    );
}

#[tokio::test]
async fn an_event_that_is_there_is_no_failure() {
    let aws = Aws::that_refuses("com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException");
    assert!(!dynamo_db(&aws).append(&record()).await.unwrap());
}

#[tokio::test]
async fn an_event_that_dynamodb_refuses_is_one() {
    let aws = Aws::that_refuses("com.amazonaws.dynamodb.v20120810#ResourceNotFoundException");
    let error = dynamo_db(&aws).append(&record()).await.unwrap_err();
    assert!(error.to_string().contains("ResourceNotFoundException"), "{error}");
}

#[tokio::test]
async fn a_parameter_is_read_decrypted() {
    let aws = Aws::that_is_content(&json!({ "Parameter": { "Name": "/a", "Value": "the value" } }));
    assert_eq!(ssm(&aws).get("/a").await.unwrap().as_deref(), Some("the value"));
    assert_eq!(aws.asked().body, json!({ "Name": "/a", "WithDecryption": true }));
}

#[tokio::test]
async fn a_parameter_that_is_not_there_is_none_and_one_that_may_not_be_read_is_a_failure() {
    let aws = Aws::that_refuses("ParameterNotFound");
    assert_eq!(ssm(&aws).get("/a").await.unwrap(), None);
    let aws = Aws::that_refuses("AccessDeniedException");
    assert!(ssm(&aws).get("/a").await.is_err());
}

#[tokio::test]
async fn a_secret_is_made_encrypted_and_never_over_another() {
    let aws = Aws::that_is_content(&json!({ "Version": 1, "Tier": "Standard" }));
    assert!(ssm(&aws).make("/a", "the value").await.unwrap());
    let expected = json!({ "Name": "/a", "Value": "the value", "Type": "SecureString", "Overwrite": false });
    assert_eq!(aws.asked().body, expected);

    let aws = Aws::that_refuses("ParameterAlreadyExists");
    assert!(!ssm(&aws).make("/a", "another value").await.unwrap());
    let aws = Aws::that_refuses("AccessDeniedException");
    let error = ssm(&aws).make("/a", "another value").await.unwrap_err();
    assert!(!error.to_string().contains("another value"), "{error}");
}

#[tokio::test]
async fn a_context_is_asked_by_invoking_its_check() {
    let said = json!({ "context": "booking", "database": "up", "schemaVersion": 4, "outboxWaiting": 2 });
    let aws = Aws::that_is_content(&said);
    let checked = lambda(&aws).check("booking").await.unwrap();
    let expected = Checked { database: DatabaseHealth::Up, schema_version: Some(4), outbox_waiting: Some(2) };
    assert_eq!(checked, expected);

    let asked = aws.asked();
    let line = "post /2015-03-31/functions/lectern-test-check-booking-health/invocations ";
    assert!(asked.head.starts_with(line), "{}", asked.head);
    assert_eq!(asked.body, json!({}));
}

#[tokio::test]
async fn a_check_that_breaks_or_answers_nonsense_is_a_failure() {
    let error = json!({ "errorType": "Transient", "errorMessage": "…" });
    let aws = Aws::that_answers("200 OK", "x-amz-function-error: Unhandled\r\n", &error);
    assert!(lambda(&aws).check("booking").await.is_err());
    let aws = Aws::that_is_content(&json!({ "database": "dancing" }));
    assert!(lambda(&aws).check("booking").await.is_err());
    let aws = Aws::that_refuses("ResourceNotFoundException");
    assert!(lambda(&aws).check("booking").await.is_err());
}
