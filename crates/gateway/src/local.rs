//! Endpoints that the gateway answers itself: alive and ready.

use crate::answer::Answer;

pub(crate) fn health() -> Answer {
    Answer::json(200, br#"{"status":"ok"}"#.to_vec())
}

pub(crate) fn ready(draining: bool) -> Answer {
    if draining {
        return Answer::json(503, br#"{"status":"draining"}"#.to_vec());
    }
    Answer::json(200, br#"{"status":"ready"}"#.to_vec())
}
