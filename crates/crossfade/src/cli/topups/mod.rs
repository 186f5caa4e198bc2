//! `topups`: credit that comes in.

mod confirm;
mod create;
mod list;
mod refund;
mod vouchers;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::Failure;
use crate::output::{Cell, Column, Output, Table, Tone, UNKNOWN};

const EXAMPLES: &str = "\
Examples:
  crossfade topups create --id inv-7 --account acme --amount 10.00 --reason 'paid in cash'
  crossfade topups create --id inv-8 --account acme --provider bank_transfer --amount 50000 --currency KRW
  crossfade topups confirm inv-8
  crossfade topups list --account acme
  crossfade topups refund inv-7 --reason 'asked for'
  crossfade topups vouchers spring --count 100 --usd 5.00";

/// Make, confirm, list and pay back top-ups; make vouchers
#[derive(Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(super) struct TopupsArgs {
    #[command(subcommand)]
    verb: TopupsVerb,
}

#[derive(Subcommand)]
enum TopupsVerb {
    Create(create::CreateArgs),
    Confirm(confirm::ConfirmArgs),
    List(list::ListArgs),
    Refund(refund::RefundArgs),
    Vouchers(vouchers::VouchersArgs),
}

pub(super) async fn run(args: &TopupsArgs, output: &Output) -> Result<(), Failure> {
    match &args.verb {
        TopupsVerb::Create(args) => create::run(args, output).await,
        TopupsVerb::Confirm(args) => confirm::run(args, output).await,
        TopupsVerb::List(args) => list::run(args, output).await,
        TopupsVerb::Refund(args) => refund::run(args, output).await,
        TopupsVerb::Vouchers(args) => vouchers::run(args, output).await,
    }
}

/// Orders as people read them.
fn show(orders: &[Value], output: &Output) -> Result<(), Failure> {
    let columns = vec![
        Column::Left("ID"),
        Column::Left("ACCOUNT"),
        Column::Left("PROVIDER"),
        Column::Right("AMOUNT"),
        Column::Right("USD"),
        Column::Left("STATE"),
        Column::Left("REFERENCE"),
    ];
    let mut table = Table::new(columns);
    for order in orders {
        let text = |field: &str| order.get(field).and_then(Value::as_str).unwrap_or(UNKNOWN);
        let tone = match text("state") {
            "paid" => Tone::Good,
            "failed" | "expired" => Tone::Bad,
            _ => Tone::Plain,
        };
        table.row(vec![
            Cell::toned(Tone::Strong, text("id")),
            Cell::new(text("account")),
            Cell::new(text("provider")),
            Cell::new(format!("{} {}", text("amount"), text("currency"))),
            Cell::new(text("amount_usd")),
            Cell::toned(tone, text("state")),
            Cell::new(text("reference")),
        ]);
    }
    Ok(output.table(&table)?)
}
