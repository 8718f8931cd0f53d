//! Pages of lists (product.md, HTTP conventions).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::field::Invalid;
use crate::time::Bounded;

/// How many items a caller may ask for at once: 1 to 100.
pub type Limit = Bounded<1, 100>;
/// How many items to pass over in a list that is counted.
pub type Offset = Bounded<0, 100_000>;

/// Items on a page when the caller does not say.
pub const LIMIT_DEFAULT: u32 = 20;

/// The limit that was asked for, or [`LIMIT_DEFAULT`].
pub fn limit_or_default(limit: Option<Limit>) -> u32 {
    limit.map_or(LIMIT_DEFAULT, Bounded::get)
}

/// A page of a list that can be counted.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: u64,
    /// How many a page holds at most.
    pub limit: u32,
    /// How many were passed over.
    pub offset: u32,
    /// Whether another page follows.
    pub has_next: bool,
}

impl<T> Page<T> {
    /// A page out of its items and the count of all.
    pub fn new(items: Vec<T>, total: u64, limit: u32, offset: u32) -> Self {
        let seen = u64::from(offset) + u64::try_from(items.len()).unwrap_or(u64::MAX);
        Self { items, total, limit, offset, has_next: seen < total }
    }
}

/// A page of a long or changing list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CursorPage<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// What to give as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<Cursor>,
}

impl<T> CursorPage<T> {
    /// Cuts a page out of up to `limit + 1` items: the one more only tells that another page follows.
    /// `position` gives what the next page starts after.
    pub fn cut<P: Serialize>(mut items: Vec<T>, limit: u32, position: impl Fn(&T) -> P) -> Self {
        let limit = limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = if more { items.last().map(|last| Cursor::at(&position(last))) } else { None };
        Self { items, next_cursor }
    }
}

/// Where a page ended. Opaque to clients; holds nothing secret and grants nothing, so it isn't signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// Made from the position of the last item.
    pub fn at<P: Serialize>(position: &P) -> Self {
        Self(URL_SAFE_NO_PAD.encode(serde_json::to_vec(position).unwrap_or_default()))
    }

    /// Takes the text that a client sent back.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let plausible = text.len() <= 1_024 && URL_SAFE_NO_PAD.decode(text).is_ok();
        plausible.then(|| Self(text.to_owned())).ok_or_else(invalid)
    }

    /// The position in it.
    pub fn position<P: for<'de> Deserialize<'de>>(&self) -> Result<P, Invalid> {
        let bytes = URL_SAFE_NO_PAD.decode(&self.0).map_err(|_| invalid())?;
        serde_json::from_slice(&bytes).map_err(|_| invalid())
    }
}

fn invalid() -> Invalid {
    Invalid::new("must be the nextCursor of an earlier page")
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

crate::text_value!(Cursor, "Cursor", { "type": "string" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_starts_after_the_last_item_of_this_one() {
        let page = CursorPage::cut(vec![1, 2, 3], 2, |n| *n);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(page.next_cursor.unwrap().position::<i32>().unwrap(), 2);
        assert!(CursorPage::cut(vec![1, 2], 2, |n| *n).next_cursor.is_none());
    }

    #[test]
    fn a_made_up_cursor_is_refused() {
        assert!(Cursor::parse("not base64!").is_err());
        assert!(Cursor::parse("AAAA").unwrap().position::<i32>().is_err());
    }

    #[test]
    fn a_page_knows_whether_another_follows() {
        assert!(Page::new(vec![1, 2], 5, 2, 2).has_next);
        assert!(!Page::new(vec![5], 5, 2, 4).has_next);
    }
}
