//! `accounts`: who pays.

mod correct;
mod create;
mod list;
mod set;
mod show;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::Failure;
use crate::output::{Cell, Column, Output, Table, Tone, UNKNOWN};

const EXAMPLES: &str = "\
Examples:
  crossfade accounts create acme
  crossfade accounts create partner --billing postpaid --markup-percent -5
  crossfade accounts list
  crossfade accounts show acme
  crossfade accounts correct acme --id outage-7 --usd 2.50 --reason 'outage of 3 May'";

/// Make, list, change and correct the accounts that pay
#[derive(Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(super) struct AccountsArgs {
    #[command(subcommand)]
    verb: AccountsVerb,
}

#[derive(Subcommand)]
enum AccountsVerb {
    Create(create::CreateArgs),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Set(set::SetArgs),
    Correct(correct::CorrectArgs),
}

pub(super) async fn run(args: &AccountsArgs, output: &Output) -> Result<(), Failure> {
    match &args.verb {
        AccountsVerb::Create(args) => create::run(args, output).await,
        AccountsVerb::List(args) => list::run(args, output).await,
        AccountsVerb::Show(args) => show::run(args, output).await,
        AccountsVerb::Set(args) => set::run(args, output).await,
        AccountsVerb::Correct(args) => correct::run(args, output).await,
    }
}

/// Accounts as people read them.
fn show(accounts: &[Value], output: &Output) -> Result<(), Failure> {
    let columns = vec![
        Column::Left("NAME"),
        Column::Left("BILLING"),
        Column::Right("MARKUP"),
        Column::Right("BALANCE"),
        Column::Right("HELD"),
        Column::Right("AVAILABLE"),
    ];
    let mut table = Table::new(columns);
    for account in accounts {
        let text = |field: &str| account.get(field).and_then(Value::as_str).unwrap_or(UNKNOWN);
        let markup = account
            .get("markup_percent")
            .map_or(UNKNOWN.to_owned(), |percent| format!("{percent} %"));
        table.row(vec![
            Cell::toned(Tone::Strong, text("name")),
            Cell::new(text("billing")),
            Cell::new(markup),
            Cell::new(text("balance_usd")),
            Cell::new(text("held_usd")),
            Cell::new(text("available_usd")),
        ]);
    }
    Ok(output.table(&table)?)
}
