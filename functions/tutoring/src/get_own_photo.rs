//! `GET /v1/tutors/me/photo`.

use lectern_domain::id::PhotoId;
use lectern_domain::time::Instant;
use lectern_domain::tutoring::photo::{Photo, PhotoState, PhotoStatus};
use lectern_runtime::{Answer, Cx, Method, Need, Problem, Request, Tutor, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::files::{FileLink, Upload};
use crate::services::{FILES, Tutoring};
use crate::show_photo::file_name;
use crate::store::photos;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("get-own-photo", Method::Get, "/v1/tutors/me/photo", get_own_photo)
        .summary("Read which photo of oneself is shown, and what became of one that was sent")
        .needs(&[Need::Database, FILES])
}

/// A tutor's photos.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnPhoto {
    /// At most two: one that is shown, and one that was announced or rejected since.
    photos: Vec<PhotoView>,
}

/// A photo as its owner sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhotoView {
    photo_id: PhotoId,
    status: PhotoStatus,
    /// When it was announced.
    created_at: Instant,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Of the one that is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<FileLink>,
}

async fn get_own_photo(
    cx: Cx<Tutoring>,
    caller: Tutor,
    _request: Request,
) -> Result<Answer<OwnPhoto>, Problem> {
    let mut views = Vec::new();
    for photo in photos::of_tutor(&cx.base.db, caller.id()).await? {
        views.push(view(&cx, photo).await?);
    }
    Ok(Answer::new(OwnPhoto { photos: views }))
}

async fn view(cx: &Cx<Tutoring>, photo: Photo) -> Result<PhotoView, Problem> {
    let status = photo.status();
    let link = match status {
        PhotoStatus::Shown => {
            let upload = Upload::Photo(photo.tutor_id, photo.id);
            Some(upload.link(cx, &file_name(photo.file.content_type)).await?)
        }
        PhotoStatus::AwaitingUpload | PhotoStatus::Rejected => None,
    };
    let reason = match photo.state {
        PhotoState::Rejected(reason) => Some(reason),
        PhotoState::AwaitingUpload | PhotoState::Shown(_) => None,
    };
    Ok(PhotoView { photo_id: photo.id, status, created_at: photo.created_at.into(), reason, link })
}
