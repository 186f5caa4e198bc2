-- The book: every transfer debits one book account and credits another. Rows are only ever appended.
-- Amounts are nano-US-dollars. `account` is the customer in whose statement a row stands.
CREATE TABLE ledger (
    number       BIGINT NOT NULL PRIMARY KEY,
    id           TEXT   NOT NULL UNIQUE,
    recorded_at  BIGINT NOT NULL,
    debit        TEXT   NOT NULL,
    credit       TEXT   NOT NULL,
    amount_nanos BIGINT NOT NULL CHECK (amount_nanos > 0),
    account      TEXT,
    request_id   TEXT,
    reason       TEXT   NOT NULL,
    CHECK (debit <> credit)
);
CREATE INDEX ledger_by_account ON ledger (account, number);

-- One row: the number of the last entry. Its row lock puts everything that moves money in one order on Postgres.
CREATE TABLE ledger_head (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    number   BIGINT NOT NULL
);
INSERT INTO ledger_head (only_row, number) VALUES (1, 0);

-- The sum of a book account's entries, credits less debits, kept up to date with them.
CREATE TABLE book_balances (
    book_account  TEXT   NOT NULL PRIMARY KEY,
    balance_nanos BIGINT NOT NULL
);

-- What requests cost: held before they are sent, settled once. The id is ours; a client may choose its request id.
CREATE TABLE charges (
    id                  TEXT    NOT NULL PRIMARY KEY,
    request_id          TEXT    NOT NULL,
    account             TEXT    NOT NULL,
    key_name            TEXT    NOT NULL,
    budget_period       TEXT,
    budget_nanos        BIGINT,
    owner               TEXT    NOT NULL,
    held_nanos          BIGINT,
    marked_charge_nanos BIGINT,
    marked_cost_nanos   BIGINT,
    charged_nanos       BIGINT,
    cost_nanos          BIGINT,
    estimated           BOOLEAN NOT NULL,
    updated_at          BIGINT  NOT NULL
);
CREATE INDEX charges_by_request ON charges (request_id, updated_at);
CREATE INDEX charges_under_way ON charges (owner) WHERE charged_nanos IS NULL;

-- What keys with a budget have spent, and what is held for their requests under way.
CREATE TABLE budgets (
    key_name    TEXT   NOT NULL,
    period      TEXT   NOT NULL,
    held_nanos  BIGINT NOT NULL,
    spent_nanos BIGINT NOT NULL,
    PRIMARY KEY (key_name, period)
);

-- Gateways that carry charges under way, and when each was last alive.
CREATE TABLE gateways (
    id      TEXT   NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL
);
