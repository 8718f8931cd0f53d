-- Users who were erased (product.md, Privacy): they can't be booked, nor book, any more.
CREATE TABLE erased_users (
    user_id uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL
);
