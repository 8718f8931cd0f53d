//! A tutor's photo, which everybody sees once the tutor is listed.
//!
//! A tutor has at most one that is shown and one that was announced or refused: announcing another takes that
//! one's place.

use deserr::Deserr;
use jiff::Timestamp;
use schemars::JsonSchema;

use super::policy::PHOTO_BYTES_MAX;
use super::upload::{AnnouncedFile, ImageType, NotAwaited, Sha256};
use crate::field::FieldErrors;
use crate::id::{PhotoId, UserId};
use crate::time::Bounded;

crate::words! {
    /// How a photo stands.
    pub enum PhotoStatus {
        /// Announced, and not here yet.
        AwaitingUpload = "awaiting_upload",
        /// Shown to whoever sees the profile.
        Shown = "shown",
        /// It was not what it was announced as, or can't be shown.
        Rejected = "rejected",
    }
}

/// A photo as a tutor announces it.
#[derive(Clone, Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct WantedPhoto {
    /// What the file is.
    pub content_type: ImageType,
    /// Its length in bytes.
    pub size: Bounded<1, PHOTO_BYTES_MAX>,
    /// Its SHA-256 in base64.
    pub sha256: Sha256,
}

/// The state, with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhotoState {
    /// Announced, and not here yet.
    AwaitingUpload,
    /// Shown since then.
    Shown(Timestamp),
    /// Refused; why, in words for the tutor. The file is not kept.
    Rejected(String),
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photo {
    /// Its id.
    pub id: PhotoId,
    /// Whose.
    pub tutor_id: UserId,
    /// What the file was announced as. What is shown is that without what the camera says of the place.
    pub file: AnnouncedFile,
    /// How it stands.
    pub state: PhotoState,
    /// When it was announced.
    pub created_at: Timestamp,
}

impl Photo {
    /// Announces one.
    pub fn announce(id: PhotoId, tutor_id: UserId, wanted: &WantedPhoto, now: Timestamp) -> Self {
        let file = AnnouncedFile {
            content_type: wanted.content_type.into(),
            size: wanted.size.get(),
            sha256: wanted.sha256,
        };
        Self { id, tutor_id, file, state: PhotoState::AwaitingUpload, created_at: now }
    }

    /// The state's word.
    pub const fn status(&self) -> PhotoStatus {
        match self.state {
            PhotoState::AwaitingUpload => PhotoStatus::AwaitingUpload,
            PhotoState::Shown(_) => PhotoStatus::Shown,
            PhotoState::Rejected(_) => PhotoStatus::Rejected,
        }
    }

    /// What was announced has arrived, and is shown from now on.
    pub fn arrive(mut self, now: Timestamp) -> Result<Self, NotAwaited> {
        self.leave_waiting(PhotoState::Shown(now))?;
        Ok(self)
    }

    /// Something else has arrived.
    pub fn refuse(mut self, reason: String) -> Result<Self, NotAwaited> {
        self.leave_waiting(PhotoState::Rejected(reason))?;
        Ok(self)
    }

    fn leave_waiting(&mut self, state: PhotoState) -> Result<(), NotAwaited> {
        if self.state != PhotoState::AwaitingUpload {
            return Err(NotAwaited);
        }
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_photo_is_an_image_and_not_larger_than_five_mebibytes() {
        let wanted = json!({ "contentType": "application/pdf", "size": 5 * 1024 * 1024 + 1, "sha256": Sha256([7; 32]) });
        let errors = deserr::deserialize::<WantedPhoto, _, FieldErrors>(wanted).unwrap_err();
        let mut fields: Vec<_> = errors.0.iter().map(|e| e.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["contentType", "size"]);
    }

    #[test]
    fn a_photo_arrives_or_is_refused_once() {
        let wanted = json!({ "contentType": "image/png", "size": 9, "sha256": Sha256([7; 32]) });
        let wanted: WantedPhoto = deserr::deserialize::<_, _, FieldErrors>(wanted).unwrap();
        let (id, tutor, now) =
            (PhotoId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)), Timestamp::UNIX_EPOCH);
        let photo = Photo::announce(id, tutor, &wanted, now);
        let shown = photo.clone().arrive(now).unwrap();
        let refused = photo.refuse("why".to_owned()).unwrap();
        assert_eq!((shown.status(), refused.status()), (PhotoStatus::Shown, PhotoStatus::Rejected));
        for photo in [shown, refused] {
            assert_eq!(photo.clone().arrive(now), Err(NotAwaited));
            assert_eq!(photo.refuse("why".to_owned()), Err(NotAwaited));
        }
    }
}
