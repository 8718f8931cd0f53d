//! Calls to the API, each answer of which is held against the contract.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

use super::answers;
use super::aws::{Credentials, signed};
use super::copy::Copy;

/// An answer, whatever it is.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The text of an answer that is a page with this status.
    #[track_caller]
    pub fn page(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{:#}", self.body);
        assert!(self.header("content-type").is_some_and(|it| it.starts_with("text/html")), "{self:?}");
        self.body.as_str().unwrap()
    }

    /// The data of a success with this status.
    #[track_caller]
    pub fn data(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        &self.body["data"]
    }

    /// That it is this problem, by the last part of its type.
    #[track_caller]
    pub fn is_problem(&self, status: u16, slug: &str) {
        let kind = format!("urn:lectern:problem:{slug}");
        assert_eq!(
            (self.status, self.body["type"].as_str()),
            (status, Some(kind.as_str())),
            "{:#}",
            self.body
        );
    }
}

/// How a caller shows who it is.
#[derive(Clone, Copy)]
pub enum Authorization<'a> {
    Nothing,
    Token(&'a str),
    Signature(&'a Credentials),
}

/// A call.
#[derive(Clone)]
pub struct Call<'a> {
    pub method: &'a str,
    pub path: String,
    pub body: Option<Value>,
    /// Instead of a body in JSON: what a browser sends of a form.
    pub form: Option<Vec<(String, String)>>,
    pub authorization: Authorization<'a>,
    pub headers: Vec<(String, String)>,
}

impl<'a> Call<'a> {
    pub fn new(method: &'a str, path: impl Into<String>) -> Self {
        let (path, authorization) = (path.into(), Authorization::Nothing);
        Self { method, path, body: None, form: None, authorization, headers: Vec::new() }
    }

    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    pub fn form(mut self, fields: Vec<(String, String)>) -> Self {
        self.form = Some(fields);
        self
    }

    pub fn signature(mut self, credentials: &'a Credentials) -> Self {
        self.authorization = Authorization::Signature(credentials);
        self
    }

    pub fn token(mut self, token: &'a str) -> Self {
        self.authorization = Authorization::Token(token);
        self
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// The API. Each test has a client of its own, since each has a runtime of its own.
#[derive(Clone)]
pub struct Api {
    http: reqwest::Client,
}

impl Api {
    pub fn new() -> Self {
        // Above the longest that API Gateway waits.
        // Where an answer sends on to is the test's to look at.
        let redirects = reqwest::redirect::Policy::none();
        let http =
            reqwest::Client::builder().timeout(Duration::from_secs(40)).redirect(redirects).build().unwrap();
        Self { http }
    }

    /// Makes a call. A `POST` gets an idempotency key, if it brings none.
    pub async fn call(&self, call: Call<'_>) -> Answer {
        let answer = self.try_call(&call).await.unwrap_or_else(|error| panic!("{}: {error:?}", call.path));
        answers::check(call.method, &call.path, &answer);
        answer
    }

    /// The same while parts of the platform are broken: there may be no answer, or one of the emulator's own.
    pub async fn try_call(&self, call: &Call<'_>) -> Result<Answer, reqwest::Error> {
        let url = format!("{}{}", Copy::get().api, call.path);
        let method: Method = call.method.parse().unwrap();
        let mut request = self.http.request(method, url);
        let has_key = call.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("idempotency-key"));
        if call.method == "POST" && !has_key {
            request = request.header("idempotency-key", Uuid::new_v4().to_string());
        }
        if let Some(body) = &call.body {
            let has_type = call.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            let media_type = (!has_type).then_some("application/json");
            request = request.body(body.to_string());
            request = media_type.into_iter().fold(request, |request, it| request.header("content-type", it));
        }
        if let Some(fields) = &call.form {
            request = request.form(fields);
        }
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Authorization::Token(token) = call.authorization {
            request = request.bearer_auth(token);
        }
        let mut request = request.build()?;
        if let Authorization::Signature(credentials) = call.authorization {
            request = signed(request, "execute-api", credentials);
        }
        let answer = self.http.execute(request).await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Answer { status, headers, body })
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.call(Call::new("GET", path).token(token)).await
    }

    pub async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call(Call::new("POST", path).token(token).body(body)).await
    }

    pub async fn put(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call(Call::new("PUT", path).token(token).body(body)).await
    }

    pub async fn delete(&self, path: &str, token: &str) -> Answer {
        self.call(Call::new("DELETE", path).token(token)).await
    }

    /// What anybody may read.
    pub async fn read(&self, path: &str) -> Answer {
        self.call(Call::new("GET", path)).await
    }
}
