//! People, made through the API as anybody would be.

use serde_json::{Value, json};
use uuid::Uuid;

use super::copy::Copy;
use super::database;
use super::http::{Answer, Call};
use super::world::World;

/// The emulator's code for every sign-up.
pub const CODE: &str = "123456";
/// The emulator's code for every new password.
pub const RESET_CODE: &str = "654321";
pub const PASSWORD: &str = "nine-tests-in-a-row";

/// Somebody signed in.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: String,
    pub email: String,
    pub access_token: String,
    pub id_token: String,
    pub refresh_token: String,
}

impl World {
    /// A public call of identity's. All tests come from one address, whose limits are not theirs to keep to: a
    /// limit that is reached is taken away. (That there are limits has a test of its own.)
    pub async fn identity(&self, path: &str, body: &Value) -> Answer {
        self.patiently(Call::new("POST", path).body(body.clone())).await
    }

    /// Any call of identity's, in the same way.
    pub async fn patiently(&self, call: Call<'_>) -> Answer {
        loop {
            let answer = self.api.call(call.clone()).await;
            if answer.status != 429 {
                return answer;
            }
            database::rows("identity", "DELETE FROM rate_limits", &[]).await;
        }
    }

    /// Registers and confirms; gives the email.
    pub async fn register(&self, role: &str) -> String {
        let email = format!("{role}-{}@lectern.example", Uuid::new_v4());
        self.enrol(&json!({
            "email": email, "password": PASSWORD, "firstName": "Test", "lastName": "Person",
            "dateOfBirth": "1990-05-17", "role": role, "timeZone": "Europe/London",
        }))
        .await;
        email
    }

    /// Registers as `body` says, and confirms.
    pub async fn enrol(&self, body: &Value) {
        self.identity("/v1/auth/register", body).await.data(202);
        let confirmation = json!({ "email": body["email"], "code": CODE });
        self.identity("/v1/auth/confirm", &confirmation).await.data(200);
    }

    /// The answer to a sign-in.
    pub async fn login(&self, email: &str, password: &str) -> Answer {
        self.identity("/v1/auth/login", &json!({ "email": email, "password": password })).await
    }

    /// The answer to a refresh.
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        self.identity("/v1/auth/refresh", &json!({ "refreshToken": refresh_token })).await
    }

    /// Somebody by the refreshed session.
    pub async fn refreshed(&self, person: &Person) -> Person {
        let answer = self.refresh(&person.refresh_token).await;
        let session = answer.data(200);
        let of = |name: &str| session[name].as_str().unwrap().to_owned();
        Person { access_token: of("accessToken"), id_token: of("idToken"), ..person.clone() }
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Person {
        let answer = self.login(email, password).await;
        let session = answer.data(200);
        let of = |name: &str| session[name].as_str().unwrap().to_owned();
        let (access_token, id_token, refresh_token) = (of("accessToken"), of("idToken"), of("refreshToken"));
        let me = self.api.get("/v1/users/me", &access_token).await;
        let id = me.data(200)["userId"].as_str().unwrap().to_owned();
        Person { id, email: email.to_owned(), access_token, id_token, refresh_token }
    }

    /// An admin or superadmin of their own, made by the demo superadmin; the password is set by the emailed code.
    pub async fn appointed(&self, role: &str) -> Person {
        let superadmin = self.staff("superadmin").await;
        let email = format!("{role}-{}@lectern.example", Uuid::new_v4());
        let body = json!({ "email": email, "firstName": "Test", "lastName": "Staff", "role": role });
        let made = self.api.post("/v1/admin/users", &superadmin.access_token, body).await;
        made.data(201);
        self.sets_password(&email, PASSWORD).await;
        self.sign_in(&email, PASSWORD).await
    }

    /// Sets a password by the code that was emailed.
    pub async fn sets_password(&self, email: &str, password: &str) {
        let body = json!({ "email": email, "code": RESET_CODE, "newPassword": password });
        self.identity("/v1/auth/reset-password", &body).await.data(200);
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

    /// Hands in what is needed and asks for approval; gives the verification's id.
    pub async fn submit(&self, tutor: &Person) -> String {
        self.submit_with_identity(tutor).await.0
    }

    /// The same; gives the id of the identity document too.
    pub async fn submit_with_identity(&self, tutor: &Person) -> (String, String) {
        let (identity, _) = futures::join!(self.hand_in(tutor, "identity"), self.hand_in(tutor, "degree"));
        let answer = self.api.post("/v1/tutors/me/verification", &tutor.access_token, json!({})).await;
        (answer.data(201)["verificationId"].as_str().unwrap().to_owned(), identity)
    }

    pub async fn approve(&self, verification: &str) {
        let admin = self.staff("admin").await;
        let path = format!("/v1/admin/verifications/{verification}/approve");
        self.api.post(&path, &admin.access_token, json!({ "reason": "a test" })).await.data(200);
    }
}
