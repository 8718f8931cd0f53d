//! Who may call what, for every route of the table: a route that is forgotten fails here.

mod enumeration;
mod limits;
mod matrix;
mod ownership;
