//! Databases and logins, one set a context.
//!
//! The owner's login changes the schema and is used by the migration function alone; the application's login
//! reads and writes rows. Neither can do anything in another context's database.

use tokio_postgres::Client;

use crate::database::{DbError, connect};

/// The logins of a context, with their passwords.
#[derive(Clone)]
pub struct Logins {
    /// The context: also the database's name.
    pub context: String,
    /// Password of `<context>_owner`.
    pub owner_password: String,
    /// Password of `<context>_app`.
    pub app_password: String,
}

/// Most connections of an application login: one a function environment.
const APP_CONNECTIONS_MAX: u32 = 200;

/// Makes what is missing and sets the passwords. Safe to run twice.
pub async fn prepare(admin_url: &str, ca: Option<&str>, logins: &Logins) -> Result<(), DbError> {
    let admin = connect(admin_url, ca).await?;
    let context = identifier(&logins.context)?;
    let (owner, app) = (format!("{context}_owner"), format!("{context}_app"));
    login(&admin, &owner, &logins.owner_password, 5).await?;
    login(&admin, &app, &logins.app_password, APP_CONNECTIONS_MAX).await?;
    // On RDS the admin is no superuser: to give a database to a role it must be a member of it.
    admin.batch_execute(&format!("GRANT {owner} TO CURRENT_USER")).await?;
    let exists = admin.query("SELECT 1 FROM pg_database WHERE datname = $1", &[&context]).await?;
    if exists.is_empty() {
        admin.batch_execute(&format!("CREATE DATABASE {context} OWNER {owner}")).await?;
    }
    grant(admin_url, ca, context).await
}

/// Takes the context's database away from everybody but its two logins. Also used for copies of it, by tests.
pub async fn grant(admin_url: &str, ca: Option<&str>, context: &str) -> Result<(), DbError> {
    let (owner, app) = (format!("{context}_owner"), format!("{context}_app"));
    let inside = connect(&with_database(admin_url, context)?, ca).await?;
    let sql = format!(
        "REVOKE ALL ON DATABASE {context} FROM PUBLIC;
         GRANT CONNECT ON DATABASE {context} TO {app};
         REVOKE ALL ON SCHEMA public FROM PUBLIC;
         GRANT USAGE, CREATE ON SCHEMA public TO {owner};
         GRANT USAGE ON SCHEMA public TO {app};
         ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public
             GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};
         ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE ON SEQUENCES TO {app};"
    );
    inside.batch_execute(&sql).await?;
    Ok(())
}

async fn login(admin: &Client, name: &str, password: &str, connections: u32) -> Result<(), DbError> {
    if password.is_empty() || !password.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(DbError::Statement("a password must be letters and digits".into()));
    }
    let exists = admin.query("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&name]).await?;
    let verb = if exists.is_empty() { "CREATE" } else { "ALTER" };
    // DDL takes no parameters; name and password hold nothing but letters, digits and underscores.
    let sql = format!("{verb} ROLE {name} LOGIN PASSWORD '{password}' CONNECTION LIMIT {connections}");
    admin.batch_execute(&sql).await?;
    Ok(())
}

fn identifier(name: &str) -> Result<&str, DbError> {
    let fine = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    fine.then_some(name)
        .ok_or_else(|| DbError::Statement("a context's name must be lower-case letters".into()))
}

/// The same server and login, another database.
pub fn with_database(url: &str, database: &str) -> Result<String, DbError> {
    let mut url =
        url::Url::parse(url).map_err(|_| DbError::Statement("the database URL is not valid".into()))?;
    url.set_path(database);
    Ok(url.to_string())
}

/// The same server, another login and database.
pub fn with_login(url: &str, user: &str, password: &str, database: &str) -> Result<String, DbError> {
    let invalid = || DbError::Statement("the database URL is not valid".into());
    let mut url = url::Url::parse(url).map_err(|_| invalid())?;
    url.set_username(user).map_err(|()| invalid())?;
    url.set_password(Some(password)).map_err(|()| invalid())?;
    url.set_path(database);
    Ok(url.to_string())
}
