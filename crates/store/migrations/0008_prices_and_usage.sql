-- Prices that were set through the admin API; those of the configuration file and the shipped ones never come here.
-- kind: cost, what a vendor charges, by its name of the model; list, what the operator asks for, by the public name.
CREATE TABLE prices (
    kind           TEXT   NOT NULL CHECK (kind IN ('cost', 'list')),
    model          TEXT   NOT NULL,
    valid_from     BIGINT NOT NULL,
    changed_number BIGINT NOT NULL,
    price          TEXT   NOT NULL,
    PRIMARY KEY (kind, model, valid_from)
);
-- What was used, by the hour. A row belongs to one run of one gateway, which writes its whole sum again and again: to
-- write a row twice changes nothing, and two gateways never write the same row. Money is nano-US-dollars.
CREATE TABLE usage_hours (
    hour                   BIGINT NOT NULL,
    run                    TEXT   NOT NULL,
    key_name               TEXT   NOT NULL,
    account                TEXT   NOT NULL,
    deployment             TEXT   NOT NULL,
    environment            TEXT   NOT NULL,
    provider               TEXT   NOT NULL,
    model                  TEXT   NOT NULL,
    requests               BIGINT NOT NULL,
    errors                 BIGINT NOT NULL,
    attempts               BIGINT NOT NULL,
    input_tokens           BIGINT NOT NULL,
    cached_input_tokens    BIGINT NOT NULL,
    cache_write_tokens     BIGINT NOT NULL,
    output_tokens          BIGINT NOT NULL,
    reasoning_tokens       BIGINT NOT NULL,
    cost_nanos             BIGINT NOT NULL,
    list_nanos             BIGINT NOT NULL,
    sold_nanos             BIGINT NOT NULL,
    unpriced               BIGINT NOT NULL,
    estimated              BIGINT NOT NULL,
    PRIMARY KEY (hour, run, key_name, account, deployment, environment, provider, model)
);
-- Limits of single models, as JSON.
ALTER TABLE keys ADD COLUMN model_limits TEXT;
-- The gateways on this store that divide limits among them, each heard again every few seconds.
CREATE TABLE limit_sharers (
    name     TEXT   NOT NULL PRIMARY KEY,
    heard_at BIGINT NOT NULL
);
