//! Files in S3: put, read, listed, deleted, given to people by links that end, and taken from people by forms
//! that say what may be sent ([`post`]).
//!
//! `rusty-s3` signs, `reqwest` sends. Every request is a signed link that is used at once, so errors carry no
//! address: whoever has one may do what its signer may.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_credential_types::provider::ProvideCredentials as _;
use jiff::{SignedDuration, Timestamp};
use reqwest::{RequestBuilder, Response};
use rusty_s3::actions::ListObjectsV2;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use tokio::sync::OnceCell;

use crate::config::{Env, describe};
use crate::fault::Fault;
use crate::problem::Problem;
use post::{Announced, PostForm, Signer};

pub mod post;
#[cfg(any(test, feature = "testing"))]
#[expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]
pub mod testing;
#[cfg(test)]
mod tests;

/// Longest time for one request: some megabytes over a slow line.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long a link of our own is good for, which is used at once: clocks may differ by so much.
const AT_ONCE: Duration = Duration::from_secs(60);

/// S3 can't be reached, or refused. Holds neither an address nor a key.
#[derive(Debug, thiserror::Error)]
#[error("the store of files: {0}")]
pub struct ObjectError(pub String);

impl From<ObjectError> for Fault {
    fn from(error: ObjectError) -> Self {
        Self::transient(error)
    }
}

impl From<ObjectError> for Problem {
    fn from(error: ObjectError) -> Self {
        Self::unavailable(error)
    }
}

/// What is under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A file with more bytes than were wanted.
    TooLarge,
    /// A file.
    File(Vec<u8>),
}

/// A bucket.
#[async_trait]
pub trait Objects: Send + Sync {
    /// Puts a file in, in the place of one with the same key.
    async fn put(&self, key: &str, content_type: &str, content: Vec<u8>) -> Result<(), ObjectError>;
    /// Reads a file of at most `most` bytes; of a larger one no more than that is fetched. The role needs
    /// `s3:ListBucket` with the key as prefix.
    async fn get(&self, key: &str, most: usize) -> Result<Found, ObjectError>;
    /// Deletes a file; one that isn't there is deleted already.
    async fn delete(&self, key: &str) -> Result<(), ObjectError>;
    /// The keys that begin so, all of them.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, ObjectError>;
    /// A link by which whoever has it can fetch the file from `at` on, for `life` (S3 takes 7 days at most),
    /// and which a browser saves under `file_name` (letters, digits, `-`, `.`). It ends earlier if the role's
    /// credentials do, which on Lambda live for hours. Asks nobody: that the file is there is for the caller
    /// to know.
    async fn presigned_get(
        &self,
        key: &str,
        file_name: &str,
        at: Timestamp,
        life: SignedDuration,
    ) -> Result<String, ObjectError>;
    /// A form by which whoever has it can send the one file that was announced, from `at` on, for `life` (S3
    /// takes 7 days at most). It does no more than the role may, and ends earlier if the role's credentials
    /// do. Asks nobody.
    async fn presigned_post(
        &self,
        file: &Announced<'_>,
        at: Timestamp,
        life: SignedDuration,
    ) -> Result<PostForm, ObjectError>;
    /// Connects.
    async fn warm(&self) {}
}

/// A bucket in S3, with the role of the function. Where `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL` names
/// another place than AWS, it is spoken to by path (`/bucket/key`), since a host for each bucket is AWS's
/// own.
pub struct S3 {
    env: Arc<Env>,
    bucket_variable: &'static str,
    http: OnceCell<reqwest::Client>,
}

impl S3 {
    /// The bucket that is named in the variable `bucket_variable`. Not connected yet.
    pub fn new(env: Arc<Env>, bucket_variable: &'static str) -> Self {
        Self { env, bucket_variable, http: OnceCell::new() }
    }

    async fn http(&self) -> Result<&reqwest::Client, ObjectError> {
        let make = || async { reqwest::Client::builder().timeout(TIMEOUT).build() };
        self.http.get_or_try_init(make).await.map_err(|e| ObjectError(describe(&e)))
    }

    async fn bucket(&self) -> Result<(Bucket, Credentials), ObjectError> {
        let name = self.env.text(self.bucket_variable).map_err(|e| ObjectError(e.to_string()))?.to_owned();
        let config = self.env.aws().await;
        let region = config.region().map_or("us-east-1", |r| r.as_ref()).to_owned();
        let elsewhere = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
        let (endpoint, style) = match elsewhere.iter().find_map(|name| self.env.text(name).ok()) {
            Some(endpoint) => (endpoint.to_owned(), UrlStyle::Path),
            None => (format!("https://s3.{region}.amazonaws.com"), UrlStyle::VirtualHost),
        };
        let endpoint = endpoint.parse().map_err(|_| ObjectError("the endpoint is no URL".to_owned()))?;
        let bucket = Bucket::new(endpoint, style, name, region)
            .map_err(|_| ObjectError("the bucket has no address".to_owned()))?;
        let provider =
            config.credentials_provider().ok_or_else(|| ObjectError("no credentials".to_owned()))?;
        let own = provider.provide_credentials().await.map_err(|e| ObjectError(describe(&e)))?;
        let (key, secret) = (own.access_key_id(), own.secret_access_key());
        let credentials = match own.session_token() {
            Some(token) => Credentials::new_with_token(key, secret, token),
            None => Credentials::new(key, secret),
        };
        Ok((bucket, credentials))
    }
}

/// Sends a request; an error for every status but success.
async fn send(request: RequestBuilder) -> Result<Response, ObjectError> {
    let answer = request.send().await.map_err(|e| ObjectError(describe(&e.without_url())))?;
    let status = answer.status();
    if status.is_success() { Ok(answer) } else { Err(ObjectError(format!("status {}", status.as_u16()))) }
}

#[async_trait]
impl Objects for S3 {
    async fn put(&self, key: &str, content_type: &str, content: Vec<u8>) -> Result<(), ObjectError> {
        let (bucket, credentials) = self.bucket().await?;
        let link = bucket.put_object(Some(&credentials), key).sign(AT_ONCE);
        let request = self.http().await?.put(link).header("content-type", content_type).body(content);
        send(request).await.map(drop)
    }

    async fn get(&self, key: &str, most: usize) -> Result<Found, ObjectError> {
        let (bucket, credentials) = self.bucket().await?;
        let link = bucket.get_object(Some(&credentials), key).sign(AT_ONCE);
        let answer = self.http().await?.get(link).send().await;
        let mut answer = answer.map_err(|e| ObjectError(describe(&e.without_url())))?;
        match answer.status().as_u16() {
            404 => return Ok(Found::Nothing),
            // Of a file that isn't there S3 says so only to those who may list the whole bucket.
            403 if !self.list(key).await?.iter().any(|there| there == key) => return Ok(Found::Nothing),
            status if !answer.status().is_success() => return Err(ObjectError(format!("status {status}"))),
            _ => {}
        }
        let mut content = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|e| ObjectError(describe(&e.without_url())))? {
            if content.len() + part.len() > most {
                return Ok(Found::TooLarge);
            }
            content.extend_from_slice(&part);
        }
        Ok(Found::File(content))
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        let (bucket, credentials) = self.bucket().await?;
        let link = bucket.delete_object(Some(&credentials), key).sign(AT_ONCE);
        send(self.http().await?.delete(link)).await.map(drop)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, ObjectError> {
        let (bucket, credentials) = self.bucket().await?;
        let (mut keys, mut next) = (Vec::new(), None::<String>);
        loop {
            let mut action = bucket.list_objects_v2(Some(&credentials));
            action.with_prefix(prefix.to_owned());
            if let Some(next) = next {
                action.with_continuation_token(next);
            }
            let answer = send(self.http().await?.get(action.sign(AT_ONCE))).await?;
            let text = answer.text().await.map_err(|e| ObjectError(describe(&e.without_url())))?;
            let page = ListObjectsV2::parse_response(&text)
                .map_err(|_| ObjectError("a list could not be read".to_owned()))?;
            keys.extend(page.contents.into_iter().map(|object| object.key));
            next = page.next_continuation_token;
            if next.is_none() {
                return Ok(keys);
            }
        }
    }

    async fn presigned_get(
        &self,
        key: &str,
        file_name: &str,
        at: Timestamp,
        life: SignedDuration,
    ) -> Result<String, ObjectError> {
        let (bucket, credentials) = self.bucket().await?;
        let mut action = bucket.get_object(Some(&credentials), key);
        let disposition = format!("attachment; filename=\"{file_name}\"");
        action.query_mut().insert("response-content-disposition", disposition);
        let life = Duration::try_from(life).map_err(|_| ObjectError("a link that has ended".to_owned()))?;
        Ok(action.sign_with_time(life, &at).to_string())
    }

    async fn presigned_post(
        &self,
        file: &Announced<'_>,
        at: Timestamp,
        life: SignedDuration,
    ) -> Result<PostForm, ObjectError> {
        let (bucket, credentials) = self.bucket().await?;
        let signer = Signer {
            bucket: bucket.name(),
            region: bucket.region(),
            access_key: credentials.key(),
            secret_key: credentials.secret(),
            session_token: credentials.token(),
        };
        signer.form(bucket.base_url().as_str(), file, at, life)
    }

    async fn warm(&self) {
        let _client = self.http().await;
        let _config = self.env.aws().await;
    }
}
