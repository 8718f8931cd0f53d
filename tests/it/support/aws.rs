//! The emulator of AWS, as an operator uses it: Signature Version 4, no SDK.

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::{Value, json};

use super::copy::Copy;

pub use aws_credential_types::Credentials;

const REGION: &str = "us-east-1";

/// Whoever started the emulator.
pub fn operator() -> Credentials {
    Credentials::new("test", "test", None, None, "tests")
}

/// Signs a request.
pub fn signed(request: reqwest::Request, service: &str, credentials: &Credentials) -> reqwest::Request {
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default().to_vec();
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let headers = request.headers().iter().filter_map(|(n, v)| Some((n.as_str(), v.to_str().ok()?)));
    let signable = SignableRequest::new(
        request.method().as_str(),
        request.url().to_string(),
        headers,
        SignableBody::Bytes(&body),
    );
    let (instructions, _signature) = sign(signable.unwrap(), &parameters).unwrap().into_parts();
    let mut signed = http::Request::builder().method(request.method()).uri(request.url().as_str());
    for (name, value) in request.headers() {
        signed = signed.header(name, value);
    }
    let mut signed = signed.body(body).unwrap();
    instructions.apply_to_request_http1x(&mut signed);
    reqwest::Request::try_from(signed).unwrap()
}

/// AWS, as its root.
#[derive(Clone)]
pub struct Aws {
    http: reqwest::Client,
}

impl Aws {
    pub fn new() -> Self {
        Self { http: reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap() }
    }

    async fn send(&self, service: &str, request: reqwest::RequestBuilder) -> reqwest::Response {
        let request = signed(request.build().unwrap(), service, &operator());
        self.http.execute(request).await.unwrap()
    }

    /// A call in JSON: `target` is the `X-Amz-Target`.
    pub async fn json(&self, service: &str, target: &str, body: &Value) -> Value {
        let request = self
            .http
            .post(&Copy::get().emulator)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", target)
            .body(body.to_string());
        let answer = self.send(service, request).await;
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{target}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// A call in forms and XML, such as IAM's and STS's.
    pub async fn form(&self, service: &str, parameters: &[(&str, &str)]) -> String {
        let request = self.http.post(format!("{}/", Copy::get().emulator)).form(parameters);
        let answer = self.send(service, request).await;
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{parameters:?}: {status} {text}");
        text
    }

    fn function(use_case: &str, what: &str) -> String {
        format!("{}/2015-03-31/functions/lectern-local-{use_case}/{what}", Copy::get().emulator)
    }

    /// Runs a function as an operator or a schedule does; what it says, or how it failed.
    pub async fn try_invoke(&self, use_case: &str, event: &Value) -> Result<Value, Value> {
        let request = self.http.post(Self::function(use_case, "invocations")).body(event.to_string());
        let answer = self.send("lambda", request).await;
        let failed = !answer.status().is_success() || answer.headers().contains_key("x-amz-function-error");
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        if failed { Err(body) } else { Ok(body) }
    }

    pub async fn invoke(&self, use_case: &str, event: &Value) -> Value {
        let answer = self.try_invoke(use_case, event).await;
        answer.unwrap_or_else(|error| panic!("{use_case} failed: {error}"))
    }

    /// A function's own environment variables.
    pub async fn environment(&self, use_case: &str) -> Value {
        let answer = self.send("lambda", self.http.get(Self::function(use_case, "configuration"))).await;
        answer.json::<Value>().await.unwrap()["Environment"]["Variables"].take()
    }

    pub async fn set_environment(&self, use_case: &str, variables: &Value) {
        let body = json!({ "Environment": { "Variables": variables } }).to_string();
        let request = self.http.put(Self::function(use_case, "configuration")).body(body);
        let answer = self.send("lambda", request).await;
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// The name of the role of a function.
    pub async fn role(&self, use_case: &str) -> String {
        let answer = self.send("lambda", self.http.get(Self::function(use_case, "configuration"))).await;
        let arn = answer.json::<Value>().await.unwrap()["Role"].as_str().unwrap().to_owned();
        arn.rsplit('/').next().unwrap().to_owned()
    }

    /// Credentials of a role.
    pub async fn assume(&self, role: &str) -> Credentials {
        let arn = format!("arn:aws:iam::000000000000:role/{role}");
        let parameters = [
            ("Action", "AssumeRole"),
            ("Version", "2011-06-15"),
            ("RoleArn", arn.as_str()),
            ("RoleSessionName", "tests"),
        ];
        let answer = self.form("sts", &parameters).await;
        let of = |name: &str| between(&answer, name).unwrap_or_else(|| panic!("no {name} in {answer}"));
        Credentials::new(of("AccessKeyId"), of("SecretAccessKey"), Some(of("SessionToken")), None, "tests")
    }

    /// Credentials of a service of the tests' own that may call every internal route. Those of the platform may call
    /// the few that they need.
    pub async fn service(&self) -> Credentials {
        const ROLE: &str = "lectern-tests-service";
        let anybody = json!({ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole" });
        let internal = json!({ "Effect": "Allow", "Action": "execute-api:Invoke",
            "Resource": "arn:aws:execute-api:us-east-1:000000000000:*/*/*/internal/*" });
        let document =
            |statement: Value| json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let (trust, policy) = (document(anybody), document(internal));
        let version = ("Version", "2010-05-08");
        let role =
            [("Action", "CreateRole"), version, ("RoleName", ROLE), ("AssumeRolePolicyDocument", &trust)];
        // It may be there from another test.
        let made = self.http.post(format!("{}/", Copy::get().emulator)).form(&role);
        let made = self.send("iam", made).await.status().as_u16();
        assert!(matches!(made, 200 | 409), "{made}");
        let right = [
            ("Action", "PutRolePolicy"),
            version,
            ("RoleName", ROLE),
            ("PolicyName", "internal"),
            ("PolicyDocument", &policy),
        ];
        self.form("iam", &right).await;
        self.assume(ROLE).await
    }

    /// The account of the user pool with an email, if there is one.
    pub async fn pool_account(&self, email: &str) -> Option<Value> {
        let query =
            json!({ "UserPoolId": Copy::get().user_pool(), "Filter": format!("email = \"{email}\"") });
        let target = "AWSCognitoIdentityProviderService.ListUsers";
        let answer = self.json("cognito-idp", target, &query).await;
        answer["Users"].as_array().unwrap().first().cloned()
    }

    /// The events of an aggregate in the event store, in their order.
    pub async fn events(&self, aggregate: &str, id: &str) -> Vec<Value> {
        let query = json!({
            "TableName": "lectern-local-event-store",
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": { ":pk": { "S": format!("{aggregate}#{id}") } },
            "ConsistentRead": true,
        });
        let answer = self.json("dynamodb", "DynamoDB_20120810.Query", &query).await;
        let items = answer["Items"].as_array().cloned().unwrap_or_default();
        items
            .iter()
            .map(|item| serde_json::from_str(item["envelope"]["S"].as_str().unwrap()).unwrap())
            .collect()
    }

    /// Puts an event on the bus, as a context does.
    pub async fn publish(&self, source: &str, event: &Value) {
        let entry = json!({
            "EventBusName": "lectern-local", "Source": source, "DetailType": event["type"],
            "Detail": event.to_string(),
        });
        let answer = self.json("events", "AWSEvents.PutEvents", &json!({ "Entries": [entry] })).await;
        assert_eq!(answer["FailedEntryCount"], 0, "{answer}");
    }

    /// Every event of a kind in the event store, in no order.
    pub async fn all_events(&self, kind: &str) -> Vec<Value> {
        let items = self.scan("lectern-local-event-store").await;
        let events = items.iter().filter_map(|item| item["envelope"]["S"].as_str());
        let events = events.map(|text| serde_json::from_str::<Value>(text).unwrap());
        events.filter(|event| event["type"] == kind).collect()
    }

    /// Every item of a table.
    pub async fn scan(&self, table: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut query = json!({ "TableName": table, "ConsistentRead": true });
        loop {
            let answer = self.json("dynamodb", "DynamoDB_20120810.Scan", &query).await;
            items.extend(answer["Items"].as_array().cloned().unwrap_or_default());
            let last = &answer["LastEvaluatedKey"];
            if last.is_null() {
                return items;
            }
            query["ExclusiveStartKey"] = last.clone();
        }
    }

    /// An object of S3, or a list of them: the answer to a `GET` of a path.
    pub async fn object(&self, path: &str) -> (u16, Vec<u8>) {
        let request = self.http.get(format!("{}{path}", Copy::get().emulator));
        let answer = self.send("s3", request).await;
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    }

    /// What became of an execution of a state machine.
    pub async fn execution(&self, arn: &str) -> String {
        let answer =
            self.json("states", "AWSStepFunctions.DescribeExecution", &json!({ "executionArn": arn })).await;
        answer["status"].as_str().unwrap().to_owned()
    }
}

fn between(xml: &str, name: &str) -> Option<String> {
    let after = xml.split_once(&format!("<{name}>"))?.1;
    Some(after.split_once("</")?.0.to_owned())
}
