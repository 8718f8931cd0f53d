//! HTTP in and out: the event of API Gateway (payload 2.0) becomes a typed request, the typed answer becomes
//! the response.

use std::collections::HashMap;

use base64::Engine as _;
use deserr::Deserr;
use jiff::Timestamp;
use lectern_domain::field::FieldErrors;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::problem::{self, Problem, ProblemType};
use crate::revocation::AccessToken;

/// Largest body that is taken, in bytes. API Gateway itself takes 10 MiB; nothing of ours is near this.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// Longest idempotency key (Stripe's limit, which clients know).
const IDEMPOTENCY_KEY_LENGTH_MAX: usize = 255;

/// The event of an HTTP API with payload format 2.0; the part of it that we use, as AWS documents it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The path as it was asked for, the stage in front of it where the gateway leaves it there.
    #[serde(default)]
    pub raw_path: String,
    /// Lower-cased names.
    #[serde(default)]
    pub headers: HashMap<String, String>,
    /// Decoded path parameters.
    #[serde(default)]
    pub path_parameters: Option<HashMap<String, String>>,
    /// Decoded query parameters; a repeated one is joined with commas.
    #[serde(default)]
    pub query_string_parameters: Option<HashMap<String, String>>,
    /// The body, if any.
    #[serde(default)]
    pub body: Option<String>,
    /// Whether the body is in base64.
    #[serde(default)]
    pub is_base64_encoded: bool,
    /// What the gateway knows.
    pub request_context: RequestContext,
}

/// What the gateway knows of a request.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestContext {
    /// The gateway's id of the request.
    #[serde(default)]
    pub request_id: String,
    /// Method and address.
    pub http: HttpContext,
    /// Who was authorized, and how.
    #[serde(default)]
    pub authorizer: Option<Authorizer>,
}

/// Method and address.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpContext {
    /// `POST`.
    #[serde(default)]
    pub method: String,
    /// The client's address, as the gateway saw it.
    #[serde(default)]
    pub source_ip: String,
}

/// What an authorizer found.
#[derive(Clone, Debug, Deserialize)]
pub struct Authorizer {
    /// A token's claims.
    pub jwt: Option<Jwt>,
    /// A signature's role.
    pub iam: Option<Iam>,
}

/// The claims of a token that the gateway has checked.
#[derive(Clone, Debug, Deserialize)]
pub struct Jwt {
    /// Every claim as text.
    pub claims: HashMap<String, String>,
}

/// Whose signature the gateway has checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Iam {
    /// The role session.
    pub user_arn: Option<String>,
}

impl Event {
    /// The claims of the token, when the route wants one.
    pub fn claims(&self) -> Option<&HashMap<String, String>> {
        self.request_context.authorizer.as_ref()?.jwt.as_ref().map(|jwt| &jwt.claims)
    }

    /// The role that signed, when the route wants IAM.
    pub fn iam_arn(&self) -> Option<&str> {
        self.request_context.authorizer.as_ref()?.iam.as_ref()?.user_arn.as_deref()
    }

    /// A header by its lower-cased name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str).or_else(|| {
            self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
        })
    }

    /// The body's bytes.
    pub fn body_bytes(&self) -> Result<Vec<u8>, Problem> {
        let text = self.body.as_deref().unwrap_or_default();
        let bytes = if self.is_base64_encoded {
            base64::engine::general_purpose::STANDARD
                .decode(text)
                .map_err(|_| Problem::new(&problem::MALFORMED).detail("The body could not be decoded."))?
        } else {
            text.as_bytes().to_vec()
        };
        if bytes.len() > BODY_BYTES_MAX {
            return Err(Problem::new(&problem::TOO_LARGE)
                .detail(format!("The body may have at most {BODY_BYTES_MAX} bytes.")));
        }
        Ok(bytes)
    }
}

/// No path parameters, no query, or no body.
#[derive(Clone, Copy, Debug, Default, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub struct Nothing {}

/// The bytes of the body as they came, for signatures.
#[derive(Clone, Debug)]
pub struct Raw(pub Vec<u8>);

/// What a use case can take as its body.
pub trait Body: Sized + Send + 'static {
    /// What the client sends it as.
    const MEDIA_TYPE: &'static str = "application/json";
    /// Reads it: the outer error is about the whole, the inner about fields.
    fn read(event: &Event) -> Result<Result<Self, FieldErrors>, Problem>;
    /// Describes it for the contract.
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

impl<T: Deserr<FieldErrors> + JsonSchema + Send + 'static> Body for T {
    fn read(event: &Event) -> Result<Result<Self, FieldErrors>, Problem> {
        let bytes = event.body_bytes()?;
        let value = if bytes.is_empty() {
            Value::Object(Map::new())
        } else {
            let json = event.header("content-type").is_some_and(is_json);
            if !json {
                return Err(Problem::new(&problem::UNSUPPORTED_MEDIA_TYPE)
                    .detail("The body must be application/json."));
            }
            serde_json::from_slice(&bytes).map_err(|e| {
                Problem::new(&problem::MALFORMED).detail(format!("The body is not JSON: {e}."))
            })?
        };
        Ok(deserr::deserialize(value))
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Self>()
    }
}

impl Body for Raw {
    fn read(event: &Event) -> Result<Result<Self, FieldErrors>, Problem> {
        Ok(Ok(Self(event.body_bytes()?)))
    }

    fn schema(_generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "object" })
    }
}

fn is_json(content_type: &str) -> bool {
    let media_type = media_type(content_type);
    media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

/// A content type without its parameters, in lower case.
pub(crate) fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A parsed request: path parameters, query and body, all valid.
#[derive(Debug)]
pub struct Request<P = Nothing, Q = Nothing, B = Nothing> {
    /// Path parameters.
    pub path: P,
    /// Query.
    pub query: Q,
    /// Body.
    pub body: B,
    /// The version that the client has seen (`If-Match`).
    pub if_match: Option<i64>,
    /// The idempotency key; always there in use cases that are declared idempotent.
    pub idempotency: Option<IdempotencyKey>,
    /// Headers, for the few use cases that read one of their own (a webhook's signature).
    pub headers: HashMap<String, String>,
    /// The access token that it came with; always there where the caller is a person with a role.
    pub token: Option<AccessToken>,
}

/// A client's idempotency key, and what it was sent with.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// As the client sent it.
    pub key: String,
    /// SHA-256 of method, path and body: the same key with another request is a mistake of the client's.
    pub fingerprint: [u8; 32],
}

impl<P, Q, B> Request<P, Q, B> {
    /// The idempotency key of a use case that is declared `.idempotent()`.
    pub fn idempotency_key(&self) -> Result<&IdempotencyKey, Problem> {
        self.idempotency.as_ref().ok_or_else(|| Problem::new(&problem::IDEMPOTENCY_KEY_MISSING))
    }
}

/// Reads all of a request; every wrong field of path, query and body is named in one problem.
pub fn read_request<P, Q, B>(event: &Event, idempotent: bool) -> Result<Request<P, Q, B>, Problem>
where
    P: Deserr<FieldErrors>,
    Q: Deserr<FieldErrors>,
    B: Body,
{
    let if_match = event.header("if-match").map(read_etag).transpose()?;
    let idempotency = if idempotent { Some(read_idempotency_key(event)?) } else { None };
    let body = B::read(event)?;
    let path = deserr::deserialize(object(event.path_parameters.as_ref()));
    let query = deserr::deserialize(object(event.query_string_parameters.as_ref()));
    match (path, query, body) {
        (Ok(path), Ok(query), Ok(body)) => {
            let (headers, token) = (event.headers.clone(), AccessToken::of(event));
            Ok(Request { path, query, body, if_match, idempotency, headers, token })
        }
        (path, query, body) => {
            let mut all = FieldErrors::default();
            all.0.extend(path.err().into_iter().flat_map(|e: FieldErrors| e.0));
            all.0.extend(query.err().into_iter().flat_map(|e: FieldErrors| e.0));
            all.0.extend(body.err().into_iter().flat_map(|e| e.0));
            Err(all.into())
        }
    }
}

fn object(parameters: Option<&HashMap<String, String>>) -> Value {
    let members = parameters.into_iter().flatten().map(|(k, v)| (k.clone(), Value::String(v.clone())));
    Value::Object(members.collect())
}

fn read_etag(header: &str) -> Result<i64, Problem> {
    header.trim().trim_start_matches("W/").trim_matches('"').parse().map_err(|_| {
        Problem::new(&problem::MALFORMED)
            .detail("If-Match must be the ETag that an earlier answer carried, like \"3\".")
    })
}

fn read_idempotency_key(event: &Event) -> Result<IdempotencyKey, Problem> {
    let key = event.header("idempotency-key").map(str::trim).unwrap_or_default();
    if key.is_empty() {
        return Err(Problem::new(&problem::IDEMPOTENCY_KEY_MISSING)
            .detail("Send an Idempotency-Key header, a fresh UUID for each new request."));
    }
    let printable = key.bytes().all(|b| (0x21..=0x7e).contains(&b));
    if key.len() > IDEMPOTENCY_KEY_LENGTH_MAX || !printable {
        return Err(Problem::new(&problem::MALFORMED)
            .detail("The Idempotency-Key must have 1 to 255 printable ASCII characters."));
    }
    let mut hash = Sha256::new();
    hash.update(event.request_context.http.method.as_bytes());
    hash.update([0]);
    hash.update(event.raw_path.as_bytes());
    hash.update([0]);
    hash.update(event.body_bytes()?);
    Ok(IdempotencyKey { key: key.to_owned(), fingerprint: hash.finalize().into() })
}

/// The typed answer of a use case: `data`, and the status as part of the type.
#[derive(Debug)]
pub struct Answer<T, const STATUS: u16 = 200> {
    data: Data<T>,
    headers: Vec<(&'static str, String)>,
}

/// 201.
pub type Created<T> = Answer<T, 201>;
/// 202.
pub type Accepted<T> = Answer<T, 202>;

#[derive(Debug)]
enum Data<T> {
    Fresh(T),
    Replayed(Value),
    Unchanged,
}

impl<T: Serialize, const STATUS: u16> Answer<T, STATUS> {
    /// With this data.
    pub fn new(data: T) -> Self {
        Self { data: Data::Fresh(data), headers: Vec::new() }
    }

    /// The data of an earlier answer to the same idempotency key, again.
    pub fn replay(data: Value) -> Self {
        let headers = vec![("idempotent-replayed", "true".to_owned())];
        Self { data: Data::Replayed(data), headers }
    }

    /// Adds the `ETag` of the version that the data shows.
    #[must_use]
    pub fn etag(mut self, version: i64) -> Self {
        self.headers.push(("etag", format!("\"{version}\"")));
        self
    }

    /// Lets anybody keep the answer for so many seconds; only for what is the same for every caller.
    #[must_use]
    pub fn cached(mut self, seconds: u32) -> Self {
        self.headers.push(("cache-control", format!("public, max-age={seconds}")));
        self
    }

    /// Leaves the data out (304) when the client says by `If-None-Match` that it has this very version.
    #[must_use]
    pub fn unless_known(mut self, request: &HashMap<String, String>) -> Self {
        let given = request.iter().find(|(name, _)| name.eq_ignore_ascii_case("if-none-match"));
        let etag = self.headers.iter().find(|(name, _)| *name == "etag").map(|(_, value)| value.as_str());
        let known = given.zip(etag).is_some_and(|((_, known), etag)| {
            known
                .split(',')
                .map(|each| each.trim().trim_start_matches("W/"))
                .any(|each| each == etag || each == "*")
        });
        if known {
            self.data = Data::Unchanged;
        }
        self
    }

    /// Adds where the new thing can be read.
    #[must_use]
    pub fn location(mut self, path: String) -> Self {
        self.headers.push(("location", path));
        self
    }
}

/// Makes the gateway's response.
pub trait IntoResponse {
    /// Status of success.
    const STATUS: u16;
    /// Content type of success, and of problems that look like it.
    const MEDIA_TYPE: &'static str = "application/json";
    /// All content types that success can have.
    const MEDIA_TYPES: &'static [&'static str] = &[Self::MEDIA_TYPE];
    /// The response of success.
    fn into_response(self, now: Timestamp) -> Result<Response, Problem>;
    /// How a problem of the route looks, whether it comes from the handler or from before it.
    fn problem(problem: &Problem, instance: &str, request_id: &str, now: Timestamp) -> Response {
        Response::of_problem(problem, instance, request_id, now)
    }
    /// Describes `data` for the contract.
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

impl<T: Serialize + JsonSchema, const STATUS: u16> IntoResponse for Answer<T, STATUS> {
    const STATUS: u16 = STATUS;

    fn into_response(self, now: Timestamp) -> Result<Response, Problem> {
        let (media_type, headers) = (Self::MEDIA_TYPE, self.headers);
        let data = match self.data {
            Data::Fresh(data) => serde_json::to_value(data).map_err(Problem::internal)?,
            Data::Replayed(data) => data,
            Data::Unchanged => {
                let content = Content::Text(String::new());
                return Ok(Response { status: 304, media_type, headers, content, problem: None });
            }
        };
        let content = Content::Json(json!({ "success": true, "data": data, "timestamp": now }));
        Ok(Response { status: STATUS, media_type, headers, content, problem: None })
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// What a response carries.
#[derive(Debug)]
pub enum Content {
    /// JSON.
    Json(Value),
    /// A text, as it is.
    Text(String),
    /// Bytes, which go to the gateway in base64.
    Bytes(Vec<u8>),
}

/// A response before it becomes the gateway's JSON.
#[derive(Debug)]
pub struct Response {
    /// Status.
    pub status: u16,
    /// The content type.
    pub media_type: &'static str,
    /// Headers besides the content type.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub content: Content,
    /// What went wrong, if something did; for the log.
    pub problem: Option<&'static ProblemType>,
}

impl Response {
    /// The response to a problem.
    pub fn of_problem(problem: &Problem, instance: &str, request_id: &str, now: Timestamp) -> Self {
        let mut headers = Vec::new();
        if let Some(seconds) = problem.retry_after_seconds() {
            headers.push(("retry-after", seconds.to_string()));
        }
        Self {
            status: problem.kind().status,
            media_type: "application/problem+json",
            headers,
            content: Content::Json(problem.body(instance, request_id, now)),
            problem: Some(problem.kind()),
        }
    }

    /// What the gateway takes. Answers are nobody else's to keep: `no-store`.
    pub fn into_gateway(self, request_id: &str) -> Value {
        let (body, is_base64) = match self.content {
            Content::Json(value) => (value.to_string(), false),
            Content::Text(text) => (text, false),
            Content::Bytes(bytes) => (base64::engine::general_purpose::STANDARD.encode(bytes), true),
        };
        let mut headers = Map::new();
        headers.insert("content-type".into(), self.media_type.into());
        headers.insert("cache-control".into(), "no-store".into());
        headers.insert("x-content-type-options".into(), "nosniff".into());
        headers.insert("x-request-id".into(), request_id.into());
        headers.extend(self.headers.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))));
        json!({
            "statusCode": self.status,
            "headers": headers,
            "body": body,
            "isBase64Encoded": is_base64,
        })
    }
}
