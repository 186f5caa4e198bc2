//! The demonstration: gateway, simulated vendors and steady traffic in one process. It is a test of itself, too:
//! every answer is checked, and it fails if a user saw an error or a promise was not kept.
//!
//! `stage` holds the running parts, `judged` its rollouts, `traffic` sends requests, `visit` judges each answer, `tally` counts them,
//! `figures` puts the counts beside the gateway's own report, `scenes` says what happens, `show` plays them, and
//! `screen` is where it is seen.

mod figures;
mod judged;
mod scenes;
mod screen;
mod show;
mod stage;
mod tally;
mod traffic;
mod visit;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::cli::{DemoArgs, Failure, Stop};
use crate::output::Output;
use figures::Figures;
use screen::{Moment, Screen};
use show::Show;
use stage::Stage;
use tally::Tally;
use traffic::Traffic;

/// Runs the demonstration to its end, or to Ctrl-C.
///
/// # Errors
/// When it cannot run, and when a promise was broken: that has been shown then.
pub(crate) fn run(args: &DemoArgs, output: &Output) -> Result<(), Failure> {
    let runtime = crate::serve::runtime()?;
    let screen = Screen::of(output);
    runtime.block_on(perform(args, screen))
}

async fn perform(args: &DemoArgs, mut screen: Screen) -> Result<(), Failure> {
    let mut stop = Stop::listen()?;
    let opened = tokio::select! {
        biased;
        () = stop.asked_for() => None,
        stage = Stage::open() => Some(stage?),
    };
    let Some(stage) = opened else {
        return Ok(());
    };
    let tally = Arc::new(Tally::default());
    let mut traffic = Traffic::start(&stage.addresses, Arc::clone(&tally));
    let mut show = Show {
        stage: &stage,
        tally: &tally,
        screen: &mut screen,
        began: Instant::now(),
        limit: args.seconds.map(Duration::from_secs),
        scenes_in: args.scenes_in.or(args.seconds).map(Duration::from_secs),
        figures: None,
        judged: false,
    };
    let played = tokio::select! {
        biased;
        () = stop.asked_for() => Ok(()),
        played = show.play(&mut traffic) => played,
    };
    let figures = show.figures.take();
    let broken = broken_promises(figures.as_ref(), &tally);
    // All has been judged: what is cut now is nobody's error, though a user who is still leaving may see it.
    drop(traffic);
    stage.close().await;
    played.map_err(failure)?;
    last_word(&mut screen, figures.as_ref(), &broken)
}

fn broken_promises(figures: Option<&Figures>, tally: &Tally) -> Vec<String> {
    let mut broken = figures.map(Figures::broken_promises).unwrap_or_default();
    broken.extend(tally.counts().complaints.iter().cloned());
    broken
}

fn last_word(screen: &mut Screen, figures: Option<&Figures>, broken: &[String]) -> Result<(), Failure> {
    screen.show(&Moment::Ends {
        figures,
        broken_promises: broken,
    })?;
    if broken.is_empty() {
        Ok(())
    } else {
        Err(Failure::Shown)
    }
}

/// A reader that went away is no failure of the show.
fn failure(error: anyhow::Error) -> Failure {
    match error.downcast::<io::Error>() {
        Ok(error) => Failure::Output(error),
        Err(error) => Failure::Other(error),
    }
}
