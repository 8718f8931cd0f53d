//! A tutor's taxes: who they are to a tax authority, what they earned in a year, and which document they get of it
//! (product.md, Tax forms).
//!
//! ```text
//! tax_id     a tax number: checked, masked, and shown by nothing else
//! profile    who the tutor is to a tax authority
//! forms      which form a year's gross calls for: thresholds by form and tax year, with their sources
//! year       what was earned in a calendar year, and which document follows from it
//! ```

mod forms;
mod profile;
mod tax_id;
mod year;

pub use forms::{FormKind, Threshold, threshold};
pub use profile::{Address, TaxProfile, TaxpayerKind, WantedTaxProfile};
pub use tax_id::{TaxId, TaxIdKind, WantedTaxId};
pub use year::{DocumentKind, FormStatus, TaxPolicy, TaxYear, YearTotals};
