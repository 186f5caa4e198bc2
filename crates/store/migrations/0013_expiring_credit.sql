-- Credit that is worth something until a time only. Spending counts against what expires first: `left_nanos` is what
-- was not spent by the entry `seen_number` of the book, which is the same for all rows of an account.
CREATE TABLE expiring_credit (
    topup       TEXT   NOT NULL PRIMARY KEY,
    account     TEXT   NOT NULL,
    left_nanos  BIGINT NOT NULL,
    seen_number BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX expiring_credit_by_account ON expiring_credit (account, expires_at);
CREATE INDEX expiring_credit_by_time ON expiring_credit (expires_at);
ALTER TABLE vouchers ADD COLUMN credit_expires_at BIGINT;
