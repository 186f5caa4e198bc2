-- Who pays. The markup is what an account pays over the list price, in hundredths of a percent; -500 is 5 % less.
-- created_number and changed_number are the change (table changes) that made and last touched the row.
CREATE TABLE accounts (
    name           TEXT   NOT NULL PRIMARY KEY,
    created_number BIGINT NOT NULL UNIQUE,
    changed_number BIGINT NOT NULL,
    billing        TEXT   NOT NULL CHECK (billing IN ('prepaid', 'postpaid')),
    markup         BIGINT NOT NULL CHECK (markup > -10000),
    created_at     BIGINT NOT NULL
);
