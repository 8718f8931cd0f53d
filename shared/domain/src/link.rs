//! Secret links: what a person without an account shows to prove that a mail reached them (product.md,
//! Identity).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use schemars::JsonSchema;
use sha2::{Digest as _, Sha256};

use crate::field::{FieldErrors, Invalid};

/// The secret in a link: 128 bits, written as 22 characters of base64url without padding.
///
/// Whoever has it is let in, so it is kept nowhere but in the mail: a database keeps [`LinkToken::hash`]. It
/// is written by `Display` alone, for the mail; `Debug` hides it, and it can't be serialized by accident.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LinkToken([u8; 16]);

impl LinkToken {
    /// Characters of its written form.
    pub const LENGTH: usize = 22;

    /// Made of 16 random bytes, which must come from a generator fit for secrets.
    pub const fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// Reads the written form. There is one for each token: bits that would be left over must be zero.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| Invalid::new("must be the 22 characters of the link"))
    }

    /// SHA-256 of the 16 bytes: what is kept, and looked up by. So much randomness needs no salt.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl std::fmt::Display for LinkToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Secrets stay out of logs.
impl std::fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

impl Deserr<FieldErrors> for LinkToken {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        let text = <String as Deserr<FieldErrors>>::deserialize_from_value(value, location)?;
        Self::parse(&text).map_err(|e| FieldErrors::at(location, e.0))
    }
}

impl JsonSchema for LinkToken {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LinkToken".into()
    }
    fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "pattern": "^[A-Za-z0-9_-]{22}$", "description": "The secret of the link in the mail",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_is_read_as_it_was_written(random: [u8; 16]) {
            let written = LinkToken::new(random).to_string();
            prop_assert_eq!(written.len(), LinkToken::LENGTH);
            prop_assert_eq!(LinkToken::parse(&written).unwrap(), LinkToken::new(random));
        }
    }

    #[test]
    fn a_token_has_one_written_form() {
        let written = LinkToken::new([7; 16]).to_string();
        let padded = format!("{written}==");
        // The last character carries two bits; the other four must be zero.
        let loose = format!("{}x", &written[..21]);
        for text in
            ["", "short", &padded, &loose, &written[1..], "AAAAAAAAAAAAAAAAAAAA+/", &format!(" {written}")]
        {
            assert!(LinkToken::parse(text).is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn a_token_shows_neither_in_debug_output_nor_in_its_hash() {
        let token = LinkToken::new([7; 16]);
        assert_eq!(format!("{token:?}"), "LinkToken(…)");
        assert_ne!(token.hash()[..16], [7; 16]);
        assert_eq!(token.hash(), LinkToken::parse(&token.to_string()).unwrap().hash());
    }
}
