//! A batch of operations inside a transaction: load what they touch, decide, write what changed.

use std::collections::BTreeSet;

use decide::book::{BookAccount, Leaf, Operation, Touched};

/// Rows in one statement: 14 values a row stay below SQLite's 32,766 parameters.
pub(crate) const ROWS_A_STATEMENT: usize = 1_000;

/// What is to be loaded, each once.
#[derive(Default)]
pub(crate) struct Wanted {
    pub(crate) balances: BTreeSet<String>,
    pub(crate) accounts: BTreeSet<String>,
    pub(crate) charges: BTreeSet<String>,
    pub(crate) budget_keys: BTreeSet<String>,
    pub(crate) entries: BTreeSet<String>,
}

impl Wanted {
    pub(crate) fn of(operations: &[Operation]) -> Wanted {
        let mut wanted = Wanted::default();
        for operation in operations {
            wanted.add(operation.touches());
        }
        wanted
    }

    /// What charges that turned out to be known are about.
    pub(crate) fn add_known(&mut self, leaf: &Leaf) {
        for (id, charge) in leaf.charges() {
            self.add(Touched::of_charge(id, charge));
        }
    }

    fn add(&mut self, touched: Vec<Touched>) {
        for one in touched {
            let (set, name) = match one {
                Touched::Balance(account) => (&mut self.balances, account.to_string()),
                Touched::Billing(account) => (&mut self.accounts, account),
                Touched::Charge(id) => (&mut self.charges, id),
                // A key has few periods, and one of them is wanted.
                Touched::Budget { key, .. } => (&mut self.budget_keys, key),
                Touched::Entry(id) => (&mut self.entries, id),
            };
            set.insert(name);
        }
    }
}

pub(crate) fn book_account(text: &str) -> Result<BookAccount, crate::StoreError> {
    text.parse()
        .map_err(|_| crate::StoreError::corrupt(format!("book account '{text}'")))
}

/// `apply_in!(transaction, operations, at)`: what became of each operation. To be used in `on_database!`'s `write`.
macro_rules! apply_in {
    ($transaction:ident, $operations:expr, $at:expr) => {{
        use $crate::ledger::apply::{ROWS_A_STATEMENT, Wanted, book_account};
        let operations: &[decide::book::Operation] = $operations;
        let at: $crate::UnixMilliseconds = $at;
        // First of all, the lock: what is read below stays true until the commit.
        let lock = "UPDATE ledger_head SET number = number WHERE only_row = 1 RETURNING number";
        let mut number: i64 = sqlx::query_scalar(lock).fetch_one(&mut *$transaction).await?;
        let first = number;

        let mut leaf = decide::book::Leaf::default();
        let mut wanted = Wanted::of(operations);
        let charges: Vec<$crate::ledger::row::ChargeRow> = $crate::ledger::apply::load_in!(
            $transaction, wanted.charges,
            "SELECT id, request_id, account, key_name, budget_period, budget_nanos, owner, held_nanos,
                    marked_charge_nanos, marked_cost_nanos, charged_nanos, cost_nanos, estimated
             FROM charges WHERE id IN ("
        );
        for row in charges {
            let (id, charge) = row.charge()?;
            leaf.know_charge(id, charge);
        }
        wanted.add_known(&leaf);
        let entries: Vec<$crate::ledger::row::EntryRow> = $crate::ledger::apply::load_in!(
            $transaction, wanted.entries,
            "SELECT number, id, recorded_at, debit, credit, amount_nanos, request_id, reason FROM ledger WHERE id IN ("
        );
        for row in entries {
            leaf.know_entry(row.entry()?);
        }
        let balances: Vec<(String, i64)> = $crate::ledger::apply::load_in!(
            $transaction, wanted.balances,
            "SELECT book_account, balance_nanos FROM book_balances WHERE book_account IN ("
        );
        for (account, nanos) in balances {
            leaf.know_balance(book_account(&account)?, nanos);
        }
        let accounts: Vec<(String, String)> = $crate::ledger::apply::load_in!(
            $transaction, wanted.accounts, "SELECT name, billing FROM accounts WHERE name IN ("
        );
        for (name, billing) in accounts {
            leaf.know_billing(name, $crate::accounts::billing_of(&billing)?);
        }
        let budgets: Vec<(String, String, i64, i64)> = $crate::ledger::apply::load_in!(
            $transaction, wanted.budget_keys,
            "SELECT key_name, period, held_nanos, spent_nanos FROM budgets WHERE key_name IN ("
        );
        for (key, period, held, spent) in budgets {
            leaf.know_budget(key, period, decide::book::Spent { held, spent });
        }

        let applied: Vec<_> = operations.iter().map(|operation| leaf.apply(operation)).collect();

        for entries in leaf.entries().chunks(ROWS_A_STATEMENT) {
            let mut statement = sqlx::QueryBuilder::new(
                "INSERT INTO ledger (number, id, recorded_at, debit, credit, amount_nanos, account, request_id, reason) ",
            );
            statement.push_values(entries, |mut row, entry| {
                number += 1;
                row.push_bind(number).push_bind(&entry.id).push_bind(at);
                row.push_bind(entry.debit.to_string()).push_bind(entry.credit.to_string());
                row.push_bind(entry.nanos).push_bind(entry.customer());
                row.push_bind(entry.request_id.as_deref()).push_bind(&entry.reason);
            });
            statement.build().execute(&mut *$transaction).await?;
        }
        if number > first {
            let count = "UPDATE ledger_head SET number = $1 WHERE only_row = 1";
            sqlx::query(count).bind(number).execute(&mut *$transaction).await?;
        }
        let balances: Vec<_> = leaf.changed_balances().collect();
        for balances in balances.chunks(ROWS_A_STATEMENT) {
            let mut statement = sqlx::QueryBuilder::new("INSERT INTO book_balances (book_account, balance_nanos) ");
            statement.push_values(balances, |mut row, (account, nanos)| {
                row.push_bind(account.to_string()).push_bind(*nanos);
            });
            statement.push(" ON CONFLICT (book_account) DO UPDATE SET balance_nanos = excluded.balance_nanos");
            statement.build().execute(&mut *$transaction).await?;
        }
        let budgets: Vec<_> = leaf.changed_budgets().collect();
        for budgets in budgets.chunks(ROWS_A_STATEMENT) {
            let mut statement =
                sqlx::QueryBuilder::new("INSERT INTO budgets (key_name, period, held_nanos, spent_nanos) ");
            statement.push_values(budgets, |mut row, (key, period, spent)| {
                row.push_bind(*key).push_bind(*period).push_bind(spent.held).push_bind(spent.spent);
            });
            statement.push(
                " ON CONFLICT (key_name, period)
                  DO UPDATE SET held_nanos = excluded.held_nanos, spent_nanos = excluded.spent_nanos",
            );
            statement.build().execute(&mut *$transaction).await?;
        }
        let charges: Vec<_> = leaf.changed_charges().map($crate::ledger::row::columns).collect();
        for charges in charges.chunks(ROWS_A_STATEMENT) {
            let mut statement = sqlx::QueryBuilder::new(
                "INSERT INTO charges (id, request_id, account, key_name, budget_period, budget_nanos, owner, held_nanos,
                                      marked_charge_nanos, marked_cost_nanos, charged_nanos, cost_nanos, estimated,
                                      updated_at) ",
            );
            statement.push_values(charges, |mut row, charge| {
                row.push_bind(&charge.id).push_bind(&charge.request_id).push_bind(&charge.account);
                row.push_bind(&charge.key_name).push_bind(&charge.budget_period).push_bind(charge.budget_nanos);
                row.push_bind(&charge.owner).push_bind(charge.held_nanos).push_bind(charge.marked_charge_nanos);
                row.push_bind(charge.marked_cost_nanos).push_bind(charge.charged_nanos);
                row.push_bind(charge.cost_nanos).push_bind(charge.estimated).push_bind(at);
            });
            statement.push(
                " ON CONFLICT (id) DO UPDATE SET held_nanos = excluded.held_nanos,
                      marked_charge_nanos = excluded.marked_charge_nanos, marked_cost_nanos = excluded.marked_cost_nanos,
                      charged_nanos = excluded.charged_nanos, cost_nanos = excluded.cost_nanos,
                      estimated = excluded.estimated, updated_at = excluded.updated_at",
            );
            statement.build().execute(&mut *$transaction).await?;
        }
        applied
    }};
}

/// `load_in!(transaction, names, "SELECT ... IN (")`: the rows of these names; no statement for none.
macro_rules! load_in {
    ($transaction:ident, $names:expr, $select:literal) => {{
        let names: Vec<String> = $names.iter().cloned().collect();
        let mut rows = Vec::new();
        for names in names.chunks(ROWS_A_STATEMENT) {
            let mut statement = sqlx::QueryBuilder::new($select);
            let mut separated = statement.separated(", ");
            for name in names {
                separated.push_bind(name);
            }
            statement.push(")");
            rows.extend(statement.build_query_as().fetch_all(&mut *$transaction).await?);
        }
        rows
    }};
}

pub(crate) use {apply_in, load_in};
