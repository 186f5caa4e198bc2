-- Orders for credit. Amounts paid are thousand-millionths of the currency's unit; `rate_nanos` is what one unit is in
-- nano-US-dollars. `payment` is the provider's own name of the payment: one payment pays one order.
CREATE TABLE topups (
    id             TEXT   NOT NULL PRIMARY KEY,
    number         BIGINT NOT NULL UNIQUE,
    account        TEXT   NOT NULL,
    provider       TEXT   NOT NULL,
    amount_nanos   BIGINT NOT NULL CHECK (amount_nanos > 0),
    currency       TEXT   NOT NULL,
    rate_nanos     BIGINT NOT NULL CHECK (rate_nanos > 0),
    usd_nanos      BIGINT NOT NULL CHECK (usd_nanos > 0),
    state          TEXT   NOT NULL CHECK (state IN ('pending', 'paid', 'failed', 'expired', 'partially_refunded', 'refunded')),
    reference      TEXT   UNIQUE,
    payment        TEXT,
    refunded_nanos BIGINT NOT NULL,
    reason         TEXT,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT,
    paid_at        BIGINT,
    UNIQUE (provider, payment)
);
CREATE INDEX topups_by_account ON topups (account, number);

-- Refunds by the id that their caller made.
CREATE TABLE refunds (
    topup        TEXT   NOT NULL,
    id           TEXT   NOT NULL,
    amount_nanos BIGINT NOT NULL CHECK (amount_nanos > 0),
    usd_nanos    BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    PRIMARY KEY (topup, id)
);

-- Codes are never here, only their SHA-256.
CREATE TABLE vouchers (
    digest            BYTEA  NOT NULL PRIMARY KEY,
    batch             TEXT   NOT NULL,
    usd_nanos         BIGINT NOT NULL CHECK (usd_nanos > 0),
    code_expires_at   BIGINT,
    created_at        BIGINT NOT NULL,
    topup             TEXT   UNIQUE,
    redeemed_at       BIGINT
);
CREATE INDEX vouchers_by_batch ON vouchers (batch);
