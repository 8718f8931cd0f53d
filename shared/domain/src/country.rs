//! Countries, as ISO 3166-1 alpha-2.

use crate::field::Invalid;

/// A country, as ISO 3166-1 alpha-2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country(String);

impl Country {
    /// Reads an assigned code, in capitals.
    pub fn parse(code: &str) -> Result<Self, Invalid> {
        let known = is_assigned(code);
        known
            .then(|| Self(code.to_owned()))
            .ok_or_else(|| Invalid::new("must be a country's two capital letters (ISO 3166-1), like DE"))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

crate::text_value!(Country, "Country", { "type": "string", "pattern": "^[A-Z]{2}$", "examples": ["DE"] });

/// Officially assigned codes, as published by ISO; two letters each.
const CODES: &str = "\
ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZ\
DEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJM\
JOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONP\
NRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTO\
TRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW";

/// Whether `code` is one of them.
fn is_assigned(code: &str) -> bool {
    code.len() == 2 && CODES.as_bytes().chunks_exact(2).any(|known| known == code.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_countries_as_iso_has_assigned() {
        assert_eq!(CODES.len() / 2, 249);
        assert!(is_assigned("DE") && is_assigned("ZW") && is_assigned("AD"));
        assert!(!is_assigned("EA") && !is_assigned("de") && !is_assigned("XX") && !is_assigned("USA"));
    }
}
