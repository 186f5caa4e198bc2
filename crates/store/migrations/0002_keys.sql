-- Secrets are never here, only their SHA-256. Times are unix milliseconds, money is nano-US-dollars.
-- created_number and changed_number are the change (table changes) that made and last touched the row.
CREATE TABLE keys (
    name                TEXT   NOT NULL PRIMARY KEY,
    created_number      BIGINT NOT NULL UNIQUE,
    changed_number      BIGINT NOT NULL,
    digest              BYTEA  NOT NULL UNIQUE,
    previous_digest     BYTEA,
    previous_until      BIGINT,
    account             TEXT,
    models              TEXT   NOT NULL,
    overrides           TEXT   NOT NULL CHECK (overrides IN ('allow', 'deny')),
    requests_per_minute BIGINT,
    tokens_per_minute   BIGINT,
    concurrent_requests BIGINT,
    budget_nanos        BIGINT,
    budget_per          TEXT   CHECK (budget_per IN ('day', 'month', 'total')),
    expires_at          BIGINT,
    created_at          BIGINT NOT NULL,
    revoked_at          BIGINT
);
CREATE INDEX keys_by_change ON keys (changed_number);
