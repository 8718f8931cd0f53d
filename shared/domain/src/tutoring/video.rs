//! A tutor's video, which is somewhere else.

use url::Url;

use crate::field::Invalid;

/// Longest URL that is taken.
const URL_LENGTH_MAX: usize = 2_048;

/// Where the video is. Public; a page may link to it, so it is HTTPS and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoUrl(Url);

impl VideoUrl {
    /// Reads a URL: HTTPS, with a host's name, without user and password.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("must be a URL that begins with https://");
        let url = Url::parse(text.trim()).map_err(|_| invalid())?;
        if url.scheme() != "https" || url.domain().is_none() {
            return Err(invalid());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Invalid::new("must not hold a user name or password"));
        }
        // As it is kept: escaping can make it longer.
        if url.as_str().len() > URL_LENGTH_MAX {
            return Err(Invalid::new(format!("must have at most {URL_LENGTH_MAX} characters")));
        }
        Ok(Self(url))
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl std::fmt::Display for VideoUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

crate::text_value!(VideoUrl, "VideoUrl", {
    "type": "string", "format": "uri", "pattern": "^https://", "maxLength": 2048,
    "examples": ["https://video.example/watch?v=42"]
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_public_page_by_https_is_a_video() {
        for good in ["https://video.example/watch?v=42", " HTTPS://Video.Example/a b "] {
            let url = VideoUrl::parse(good).unwrap();
            assert!(url.as_str().starts_with("https://video.example/"), "{url}");
            assert_eq!(VideoUrl::parse(url.as_str()).unwrap(), url, "read again it is the same");
        }
        let long = format!("https://video.example/{}", "x".repeat(2_048));
        let wrong = [
            "",
            "video.example",
            "http://video.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://me:secret@video.example/",
            "https://me@video.example/",
            "https://127.0.0.1/",
            "https://[::1]/",
            long.as_str(),
        ];
        for wrong in wrong {
            assert!(VideoUrl::parse(wrong).is_err(), "{wrong}");
        }
    }
}
