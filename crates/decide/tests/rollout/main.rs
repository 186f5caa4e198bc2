//! A rollout, told event by event: plans, buttons, gates, verdicts, restarts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod buttons;
mod gates;
mod plans;
mod restarts;
mod storms;
mod story;
mod verdicts;
