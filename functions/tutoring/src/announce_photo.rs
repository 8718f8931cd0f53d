//! `POST /v1/tutors/me/photo`.

use lectern_domain::id::PhotoId;
use lectern_domain::time::Instant;
use lectern_domain::tutoring::photo::{Photo, WantedPhoto};
use lectern_postgres::{DbError, idempotency};
use lectern_runtime::objects::post::PostForm;
use lectern_runtime::{Created, Cx, Method, Need, Nothing, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::files::Upload;
use crate::services::{FILES, Tutoring};
use crate::store::{photos, uploads};

const NAME: &str = "announce-photo";

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http(NAME, Method::Post, "/v1/tutors/me/photo", announce_photo)
        .summary("Announce a photo; the answer says how to send the file, within 15 minutes")
        .problems(&[&problem::NOT_FOUND])
        .needs(&[Need::Database, FILES])
        .idempotent()
}

/// What is kept as the first answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    photo_id: PhotoId,
    created_at: Instant,
}

/// A photo, and how to send it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnnouncedPhoto {
    photo_id: PhotoId,
    /// When it was announced.
    created_at: Instant,
    /// A form: sent by POST as `multipart/form-data`, all fields and then the file, as the field `file`. It
    /// takes only what was announced. A moment later the photo is shown or rejected; what is shown has no
    /// place, time or device in it any more.
    upload: PostForm,
}

/// Takes the place of one that was announced before and is not here yet. The photo that is shown stays until
/// the new one has passed.
async fn announce_photo(
    cx: Cx<Tutoring>,
    caller: Tutor,
    request: Request<Nothing, Nothing, WantedPhoto>,
) -> Result<Created<AnnouncedPhoto>, Problem> {
    let (db, key) = (&cx.base.db, request.idempotency_key()?);
    let (known, stored) = uploads::tutor_to_announce(db, caller.id(), NAME, key).await?;
    if let Some(first) = idempotency::earlier(stored, key)? {
        return again(&cx, caller, &request.body, first).await;
    }
    if !known {
        return Err(Problem::not_found("tutor profile"));
    }
    let photo = Photo::announce(PhotoId(cx.fresh_id()), caller.id(), &request.body, cx.now());
    let kept = Kept { photo_id: photo.id, created_at: photo.created_at.into() };
    let answer = serde_json::to_value(&kept).map_err(Problem::internal)?;
    match photos::announce(db, &photo, NAME, key, &answer).await {
        Ok(true) => {}
        Ok(false) => return Err(Problem::not_found("tutor profile")),
        // The same request was here at the same moment: what it was answered is the answer.
        Err(DbError::Constraint(name)) if name == idempotency::CONSTRAINT => {
            let first = idempotency::read(db, &caller.id().to_string(), NAME, key).await?;
            return again(&cx, caller, &request.body, first).await;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Created::new(with_form(&cx, caller, &request.body, kept).await?))
}

async fn with_form(
    cx: &Cx<Tutoring>,
    caller: Tutor,
    wanted: &WantedPhoto,
    kept: Kept,
) -> Result<AnnouncedPhoto, Problem> {
    let Kept { photo_id, created_at } = kept;
    let file = Photo::announce(photo_id, caller.id(), wanted, cx.now()).file;
    let upload = Upload::Photo(caller.id(), photo_id).form(cx, &file, created_at).await?;
    Ok(AnnouncedPhoto { photo_id, created_at, upload })
}

/// The first answer: its photo, and the form as it was.
async fn again(
    cx: &Cx<Tutoring>,
    caller: Tutor,
    wanted: &WantedPhoto,
    first: Value,
) -> Result<Created<AnnouncedPhoto>, Problem> {
    let kept = serde_json::from_value(first).map_err(Problem::internal)?;
    let answer = with_form(cx, caller, wanted, kept).await?;
    Ok(Created::replay(serde_json::to_value(answer).map_err(Problem::internal)?))
}
