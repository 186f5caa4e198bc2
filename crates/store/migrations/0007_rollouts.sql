-- One row a rollout, the running ones and the history. The number is that of the change that started it. `owner` is the
-- gateway that drives it; `state` is the machine's own record, `report` (JSON) what was last shown of it.
CREATE TABLE rollouts (
    id          TEXT   NOT NULL PRIMARY KEY,
    number      BIGINT NOT NULL UNIQUE,
    deployment  TEXT   NOT NULL,
    candidate   TEXT   NOT NULL,
    owner       TEXT   NOT NULL,
    plan_name   TEXT   NOT NULL,
    plan        TEXT   NOT NULL,
    state       BYTEA  NOT NULL,
    report      TEXT   NOT NULL,
    started_at  BIGINT NOT NULL,
    saved_at    BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX rollouts_by_deployment ON rollouts (deployment, number);
CREATE UNIQUE INDEX rollouts_under_way ON rollouts (deployment) WHERE finished_at IS NULL;
