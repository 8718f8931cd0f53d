//! What letters say in English.

use lectern_domain::identity::ConsentScope;

use super::{CodeWords, ParentWords, Words};

pub(super) const WORDS: Words = Words {
    lang: "en",
    sign_up: CodeWords {
        subject: "Your code for Lectern",
        before: "Somebody, probably you, has opened an account at Lectern with this address. \
                 To confirm that it is yours, enter this code:",
        after: "The code is good for 24 hours. If it wasn't you, ignore this mail: without the code nothing \
         happens.",
    },
    new_password: CodeWords {
        subject: "Your code for a new password at Lectern",
        before: "To set a new password for your account at Lectern, enter this code:",
        after: "The code is good for one hour. If you didn't ask for it, ignore this mail: your password \
                stays as it is. We will never ask you for this code.",
    },
    request: ParentWords {
        subject: "Your child needs your consent",
        before: &[
            "Dear parent,",
            "at Lectern, where students meet tutors, {child} has asked for an account and named you as a \
             parent. We have your address from the child, and use it only to ask you.",
            "The child says that it is under 13. Without your consent the account can't be used, and we \
             collect nothing more than we were told: a first name, a date of birth, the child's email and \
             yours.",
            "If you consent, we collect and use the following. You can consent to an account alone, without \
             anything being given to others, and without recordings:",
        ],
        after: &[
            "Please read the full notice and answer here:",
            "{link}",
            "The link is for you alone: whoever has it can answer for you. It takes one answer, until \
             {until}.",
            "If you say no, or don't answer until then, we erase everything, your address included.",
            "If you don't know this child, choose \"I do not agree\", or ignore this mail.",
        ],
    },
    granted: ParentWords {
        subject: "You have consented: please keep this mail",
        before: &[
            "Dear parent,",
            "on {until} you consented to an account at Lectern for {child}. Your consent covers:",
        ],
        after: &[
            "With the following link you see what we hold, change what you have agreed to, or take your \
             consent back at any time; then the account and its data are erased:",
            "{link}",
            "The link is for you alone and stays good. Please keep this mail.",
            "If it wasn't you who consented, open the link and take the consent back.",
        ],
    },
    child: "your child",
    date_format: "%-d %B %Y, %H:%M UTC",
    scope: |scope| match scope {
        ConsentScope::Collection => "collecting and using data within Lectern",
        ConsentScope::ThirdParties => {
            "giving data to others: the providers of video rooms and of the learning assistant"
        }
        ConsentScope::Recording => "recording lessons",
    },
};
