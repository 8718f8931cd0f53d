//! Every route × every way to show who one is.

use lectern_runtime::caller::Access;
use lectern_runtime::use_case::{HttpTrigger, Trigger};
use serde_json::json;
use uuid::Uuid;

use crate::contract::none;
use crate::support::aws::Credentials;
use crate::support::http::{Answer, Authorization, Call};
use crate::support::tokens::Token;
use crate::support::world::World;

/// The roles of people, as the tokens name them.
const ROLES: [&str; 4] = ["student", "tutor", "admin", "superadmin"];

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
    /// A signature that this stage's policies allow on `/internal`.
    Service,
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
    fn of(access: Access, makes: &Makes) -> Self {
        match (access, makes) {
            (Access::Public, _) | (Access::Iam, Makes::Service) => Self::In,
            // API Gateway answers 403 to whatever is not an allowed signature.
            (Access::Iam, _) => Self::Status(403),
            (Access::Roles(roles), Makes::Role(role)) => {
                if roles.iter().any(|allowed| allowed.as_str() == *role) {
                    Self::In
                } else {
                    Self::Status(403)
                }
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

async fn callers(world: &World) -> Vec<Caller> {
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
        let person = match role {
            "student" => student.clone(),
            "tutor" => world.newcomer().await,
            staff => world.staff(staff).await,
        };
        let shown = Shown::Text(person.access_token);
        callers.push(Caller { name: format!("the token of a {role}"), shown, makes: Makes::Role(role) });
    }
    // Else the bad ones above could be refused for being signed here.
    let shown = Shown::Text(good.signed());
    callers.push(Caller { name: "a good token, signed here".into(), shown, makes: Makes::Role("student") });
    for (use_case, makes) in [("book-lesson", Makes::Service), ("get-lesson", Makes::Stranger)] {
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
        path.replace_range(from..=to, &Uuid::now_v7().to_string());
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
    let callers = callers(&world).await;
    let mut complaints = Vec::new();
    let mut routes = 0;
    for function in lectern_local::all() {
        let Trigger::Http(http) = &function.meta.trigger else { continue };
        routes += 1;
        for caller in &callers {
            let expected = Expected::of(http.access, &caller.makes);
            let answer = world.api.call(call(http, caller)).await;
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
