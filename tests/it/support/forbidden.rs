//! What a function may not do for a while: an outage of one of AWS's services, as that function sees it.

use serde_json::json;

use super::world::World;

const POLICY: &str = "forbidden-by-a-test";

/// Actions that are denied to the role of a function until [`Forbidden::allow`].
pub struct Forbidden<'a> {
    world: &'a World,
    role: String,
}

impl<'a> Forbidden<'a> {
    /// Denies `actions` (`events:PutEvents`) to a function.
    pub async fn to(world: &'a World, use_case: &str, actions: &[&str]) -> Self {
        let role = world.aws.role(use_case).await;
        let statement = json!({ "Effect": "Deny", "Action": actions, "Resource": "*" });
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let parameters = [
            ("Action", "PutRolePolicy"),
            ("Version", "2010-05-08"),
            ("RoleName", role.as_str()),
            ("PolicyName", POLICY),
            ("PolicyDocument", policy.as_str()),
        ];
        world.aws.form("iam", &parameters).await;
        Self { world, role }
    }

    /// It may again.
    pub async fn allow(self) {
        let parameters = [
            ("Action", "DeleteRolePolicy"),
            ("Version", "2010-05-08"),
            ("RoleName", self.role.as_str()),
            ("PolicyName", POLICY),
        ];
        self.world.aws.form("iam", &parameters).await;
    }
}
