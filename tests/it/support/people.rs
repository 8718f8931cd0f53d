//! People, made through the API as anybody would be.

use serde_json::{Value, json};
use uuid::Uuid;

use super::copy::Copy;
use super::database;
use super::http::{Answer, Call};
use super::world::World;

/// The emulator's code for every sign-up.
const CODE: &str = "123456";
pub const PASSWORD: &str = "nine-tests-in-a-row";

/// Somebody signed in.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: String,
    pub email: String,
    pub access_token: String,
    pub id_token: String,
}

impl World {
    /// A public call of identity's. All tests come from one address, whose limits are not theirs to keep to: a
    /// limit that is reached is taken away. (That there are limits has a test of its own.)
    pub async fn identity(&self, path: &str, body: &Value) -> Answer {
        loop {
            let answer = self.api.call(Call::new("POST", path).body(body.clone())).await;
            if answer.status != 429 {
                return answer;
            }
            database::rows("identity", "DELETE FROM rate_limits", &[]).await;
        }
    }

    /// Registers and confirms; gives the email.
    pub async fn register(&self, role: &str) -> String {
        let email = format!("{role}-{}@lectern.example", Uuid::new_v4());
        let body = json!({
            "email": email, "password": PASSWORD, "firstName": "Test", "lastName": "Person",
            "dateOfBirth": "1990-05-17", "role": role, "timeZone": "Europe/London",
        });
        self.identity("/v1/auth/register", &body).await.data(202);
        self.identity("/v1/auth/confirm", &json!({ "email": email, "code": CODE })).await.data(200);
        email
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Person {
        let body = json!({ "email": email, "password": password });
        let answer = self.identity("/v1/auth/login", &body).await;
        let session = answer.data(200);
        let of = |name: &str| session[name].as_str().unwrap().to_owned();
        let (access_token, id_token) = (of("accessToken"), of("idToken"));
        let me = self.api.get("/v1/users/me", &access_token).await;
        let id = me.data(200)["userId"].as_str().unwrap().to_owned();
        Person { id, email: email.to_owned(), access_token, id_token }
    }

    pub async fn student(&self) -> Person {
        let email = self.register("student").await;
        self.sign_in(&email, PASSWORD).await
    }

    /// The demo admin (`admin`, `superadmin`).
    pub async fn staff(&self, role: &str) -> Person {
        let (email, password) = Copy::get().account(role);
        self.sign_in(email, password).await
    }

    /// Somebody with the role of a tutor, who has not done anything yet.
    pub async fn newcomer(&self) -> Person {
        let email = self.register("tutor").await;
        self.sign_in(&email, PASSWORD).await
    }

    /// An approved tutor with hours around the clock, who can be paid.
    pub async fn tutor(&self) -> Person {
        let tutor = self.newcomer().await;
        self.put_profile(&tutor).await;
        self.put_hours(&tutor).await;
        let verification = self.submit(&tutor).await;
        self.approve(&verification).await;
        self.stripe.onboard(&tutor.id).await;
        tutor
    }

    pub async fn put_profile(&self, tutor: &Person) -> Answer {
        let body = json!({
            "displayName": "Test Tutor", "headline": "Algebra, tested", "bio": "I exist for a few seconds.",
            "timeZone": "Europe/London", "country": "GB",
            "languages": [{ "language": "en", "level": "native" }],
            "subjects": [{ "subject": "algebra", "levels": ["school"], "yearsOfExperience": 5 }],
            "hourlyRate": { "amount": 4500, "currency": "USD" },
        });
        let answer = self.api.put("/v1/tutors/me", &tutor.access_token, body).await;
        answer.data(200);
        answer
    }

    pub async fn put_hours(&self, tutor: &Person) {
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        let weekly = days.map(|day| json!({ "weekday": day, "from": "00:00", "to": "24:00" }));
        let body = json!({
            "weekly": weekly, "bufferBeforeMinutes": 0, "bufferAfterMinutes": 0, "minimumNoticeMinutes": 0,
            "horizonDays": 60, "lessonMinutes": [30, 60],
        });
        self.api.put("/v1/tutors/me/availability", &tutor.access_token, body).await.data(200);
    }

    /// Asks for approval; gives the verification's id.
    pub async fn submit(&self, tutor: &Person) -> String {
        let answer = self.api.post("/v1/tutors/me/verification", &tutor.access_token, json!({})).await;
        answer.data(201)["verificationId"].as_str().unwrap().to_owned()
    }

    pub async fn approve(&self, verification: &str) {
        let admin = self.staff("admin").await;
        let path = format!("/v1/admin/verifications/{verification}/approve");
        self.api.post(&path, &admin.access_token, json!({ "reason": "a test" })).await.data(200);
    }
}
