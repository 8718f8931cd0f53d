//! Writes to the parent: to ask for consent, and once it is given.

use lectern_domain::event::Envelope;
use lectern_domain::id::ConsentId;
use lectern_domain::identity::LinkPurpose;
use lectern_domain::link::LinkToken;
use lectern_runtime::{Cx, Fault, Need, UseCase};

use crate::letters;
use crate::services::{Identity, MAIL};
use crate::store::consents;

const NAME: &str = "send-consent-letters";
/// The sequence of a consent's first yes: it comes right after the request. Later ones change the scopes,
/// with the link that the parent has by then.
const FIRST_GRANT: i64 = 2;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::consumer(NAME, &["consent.requested", "consent.granted"], send_consent_letters)
        .summary("Ask a child's parent for consent, and confirm it with the link to manage it")
        .needs(&[Need::Database, MAIL])
}

/// The secret link is made here, so that it is in the mail and nowhere else: no event and no table carries
/// it. A letter that the post didn't take is written again with another link; either answers. At worst, when
/// this fails right after the post took it, a parent gets two letters.
async fn send_consent_letters(cx: Cx<Identity>, event: Envelope) -> Result<(), Fault> {
    let purpose = match event.kind.as_str() {
        "consent.requested" => LinkPurpose::Decide,
        "consent.granted" if event.aggregate.sequence == FIRST_GRANT => LinkPurpose::Manage,
        _ => return Ok(()),
    };
    let page = cx.base.env.text("PUBLIC_URL").map_err(Fault::transient)?;
    let link = LinkToken::new(cx.random());
    let id = ConsentId(event.aggregate.id);
    let made = consents::make_link(&cx.base.db, (NAME, event.id), id, (&link, purpose), cx.now()).await?;
    let Some((consent, child)) = made else {
        tracing::info!(use_case = NAME, event_id = %event.id, "no letter: posted already, or overtaken");
        return Ok(());
    };
    let Some(parent) = &child.user.parent_email else { return Ok(()) };
    let url = format!("{}/consent/{link}", page.trim_end_matches('/'));
    let letter = match purpose {
        LinkPurpose::Decide => letters::consent_request(&child.user, &url, consent.expires_at),
        LinkPurpose::Manage => {
            letters::consent_granted(&child.user, &consent.scopes, &url, event.occurred_at)
        }
    };
    cx.mail.post(parent, &letter).await?;
    Ok(consents::letter_posted(&cx.base.db, NAME, event.id).await?)
}
