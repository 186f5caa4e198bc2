-- Who changed what and why; only ever appended to. The id is the number of the change (table changes).
CREATE TABLE audit (
    id          BIGINT NOT NULL PRIMARY KEY,
    recorded_at BIGINT NOT NULL,
    actor       TEXT   NOT NULL,
    role        TEXT   NOT NULL,
    verb        TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    reason      TEXT,
    detail      TEXT   NOT NULL
);
CREATE INDEX audit_by_subject ON audit (subject, id);
