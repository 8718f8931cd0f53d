//! Who may call what, for every route of the table: a route that is forgotten fails here.

mod limits;
mod matrix;
mod ownership;
