//! What a tutor sees of an own document.

use lectern_domain::id::DocumentId;
use lectern_domain::time::Instant;
use lectern_domain::tutoring::document::{Document, DocumentKind, DocumentState, DocumentStatus};
use lectern_domain::tutoring::upload::FileType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A document.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentView {
    /// Its id.
    pub document_id: DocumentId,
    /// What it proves.
    pub kind: DocumentKind,
    /// What the file is.
    pub content_type: FileType,
    /// Its length in bytes.
    pub size: u32,
    /// How it stands.
    pub status: DocumentStatus,
    /// When it was announced.
    pub created_at: Instant,
    /// Since when the file is here; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploaded_at: Option<Instant>,
    /// Why it was rejected; absent when it wasn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl DocumentView {
    /// Of a document.
    pub fn of(document: &Document) -> Self {
        let reason = match &document.state {
            DocumentState::Rejected { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        Self {
            document_id: document.id,
            kind: document.kind,
            content_type: document.file.content_type,
            size: document.file.size,
            status: document.status(),
            created_at: document.created_at.into(),
            uploaded_at: document.uploaded_at().map(Into::into),
            reason,
        }
    }
}
