//! Looks at what has come into the bucket: keeps what was announced, refuses the rest with a reason, and
//! deletes what nobody waits for.
//!
//! S3 tells of a file at least once, so everything here can be done again. What passes has the checksum that
//! was announced, so that of two who look at one file at the same moment both keep the same bytes, whatever
//! was sent in between. The row decides in the end: whoever finds it gone or decided otherwise takes away
//! what it has kept.

use lectern_domain::id::VerificationId;
use lectern_domain::tutoring::document::{Document, DocumentState};
use lectern_domain::tutoring::photo::{Photo, PhotoState};
use lectern_domain::tutoring::upload::{AnnouncedFile, NotAwaited};
use lectern_runtime::objects::Found;
use lectern_runtime::{Cx, Fault, Need, ObjectCreated, UseCase};

use crate::files::{INCOMING, Upload};
use crate::inspection::{self, Refusal};
use crate::services::{FILES, Tutoring};
use crate::store::{documents, photos};

const NAME: &str = "inspect-upload";

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::objects(NAME, INCOMING, inspect_upload)
        .summary("Look at what a tutor has sent: keep what was announced, refuse and delete the rest")
        .needs(&[Need::Database, Need::Bus, FILES])
}

async fn inspect_upload(cx: Cx<Tutoring>, created: ObjectCreated) -> Result<(), Fault> {
    let Some(upload) = Upload::of_incoming(&created.key) else {
        cx.files.delete(&created.key).await?;
        tracing::warn!(use_case = NAME, "a file under a key that was never given out is deleted");
        return Ok(());
    };
    let outcome = match upload {
        Upload::Document(tutor, id) => {
            let document = documents::by_id(&cx.base.db, id).await?;
            match document.filter(|document| document.tutor_id == tutor) {
                Some(document) => inspect_document(&cx, upload, document).await?,
                None => Outcome::Unannounced,
            }
        }
        Upload::Photo(tutor, id) => match photos::by_id(&cx.base.db, tutor, id).await? {
            Some(photo) => inspect_photo(&cx, upload, photo).await?,
            None => Outcome::Unannounced,
        },
    };
    if outcome == Outcome::Unannounced {
        // Also what an earlier try may have kept of something that was taken back meanwhile.
        cx.files.delete(&upload.kept()).await?;
    }
    cx.files.delete(&upload.incoming()).await?;
    tracing::info!(use_case = NAME, ?upload, ?outcome, "upload looked at");
    Ok(())
}

/// What became of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It is what was announced.
    Kept,
    /// It is something else.
    Refused,
    /// It was looked at before.
    Decided,
    /// Nobody waits for it, or not any more.
    Unannounced,
    /// The file is gone; it was looked at at the same moment, or taken back.
    Gone,
}

/// What arrived, if it isn't gone; or why it can't be what was announced.
async fn arrived(
    cx: &Cx<Tutoring>,
    upload: Upload,
    file: &AnnouncedFile,
) -> Result<Option<Result<Vec<u8>, Refusal>>, Fault> {
    let most = usize::try_from(file.size).map_err(Fault::bad_input)?;
    Ok(match cx.files.get(&upload.incoming(), most).await? {
        Found::Nothing => None,
        Found::TooLarge => Some(Err(Refusal::too_large(file))),
        Found::File(content) => Some(Ok(content)),
    })
}

/// Whoever asks has seen that it is awaited.
fn decided(NotAwaited: NotAwaited) -> Fault {
    Fault::transient(NotAwaited)
}

async fn inspect_document(cx: &Cx<Tutoring>, upload: Upload, document: Document) -> Result<Outcome, Fault> {
    let db = &cx.base.db;
    if document.state != DocumentState::AwaitingUpload {
        return Ok(settled(&document));
    }
    let Some(content) = arrived(cx, upload, &document.file).await? else { return Ok(Outcome::Gone) };
    let (id, before, file) = (document.id, document.sequence, document.file);
    let checked = content.and_then(|content| inspection::document(&content, &file).map(|()| content));
    let (saved, outcome) = match checked {
        Ok(content) => {
            cx.files.put(&upload.kept(), file.content_type.as_str(), content).await?;
            let (document, happened) = document.arrive(cx.now()).map_err(decided)?;
            let (events, recheck) = (cx.seal(happened), VerificationId(cx.fresh_id()));
            let saved = documents::save_arrival(db, &document, before, &events, recheck).await?;
            if saved {
                cx.base.publish(&events).await;
            }
            (saved, Outcome::Kept)
        }
        Err(Refusal(reason)) => {
            let document = document.refuse(reason).map_err(decided)?;
            (documents::save_refusal(db, &document, before).await?, Outcome::Refused)
        }
    };
    if saved {
        return Ok(outcome);
    }
    // Somebody was faster.
    Ok(documents::by_id(db, id).await?.map_or(Outcome::Unannounced, |document| settled(&document)))
}

/// What there is to do for a document that was decided before: nothing if it has a file.
fn settled(document: &Document) -> Outcome {
    match document.uploaded_at() {
        Some(_) => Outcome::Decided,
        None => Outcome::Unannounced,
    }
}

async fn inspect_photo(cx: &Cx<Tutoring>, upload: Upload, photo: Photo) -> Result<Outcome, Fault> {
    let db = &cx.base.db;
    match photo.state {
        PhotoState::AwaitingUpload => {}
        PhotoState::Shown(_) => return Ok(Outcome::Decided),
        PhotoState::Rejected(_) => return Ok(Outcome::Unannounced),
    }
    let Some(content) = arrived(cx, upload, &photo.file).await? else { return Ok(Outcome::Gone) };
    let (tutor, id, file) = (photo.tutor_id, photo.id, photo.file);
    let (saved, outcome) = match content.and_then(|content| inspection::photo(&content, &file)) {
        Ok(shown) => {
            cx.files.put(&upload.kept(), file.content_type.as_str(), shown).await?;
            let before = photos::shown(db, tutor).await?;
            let photo = photo.arrive(cx.now()).map_err(decided)?;
            let before = before.map(|id| (id, Upload::Photo(tutor, id).kept()));
            let saved = photos::show(db, &photo, before.as_ref(), cx.now()).await?;
            if let (true, Some((_, key))) = (saved, before) {
                crate::files::discard(cx, &[key]).await;
            }
            (saved, Outcome::Kept)
        }
        Err(Refusal(reason)) => {
            let photo = photo.refuse(reason).map_err(decided)?;
            (photos::save_refusal(db, &photo).await?, Outcome::Refused)
        }
    };
    if saved {
        return Ok(outcome);
    }
    let now = photos::by_id(db, tutor, id).await?;
    Ok(match now.map(|photo| photo.state) {
        Some(PhotoState::Shown(_)) => Outcome::Decided,
        Some(PhotoState::AwaitingUpload | PhotoState::Rejected(_)) | None => Outcome::Unannounced,
    })
}
