//! A bucket in memory, for tests of use cases.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use base64::Engine as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::post::{Announced, PostForm};
use super::{Found, ObjectError, Objects};

/// Remembers what was put, and can be told to be down.
#[derive(Default)]
pub struct MemoryObjects {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    types: Mutex<BTreeMap<String, String>>,
    down: Mutex<bool>,
}

impl MemoryObjects {
    /// Takes the bucket down, or up again.
    pub fn set_down(&self, down: bool) {
        *self.down.lock().unwrap() = down;
    }

    /// The keys that are there.
    pub fn keys(&self) -> Vec<String> {
        self.files.lock().unwrap().keys().cloned().collect()
    }

    /// A file.
    pub fn file(&self, key: &str) -> Option<Vec<u8>> {
        self.files.lock().unwrap().get(key).cloned()
    }

    /// What a file was put as.
    pub fn content_type(&self, key: &str) -> Option<String> {
        self.types.lock().unwrap().get(key).cloned()
    }

    /// Sends a file by a form, as it stands in an answer; gives the key. Takes any content, as a bucket that
    /// does not check.
    pub fn post(&self, form: &Value, content: &[u8]) -> String {
        let key = form["fields"]["key"].as_str().unwrap().to_owned();
        self.files.lock().unwrap().insert(key.clone(), content.to_vec());
        key
    }

    fn up(&self) -> Result<(), ObjectError> {
        if *self.down.lock().unwrap() { Err(ObjectError("down".to_owned())) } else { Ok(()) }
    }
}

#[async_trait]
impl Objects for MemoryObjects {
    async fn put(&self, key: &str, content_type: &str, content: Vec<u8>) -> Result<(), ObjectError> {
        self.up()?;
        self.types.lock().unwrap().insert(key.to_owned(), content_type.to_owned());
        self.files.lock().unwrap().insert(key.to_owned(), content);
        Ok(())
    }

    async fn get(&self, key: &str, most: usize) -> Result<Found, ObjectError> {
        self.up()?;
        Ok(match self.file(key) {
            None => Found::Nothing,
            Some(file) if file.len() > most => Found::TooLarge,
            Some(file) => Found::File(file),
        })
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        self.up()?;
        self.files.lock().unwrap().remove(key);
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, ObjectError> {
        self.up()?;
        Ok(self.keys().into_iter().filter(|key| key.starts_with(prefix)).collect())
    }

    async fn presigned_get(
        &self,
        key: &str,
        file_name: &str,
        at: Timestamp,
        life: SignedDuration,
    ) -> Result<String, ObjectError> {
        self.up()?;
        Ok(format!("https://files.example/{key}?as={file_name}&until={}", at + life))
    }
    async fn presigned_post(
        &self,
        file: &Announced<'_>,
        at: Timestamp,
        life: SignedDuration,
    ) -> Result<PostForm, ObjectError> {
        self.up()?;
        let fields = [
            ("key", file.key.to_owned()),
            ("Content-Type", file.content_type.to_owned()),
            ("content-length-range", format!("{}-{}", file.bytes.start(), file.bytes.end())),
            ("x-amz-checksum-sha256", base64::engine::general_purpose::STANDARD.encode(file.sha256)),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value)).into();
        Ok(PostForm { url: "https://files.example/".to_owned(), fields, expires_at: (at + life).into() })
    }
}
