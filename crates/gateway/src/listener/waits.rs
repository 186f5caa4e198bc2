//! What a connection waits for besides bytes: a limit of time, and the gateway's end.
//!
//! Both are kept from request to request, since to begin and end such a wait takes locks and costs more than to read a
//! head does. So the alarm is let fire where it is set too early, and set anew then, and the phase is looked at, which is
//! one load, where there is a reason to be awake anyway.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Phase;

/// Of one connection's task; no other may poll it.
pub(super) struct Waits {
    alarm: Pin<Box<Sleep>>,
    /// The alarm is set for this task.
    is_set: bool,
    /// Nothing of it is marked as seen: the first change is the end of serving.
    phase: watch::Receiver<Phase>,
    /// Wakes the task at that change; made where it is first waited for.
    ending: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Waits {
    pub(super) fn new(mut phase: watch::Receiver<Phase>) -> Waits {
        if *phase.borrow() > Phase::Serving {
            phase.mark_changed();
        }
        Waits {
            alarm: Box::pin(sleep_until(Instant::now())),
            is_set: false,
            phase,
            ending: None,
        }
    }

    pub(super) fn phase(&self) -> &watch::Receiver<Phase> {
        &self.phase
    }

    /// Whether connections are to be kept for further requests.
    pub(super) fn is_serving(&self) -> bool {
        matches!(self.phase.has_changed(), Ok(false)) || *self.phase.borrow() == Phase::Serving
    }

    /// Ready once the gateway goes down, or nobody is there to say so.
    pub(super) fn poll_ending(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.ending.is_none() {
            let mut phase = self.phase.clone();
            let mut ending = Box::pin(async move {
                let _ = phase.wait_for(|phase| *phase > Phase::Serving).await;
            });
            if ending.as_mut().poll(cx).is_pending() {
                self.ending = Some(ending);
            }
        }
        if self.is_serving() && self.phase.has_changed().is_ok() {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    /// Ready once it is so late.
    pub(super) fn poll_late(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_set && self.alarm.deadline() <= deadline && !self.alarm.is_elapsed() {
            return Poll::Pending;
        }
        self.alarm.as_mut().reset(deadline);
        self.is_set = true;
        self.alarm.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_late_at_the_deadline_whatever_the_alarm_was_set_to_before() {
        let (_sender, receiver) = watch::channel(Phase::Serving);
        let mut waits = Waits::new(receiver);
        for seconds in [10, 100, 1, 50, 0, 7] {
            let deadline = Instant::now() + Duration::from_secs(seconds);
            // A wait that came to an end early leaves its alarm behind.
            for given_up in [
                deadline - Duration::from_millis(seconds * 500),
                deadline + Duration::from_secs(5),
            ] {
                let once = poll_fn(|cx| Poll::Ready(waits.poll_late(given_up, cx))).await;
                assert_eq!(once.is_ready(), given_up <= Instant::now());
            }
            poll_fn(|cx| waits.poll_late(deadline, cx)).await;
            let late = Instant::now().saturating_duration_since(deadline);
            assert!(late <= Duration::from_millis(1), "{late:?} of {seconds}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_wakes_who_waits_for_it_and_is_there_for_who_comes_later() {
        let (sender, receiver) = watch::channel(Phase::Serving);
        let mut waits = Waits::new(receiver);
        assert!(waits.is_serving());
        let ends = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            sender.send_replace(Phase::Draining);
        };
        let ending = poll_fn(|cx| waits.poll_ending(cx));
        tokio::join!(ends, ending);
        assert!(!waits.is_serving());
        let mut later = Waits::new(sender.subscribe());
        assert!(!later.is_serving());
        poll_fn(|cx| later.poll_ending(cx)).await;
        drop(sender);
        poll_fn(|cx| waits.poll_ending(cx)).await;
    }
}
