//! Email addresses.

use crate::field::Invalid;

/// An email address, lower-cased, of at most 254 characters (RFC 5321). It is checked for shape only: whether
/// somebody reads it is what the emailed code is for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// Longest address that SMTP carries (RFC 5321, 4.5.3.1.3, less the angle brackets).
const LENGTH_MAX: usize = 254;
/// Longest part before the `@` (RFC 5321, 4.5.3.1.1).
const LOCAL_LENGTH_MAX: usize = 64;

impl Email {
    /// Reads an address; surrounding spaces are dropped.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("must be an email address, like ada@example.org");
        let address = text.trim().to_lowercase();
        let (local, domain) = address.split_once('@').ok_or_else(invalid)?;
        let local_ok = !local.is_empty()
            && local.len() <= LOCAL_LENGTH_MAX
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
        let label_ok = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        let domain_ok = domain.contains('.') && domain.split('.').all(label_ok);
        if !local_ok || !domain_ok || address.len() > LENGTH_MAX {
            return Err(invalid());
        }
        Ok(Self(address))
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Personal data stays out of logs: `Debug` hides the address.
impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(…)")
    }
}

crate::text_value!(Email, "Email", { "type": "string", "format": "email", "maxLength": 254 });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_usual_shape_are_read_in_lower_case() {
        for (text, want) in [
            ("ada@example.org", "ada@example.org"),
            ("  Ada.Lovelace+maths@Example.co.uk ", "ada.lovelace+maths@example.co.uk"),
        ] {
            assert_eq!(Email::parse(text).unwrap().as_str(), want);
        }
    }

    #[test]
    fn what_mail_could_not_be_sent_to_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        for text in
            ["", "ada", "@example.org", "ada@", "ada@localhost", "a b@example.org", "a..b@example.org"]
                .into_iter()
                .chain([".a@example.org", "a@-x.org", "a@x..org", "a@b@c.org", "a\n@example.org", &long])
        {
            assert!(Email::parse(text).is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn an_address_does_not_show_in_debug_output() {
        assert!(!format!("{:?}", Email::parse("ada@example.org").unwrap()).contains("ada"));
    }
}
