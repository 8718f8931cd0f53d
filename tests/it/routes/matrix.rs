//! Every route × every way to show who one is.

use lectern_domain::link::LinkToken;
use lectern_runtime::caller::Access;
use lectern_runtime::use_case::{HttpTrigger, Trigger};
use serde_json::json;
use uuid::Uuid;

use crate::contract::none;
use crate::support::aws::Credentials;
use crate::support::http::{Answer, Authorization, Call};
use crate::support::people::Person;
use crate::support::tokens::Token;
use crate::support::world::World;

/// The roles of people, as the tokens name them.
const ROLES: [&str; 4] = ["student", "tutor", "admin", "superadmin"];

/// Use cases that end the access of whoever may call them: each caller of theirs is made for that one call.
const ENDS_ACCESS: [&str; 2] = ["erase-own-user", "become-tutor"];

/// What a caller shows.
enum Shown {
    Nothing,
    Text(String),
    Signature(Credentials),
}

/// What that makes of the caller.
enum Makes {
    Nobody,
    Role(&'static str),
    /// Somebody with this role, whose token was taken back.
    Ended(&'static str),
    /// A signature with a policy for all of `/internal`.
    Service,
    /// A signature with a policy for this use case.
    CallerOf(&'static str),
    /// A signature without such a policy.
    Stranger,
}

struct Caller {
    name: String,
    shown: Shown,
    makes: Makes,
}

/// What a route is to answer.
#[derive(Clone, Copy)]
enum Expected {
    /// Anything but 401 and 403: whatever comes after authorization.
    In,
    Status(u16),
}

impl Expected {
    fn of(name: &str, access: Access, makes: &Makes) -> Self {
        match (access, makes) {
            (Access::Public, _) | (Access::Iam, Makes::Service) => Self::In,
            (Access::Iam, Makes::CallerOf(callee)) if *callee == name => Self::In,
            // API Gateway answers 403 to whatever is not an allowed signature.
            (Access::Iam, _) => Self::Status(403),
            (Access::Roles(roles), Makes::Role(role)) => {
                if roles.iter().any(|allowed| allowed.as_str() == *role) {
                    Self::In
                } else {
                    Self::Status(403)
                }
            }
            // The role is looked at first: it costs nothing.
            (Access::Roles(roles), Makes::Ended(role))
                if !roles.iter().any(|allowed| allowed.as_str() == *role) =>
            {
                Self::Status(403)
            }
            (Access::Roles(_), _) => Self::Status(401),
        }
    }

    fn is(self, answer: &Answer) -> bool {
        match self {
            Self::In => !matches!(answer.status, 401 | 403) && answer.status < 500,
            Self::Status(status) => answer.status == status,
        }
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::In => f.write_str("to be let in"),
            Self::Status(status) => write!(f, "{status}"),
        }
    }
}

/// Somebody with a role: of the demo, or made for this.
async fn somebody(world: &World, role: &str, own: bool) -> Person {
    match role {
        "student" => world.student().await,
        "tutor" => world.newcomer().await,
        staff if own => world.appointed(staff).await,
        staff => world.staff(staff).await,
    }
}

async fn callers(world: &World, own: bool) -> Vec<Caller> {
    let student = world.student().await;
    let good = Token::of(&student.access_token);
    let bad = [
        ("a forged signature", good.forged()),
        ("no signature (alg none)", good.unsigned()),
        ("an expired token", good.with("exp", json!(1)).signed()),
        ("a token of another client", good.with("client_id", json!("another-client")).signed()),
        ("a token of another pool", good.with("iss", json!("https://issuer.example/another")).signed()),
        ("an id token", student.id_token.clone()),
        ("a token without our user id", good.with("user_id", json!("")).signed()),
        ("a role that does not exist", good.with("role", json!("emperor")).signed()),
        ("something that is no token", "not.a.token".to_owned()),
    ];
    let mut callers = vec![Caller { name: "nothing".into(), shown: Shown::Nothing, makes: Makes::Nobody }];
    callers.extend(bad.into_iter().map(|(name, token)| Caller {
        name: name.to_owned(),
        shown: Shown::Text(token),
        makes: Makes::Nobody,
    }));
    for role in ROLES {
        let person = somebody(world, role, own).await;
        let shown = Shown::Text(person.access_token);
        callers.push(Caller { name: format!("the token of a {role}"), shown, makes: Makes::Role(role) });
    }
    // Of somebody whose sessions were all ended, say by a new password.
    let ended = world.student().await;
    let everywhere = json!({ "refreshToken": ended.refresh_token, "everywhere": true });
    world.identity("/v1/auth/logout", &everywhere).await.data(200);
    let shown = Shown::Text(ended.access_token);
    callers.push(Caller {
        name: "a token that was taken back".into(),
        shown,
        makes: Makes::Ended("student"),
    });
    // Else the bad ones above could be refused for being signed here.
    let another = if own { Token::of(&world.student().await.access_token) } else { good };
    let shown = Shown::Text(another.signed());
    callers.push(Caller { name: "a good token, signed here".into(), shown, makes: Makes::Role("student") });
    let shown = Shown::Signature(world.aws.service().await);
    callers.push(Caller { name: "the signature of a service".into(), shown, makes: Makes::Service });
    for (use_case, makes) in [("book-lesson", Makes::CallerOf("check-slot")), ("get-lesson", Makes::Stranger)]
    {
        let role = world.aws.role(use_case).await;
        let shown = Shown::Signature(world.aws.assume(&role).await);
        callers.push(Caller { name: format!("the signature of {use_case}"), shown, makes });
    }
    callers
}

fn call<'a>(http: &HttpTrigger, caller: &'a Caller) -> Call<'a> {
    let mut path = http.path.to_owned();
    // Nobody's: whoever is let in finds nothing there.
    while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
        let nobodys = match &path[from + 1..to] {
            "email" => format!("nobody-{}@lectern.example", Uuid::new_v4()),
            "token" => LinkToken::new(*Uuid::new_v4().as_bytes()).to_string(),
            _ => Uuid::now_v7().to_string(),
        };
        path.replace_range(from..=to, &nobodys);
    }
    let mut call = Call::new(http.method.as_str(), path);
    if http.method.as_str() != "GET" {
        call = call.body(json!({}));
    }
    call.authorization = match &caller.shown {
        Shown::Nothing => Authorization::Nothing,
        Shown::Text(token) => Authorization::Token(token),
        Shown::Signature(credentials) => Authorization::Signature(credentials),
    };
    call
}

#[tokio::test]
async fn every_route_lets_in_whom_its_caller_type_names_and_nobody_else() {
    let world = World::shared().await;
    let callers_of_many = callers(&world, false).await;
    let mut complaints = Vec::new();
    let mut routes = 0;
    for function in lectern_local::all() {
        let Trigger::Http(http) = &function.meta.trigger else { continue };
        routes += 1;
        let own = match ENDS_ACCESS.contains(&function.meta.name) {
            true => Some(callers(&world, true).await),
            false => None,
        };
        for caller in own.as_ref().unwrap_or(&callers_of_many) {
            let expected = Expected::of(function.meta.name, http.access, &caller.makes);
            let answer = world.patiently(call(http, caller)).await;
            if !expected.is(&answer) {
                let (name, who, status) = (function.meta.name, &caller.name, answer.status);
                complaints.push(format!("{name} with {who}: {status}, not {expected}: {}", answer.body));
            }
            if matches!(expected, Expected::Status(403)) && matches!(http.access, Access::Roles(_)) {
                answer.is_problem(403, "forbidden");
            }
        }
    }
    assert!(routes > 20, "{routes} routes");
    none(&complaints);
}
