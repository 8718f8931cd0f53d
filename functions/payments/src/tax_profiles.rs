//! What the use cases about tax profiles share.

use lectern_domain::country::Country;
use lectern_domain::payments::tax::{Address, TaxIdKind, TaxProfile, TaxpayerKind};
use lectern_domain::text::Line;
use lectern_domain::time::Instant;
use schemars::JsonSchema;
use serde::Serialize;

/// A tax profile as its tutor sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaxProfileView {
    country: Country,
    legal_name: Line<120>,
    kind: TaxpayerKind,
    tax_id: MaskedTaxId,
    address: Address,
    updated_at: Instant,
}

/// A tax number, as much of it as is shown.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MaskedTaxId {
    kind: TaxIdKind,
    /// `***-**-6789`.
    masked: String,
}

impl From<TaxProfile> for TaxProfileView {
    fn from(profile: TaxProfile) -> Self {
        let tax_id = MaskedTaxId { kind: profile.tax_id_kind, masked: profile.masked_tax_id() };
        let TaxProfile { country, legal_name, kind, address, updated_at, .. } = profile;
        Self { country, legal_name, kind, tax_id, address, updated_at }
    }
}
