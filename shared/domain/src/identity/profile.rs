//! What people tell of themselves, and change.

use crate::email::Email;
use crate::text::{Line, Prose};
use crate::time::ZoneName;

/// Most skills that a profile lists.
pub const SKILLS_MAX: usize = 20;

crate::words! {
    /// A picture for an account, out of a set that clients ship. Not a photo and not an address: a photo of a
    /// child is personal data that nobody needs, and a picture from elsewhere tells its host who looks at it.
    pub enum Avatar {
        /// A bear.
        Bear = "bear",
        /// A bee.
        Bee = "bee",
        /// A cat.
        Cat = "cat",
        /// A crab.
        Crab = "crab",
        /// A deer.
        Deer = "deer",
        /// A dog.
        Dog = "dog",
        /// A fox.
        Fox = "fox",
        /// A frog.
        Frog = "frog",
        /// A hedgehog.
        Hedgehog = "hedgehog",
        /// An otter.
        Otter = "otter",
        /// An owl.
        Owl = "owl",
        /// A penguin.
        Penguin = "penguin",
        /// A seal.
        Seal = "seal",
        /// A snail.
        Snail = "snail",
        /// A turtle.
        Turtle = "turtle",
        /// A whale.
        Whale = "whale",
    }
}

/// A change of some fields; `None` leaves a field as it is, `Some(None)` takes its value away.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfileChanges {
    /// First name.
    pub first_name: Option<Line<80>>,
    /// Last name.
    pub last_name: Option<Line<80>>,
    /// Time zone.
    pub time_zone: Option<ZoneName>,
    /// Language.
    pub locale: Option<Line<35>>,
    /// A few words about oneself.
    pub bio: Option<Option<Prose<2000>>>,
    /// Skills, all of them.
    pub skills: Option<Vec<Line<60>>>,
    /// Picture.
    pub avatar: Option<Option<Avatar>>,
    /// A teen's parent.
    pub parent_email: Option<Email>,
}

impl ProfileChanges {
    /// The names of the fields that it touches, as the API calls them.
    pub fn fields(&self) -> Vec<&'static str> {
        let touched = [
            ("firstName", self.first_name.is_some()),
            ("lastName", self.last_name.is_some()),
            ("timeZone", self.time_zone.is_some()),
            ("locale", self.locale.is_some()),
            ("bio", self.bio.is_some()),
            ("skills", self.skills.is_some()),
            ("avatar", self.avatar.is_some()),
            ("parentEmail", self.parent_email.is_some()),
        ];
        touched.into_iter().filter(|(_, touched)| *touched).map(|(name, _)| name).collect()
    }
}
