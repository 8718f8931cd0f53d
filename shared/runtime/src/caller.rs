//! Who is asking, as a type.
//!
//! An HTTP use case takes one of these as its second argument, so it can't compile without saying who may
//! call it; the same type gives the route's authorization in the templates, the security of the OpenAPI
//! document and the expected statuses of the authorization tests. Whether a thing is the caller's own is
//! asked in the query (`WHERE id = $1 AND student_id = $2`).

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::UserId;
use lectern_domain::link::LinkToken;
use lectern_domain::role::{Actor, Person, Role};
use schemars::JsonSchema;

use crate::http::Event;
use crate::problem::{self, Problem};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a token.
    Public,
    /// People with a token of one of these roles.
    Roles(&'static [Role]),
    /// Our own services, signed with IAM.
    Iam,
}

/// A caller that an HTTP use case can ask for.
pub trait Caller: Sized + Send + 'static {
    /// Who may call.
    const ACCESS: Access;
    /// Takes the caller out of the request, after the gateway has checked the token or the signature.
    fn from_event(event: &Event) -> Result<Self, Problem>;
    /// Who the events of the request name as their cause.
    fn actor(&self) -> Actor;
}

fn person(event: &Event) -> Result<Person, Problem> {
    let claims = event.claims().ok_or_else(|| Problem::new(&problem::UNAUTHENTICATED))?;
    // An id token is for the client to read, not for us (product.md, Identity).
    if claims.get("token_use").map(String::as_str) != Some("access") {
        return Err(Problem::new(&problem::UNAUTHENTICATED).detail("The token is not an access token."));
    }
    let id = claims.get("user_id").and_then(|id| UserId::parse(id).ok());
    let role = claims.get("role").and_then(|role| Role::parse(role).ok());
    match (id, role) {
        (Some(id), Some(role)) => Ok(Person { id, role }),
        _ => Err(Problem::new(&problem::UNAUTHENTICATED).detail("The token does not name one of our users.")),
    }
}

fn person_of(event: &Event, roles: &[Role]) -> Result<Person, Problem> {
    let person = person(event)?;
    if roles.contains(&person.role) {
        return Ok(person);
    }
    let allowed: Vec<_> = roles.iter().map(|r| r.as_str()).collect();
    Err(Problem::new(&problem::FORBIDDEN).detail(format!("This is for: {}.", allowed.join(", "))))
}

macro_rules! person_caller {
    ($(#[$meta:meta])* $name:ident, $($role:ident)|+) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name(pub Person);

        impl $name {
            /// The caller's user id.
            pub const fn id(&self) -> UserId {
                self.0.id
            }
        }

        impl Caller for $name {
            const ACCESS: Access = Access::Roles(&[$(Role::$role),+]);
            fn from_event(event: &Event) -> Result<Self, Problem> {
                person_of(event, &[$(Role::$role),+]).map(Self)
            }
            fn actor(&self) -> Actor {
                Actor::User(self.0.id)
            }
        }
    };
}

person_caller!(
    /// Somebody signed in, of any role.
    SignedIn, Student | Tutor | Admin | Superadmin
);
person_caller!(
    /// A student.
    Student, Student
);
person_caller!(
    /// A tutor.
    Tutor, Tutor
);
person_caller!(
    /// One of the two sides of a lesson.
    StudentOrTutor, Student | Tutor
);
person_caller!(
    /// An admin or a superadmin.
    Admin, Admin | Superadmin
);
person_caller!(
    /// A superadmin: who makes and unmakes admins.
    Superadmin, Superadmin
);

/// Anybody; a token is not looked at.
#[derive(Clone, Copy, Debug)]
pub struct Anyone;

impl Caller for Anyone {
    const ACCESS: Access = Access::Public;
    fn from_event(_event: &Event) -> Result<Self, Problem> {
        Ok(Self)
    }
    fn actor(&self) -> Actor {
        Actor::Anonymous
    }
}

/// Who holds a secret link: a parent, who has no account. The route's path has a parameter `token`
/// ([`LinkPath`]). Whether there is such a link, and what it is good for, is asked in the query, by
/// [`LinkToken::hash`].
#[derive(Clone, Copy, Debug)]
pub struct Guardian {
    /// The link's secret.
    pub link: LinkToken,
}

/// The path parameters of a [`Guardian`]'s route.
#[derive(Clone, Copy, Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub struct LinkPath {
    /// The secret of the link in the mail.
    pub token: LinkToken,
}

impl Caller for Guardian {
    const ACCESS: Access = Access::Public;
    /// What can't be a link's secret is answered like a link that isn't known.
    fn from_event(event: &Event) -> Result<Self, Problem> {
        let token = event.path_parameters.as_ref().and_then(|parameters| parameters.get("token"));
        let link = token.and_then(|text| LinkToken::parse(text).ok());
        link.map(|link| Self { link })
            .ok_or_else(|| Problem::new(&problem::NOT_FOUND).detail("This link is not valid."))
    }
    fn actor(&self) -> Actor {
        Actor::Guardian
    }
}

/// One of our own functions, by its IAM role.
#[derive(Clone, Debug)]
pub struct Service {
    /// The ARN that signed the request.
    pub arn: String,
}

impl Caller for Service {
    const ACCESS: Access = Access::Iam;
    fn from_event(event: &Event) -> Result<Self, Problem> {
        let arn = event.iam_arn().ok_or_else(|| Problem::new(&problem::UNAUTHENTICATED))?;
        Ok(Self { arn: arn.to_owned() })
    }
    fn actor(&self) -> Actor {
        Actor::System(self.arn.rsplit('/').next().unwrap_or("service").to_owned())
    }
}
