-- One row a deployment: where its traffic goes now. Shares are hundredths of a percent.
CREATE TABLE routes (
    deployment          TEXT   NOT NULL PRIMARY KEY,
    revision            BIGINT NOT NULL,
    green_share         BIGINT NOT NULL CHECK (green_share BETWEEN 0 AND 10000),
    salt                BIGINT NOT NULL,
    candidate           TEXT,
    phase               TEXT   NOT NULL,
    latch_cause         TEXT,
    previous_share      BIGINT CHECK (previous_share BETWEEN 0 AND 10000),
    promoted_at         BIGINT,
    adopted_green       TEXT,
    adopted_file_blue   TEXT,
    adopted_environment TEXT,
    updated_at          BIGINT NOT NULL
);
