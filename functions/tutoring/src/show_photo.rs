//! `GET /v1/tutors/{tutorId}/photo`.
//!
//! The address is always the same and can stand in a page; it sends on to a link that lives for 5 minutes. So
//! the bucket stays shut, a photo is gone from everywhere once its tutor is not listed any more, and no
//! function carries images. Only keys under `photos/` are made here, and the role may read no others.

use lectern_domain::tutoring::upload::FileType;
use lectern_runtime::{Answer, Anyone, Cx, Method, Need, Problem, Request, UseCase, problem};

use crate::files::{FileLink, Upload};
use crate::get_tutor::TutorPath;
use crate::services::{FILES, Tutoring};
use crate::store::photos;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("show-photo", Method::Get, "/v1/tutors/{tutorId}/photo", show_photo)
        .summary("See an approved tutor's photo: sends on to a link that is good for 5 minutes")
        .problems(&[&problem::NOT_FOUND])
        .needs(&[Need::Database, FILES])
}

/// What a browser saves a photo as.
pub fn file_name(content_type: FileType) -> String {
    format!("photo.{}", content_type.extension())
}

async fn show_photo(
    cx: Cx<Tutoring>,
    _caller: Anyone,
    request: Request<TutorPath>,
) -> Result<Answer<FileLink, 302>, Problem> {
    let photo = photos::listed(&cx.base.db, request.path.tutor_id).await?;
    let photo = photo.ok_or_else(|| Problem::not_found("photo"))?;
    let upload = Upload::Photo(photo.tutor_id, photo.id);
    let link = upload.link(&cx, &file_name(photo.file.content_type)).await?;
    let to = link.url.clone();
    Ok(Answer::new(link).location(to))
}
