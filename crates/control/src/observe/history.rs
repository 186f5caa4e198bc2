//! The last minutes of each deployment in coarse steps, so that a chart is not empty when somebody opens it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::Window;
use crate::report::Split;

/// How often a point is taken.
pub const STEP: Duration = Duration::from_secs(5);
/// Points kept of a deployment: ten minutes, in some 60 KB.
const MOST: usize = 120;

/// A deployment as it was: the split in force, and the window that ended then.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = HistoryPoint)]
pub struct Point {
    /// Unix seconds.
    pub at: i64,
    pub split: Split,
    pub blue: Window,
    pub green: Option<Window>,
}

/// By deployment.
#[derive(Debug, Default)]
pub struct History(Mutex<HashMap<String, VecDeque<Point>>>);

impl History {
    /// Takes a point of each deployment, and forgets those that are gone.
    pub fn take(&self, points: impl IntoIterator<Item = (String, Point)>) {
        let mut kept = self.kept();
        let mut now = HashMap::new();
        for (name, point) in points {
            let mut line = kept.remove(&name).unwrap_or_default();
            line.push_back(point);
            if line.len() > MOST {
                line.pop_front();
            }
            now.insert(name, line);
        }
        *kept = now;
    }

    /// Oldest first.
    pub fn of(&self, deployment: &str) -> Vec<Point> {
        let kept = self.kept();
        kept.get(deployment)
            .map(|line| line.iter().cloned().collect())
            .unwrap_or_default()
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Point>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use decide::Share;

    use super::*;

    fn point(at: i64) -> Point {
        Point {
            at,
            split: Split::of(Share::NONE),
            blue: Window::default(),
            green: None,
        }
    }

    #[test]
    fn ten_minutes_are_kept_and_what_is_gone_is_forgotten() {
        let history = History::default();
        for at in 0..200 {
            history.take([("a".to_owned(), point(at)), ("b".to_owned(), point(at))]);
        }
        let times: Vec<i64> = history.of("a").iter().map(|point| point.at).collect();
        assert_eq!(times, (80..200).collect::<Vec<_>>());
        history.take([("b".to_owned(), point(200))]);
        assert!(history.of("a").is_empty() && history.of("b").len() == MOST);
    }
}
