-- Buttons of rollouts that were pushed on a gateway that does not drive the rollout, for the one that does. `taken_by` is
-- the gateway that has taken a button to its rollout; `answer` (JSON) is what came of it.
CREATE TABLE buttons (
    number     BIGINT NOT NULL PRIMARY KEY,
    rollout    TEXT   NOT NULL,
    verb       TEXT   NOT NULL,
    share      BIGINT,
    actor      TEXT   NOT NULL,
    role       TEXT   NOT NULL,
    reason     TEXT,
    pressed_at BIGINT NOT NULL,
    taken_by   TEXT,
    answer     TEXT
);
