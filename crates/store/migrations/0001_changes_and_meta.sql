-- One row: how often anything here has changed. Its row lock also puts all changes in one order on Postgres.
CREATE TABLE changes (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    number   BIGINT NOT NULL
);
INSERT INTO changes (only_row, number) VALUES (1, 0);

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
