-- The request log. A client may choose its request id, so an id can come twice: only id and time together are unique.
CREATE TABLE finished_requests (
    id          TEXT   NOT NULL,
    finished_at BIGINT NOT NULL,
    deployment  TEXT   NOT NULL,
    key_name    TEXT   NOT NULL,
    detail      TEXT   NOT NULL,
    PRIMARY KEY (id, finished_at)
);
CREATE INDEX finished_requests_by_time ON finished_requests (finished_at);
