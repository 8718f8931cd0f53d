//! What a test stands on.

use std::sync::Arc;

use lectern_domain::email::Email;
use lectern_domain::id::UserId;
use lectern_domain::identity::{Appointment, IdentityPolicy, Registration, SignUpRole, User};
use lectern_domain::role::Role;
use lectern_domain::text::Line;
use lectern_domain::time::Date;
use lectern_identity::Identity;
use lectern_identity::effects::Effects;
use lectern_identity::store::users::{self, Stored};
use lectern_postgres::Base;
use lectern_postgres::revocations::RevocationCache;
use lectern_postgres::testing::TestDatabase;
use lectern_runtime::clock::Clock;
use lectern_runtime::config::Env;
use lectern_runtime::objects::testing::MemoryObjects;
use lectern_runtime::testing::RecordingBus;
use lectern_runtime::{Cx, Kit};
use serde_json::{Value, json};

use super::pool::{ToldPool, ToldPost, ToldTopic};
use super::told_contexts::ToldContexts;

pub struct World {
    pub services: Arc<Identity>,
    pub bus: Arc<RecordingBus>,
    pub pool: Arc<ToldPool>,
    pub topic: Arc<ToldTopic>,
    pub post: Arc<ToldPost>,
    pub exports: Arc<MemoryObjects>,
    pub contexts: Arc<ToldContexts>,
    pub database: TestDatabase,
}

pub async fn world() -> World {
    let database = TestDatabase::new(lectern_identity::CONTEXT, &lectern_identity::migrations()).await;
    world_on(database).await
}

pub async fn world_on(database: TestDatabase) -> World {
    let (bus, pool) = (RecordingBus::new(), Arc::new(ToldPool::default()));
    let base = Base {
        kit: Kit { clock: Clock::at("2026-11-21T12:00:00Z".parse().unwrap()) },
        env: Arc::new(Env::of(&[("PUBLIC_URL", "https://api.example.org/")])),
        db: database.connect(),
        bus: bus.clone(),
        revocation_cache: RevocationCache::none(),
    };
    let (topic, post) = (Arc::new(ToldTopic::default()), Arc::new(ToldPost::default()));
    let (exports, contexts) = (Arc::new(MemoryObjects::default()), Arc::new(ToldContexts::default()));
    let services = Arc::new(Identity {
        base,
        pool: pool.clone(),
        access: topic.clone(),
        mail: post.clone(),
        exports: exports.clone(),
        contexts: contexts.clone(),
        policy: IdentityPolicy::default(),
        answer_floor: std::time::Duration::ZERO,
    });
    World { services, bus, pool, topic, post, exports, contexts, database }
}

impl World {
    /// A call, as a use case gets it.
    pub fn cx(&self) -> Cx<Identity> {
        Cx::new(Arc::clone(&self.services), "system:test".into(), "test".into(), "test".into())
    }

    /// Somebody active, registered as a student or tutor (born 2000) or appointed as staff; their `sub` is
    /// `sub-<id>`.
    pub async fn user(&self, role: Role) -> UserId {
        self.user_born(role, "2000-01-01").await
    }

    /// Somebody active of another age.
    pub async fn user_born(&self, role: Role, birth: &str) -> UserId {
        let cx = self.cx();
        let id = UserId(cx.fresh_id());
        let email = Email::parse(&format!("{id}@example.org")).unwrap();
        let (first, last) = (Line::parse("Ada").unwrap(), Line::parse("Lovelace").unwrap());
        let user = match role {
            Role::Student | Role::Tutor => {
                let registration = Registration {
                    email,
                    parent_email: None,
                    first_name: first,
                    last_name: Some(last),
                    role: if role == Role::Tutor { SignUpRole::Tutor } else { SignUpRole::Student },
                    date_of_birth: Date::parse(birth).unwrap(),
                    time_zone: None,
                    locale: None,
                };
                let (user, _) = User::register(id, registration, cx.now());
                user.verify_email(cx.now(), &cx.policy).unwrap().0
            }
            Role::Admin | Role::Superadmin => {
                User::appoint(id, Appointment::of(email, first, last, role), cx.now()).0
            }
        };
        let stored = Stored { user, cognito_sub: Some(format!("sub-{id}")) };
        assert!(users::insert(&cx.base.db, &stored, &Effects::default()).await.unwrap());
        id
    }
}

/// What the user pool sends to its triggers.
pub fn pool_event(trigger: &str, changes: Value) -> Value {
    let mut attributes = json!({
        "sub": "sub-1", "email": "ada@example.org", "given_name": "Ada", "family_name": "Lovelace",
        "birthdate": "2000-12-10", "zoneinfo": "Europe/London", "locale": "en-GB", "custom:role": "tutor",
    });
    for (name, value) in changes.as_object().unwrap() {
        attributes[name] = value.clone();
    }
    json!({ "triggerSource": trigger, "userPoolId": "pool", "userName": "sub-1",
        "request": { "userAttributes": attributes }, "response": {} })
}
