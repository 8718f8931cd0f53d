//! A bucket in memory, for tests of use cases.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::{ObjectError, Objects};

/// Remembers what was put, and can be told to be down.
#[derive(Default)]
pub struct MemoryObjects {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
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

    fn up(&self) -> Result<(), ObjectError> {
        if *self.down.lock().unwrap() { Err(ObjectError("down".to_owned())) } else { Ok(()) }
    }
}

#[async_trait]
impl Objects for MemoryObjects {
    async fn put(&self, key: &str, _content_type: &str, content: Vec<u8>) -> Result<(), ObjectError> {
        self.up()?;
        self.files.lock().unwrap().insert(key.to_owned(), content);
        Ok(())
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
}
