//! The life of a request: authenticate, ask, choose, attempt, relay, settle.

use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use decide::route::{Ask, Choice, Continues, Refusal, choose, choose_without_model};
use dialect::{Dialect, Door, Scan, multipart};
use http::Method;

use crate::answer::{Answer, AnswerBody};
use crate::attempt::{Errand, Payload, Unbegun};
use crate::called::{self, Called};
use crate::journey::Journey;
use crate::keys::{Denied, Key};
use crate::local;
use crate::models;
use crate::outcome::End;
use crate::refused::Refused;
use crate::request::Head;
use crate::said::{self, Said};
use crate::snapshot::Snapshot;
use crate::stay::Stay;
use crate::ticket::{Limited, Ticket};
use crate::till::Payment;
use crate::worker::Worker;

/// What a request's head comes to.
pub(crate) enum Admission {
    /// Its body is awaited.
    Admitted(Visit),
    /// It has its answer already.
    Answered(Answer),
}

/// A request that may go on: its key is good, its headers make sense, its body is still to come.
pub(crate) struct Visit {
    /// The one snapshot of this request.
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) door: Door,
    ticket: Ticket,
    key: Arc<Key>,
    said: Said,
    /// The model, where the path names it.
    model: Option<String>,
}

impl Visit {
    /// What its connection tells it by that the client has left; `None` where nobody pays, and it ends then.
    pub(crate) fn stay(&mut self, worker: &Worker) -> Option<Rc<Stay>> {
        let payment = worker.shared.till().map(|till| till.payment(&self.key));
        let is_paid = payment.is_some_and(|payment| payment != Payment::Nobody);
        self.ticket.stay = is_paid.then(Rc::default);
        self.ticket.stay.clone()
    }

    /// Has memory for a body that takes this many bytes by now.
    pub(crate) fn make_room(&mut self, bytes: usize) -> Result<(), Refused> {
        if self.ticket.make_room(bytes) {
            return Ok(());
        }
        Err(Refused::overloaded(
            "There is no memory for a request of this size right now, please retry",
        ))
    }

    /// Our own error for a request whose body could not be read.
    pub(crate) fn refuse(self, refused: &Refused) -> Answer {
        refuse(self.ticket, self.door, refused)
    }
}

/// Looks at a request's head. Whoever has no good key is answered before a byte of the body is read.
pub(crate) async fn admit(worker: &Rc<Worker>, head: &Head<'_>) -> Admission {
    use Admission::{Admitted, Answered};
    let request_id = said::request_id(head);
    let called = called::of(head.method, head.path(), || said::client_dialect(head));
    let door = called.as_ref().map_or_else(|(door, _)| *door, Called::door);
    let mut ticket = Ticket::new(worker, request_id, door, head.path());
    let called = match called {
        Ok(Called::Health) => return Answered(unrecorded(ticket, local::health())),
        Ok(Called::Ready) => return Answered(unrecorded(ticket, local::ready(worker.shared.is_draining()))),
        Ok(called) => called,
        Err((_, refused)) => return Answered(refuse(ticket, door, &refused)),
    };
    let snapshot = worker.shared.snapshot();
    let key = match authenticate(worker, &snapshot, head, ticket.at()).await {
        Ok(key) => key,
        Err(refused) => return Answered(refuse(ticket, door, &refused)),
    };
    if let Some(meter) = &key.limits {
        let standing = worker.shared.meters.standing(meter, "");
        ticket.limited = Some(Box::new(Limited { standing, pass: None }));
    }
    if let Some(record) = ticket.record() {
        record.key = Some(Arc::clone(&key));
    }
    match called {
        Called::Models(dialect) => {
            let listed = models::list(dialect, &snapshot, &key, head.query());
            Answered(looked_up(ticket, door, listed))
        }
        Called::Model(dialect, id) => {
            let found = models::one(dialect, &snapshot, &key, &id);
            Answered(looked_up(ticket, door, found))
        }
        Called::Api { model, .. } => match said::read(head) {
            Ok(said) => Admitted(Visit {
                snapshot,
                door,
                ticket,
                key,
                said,
                model,
            }),
            Err(refused) => Answered(refuse(ticket, door, &refused)),
        },
        Called::Health | Called::Ready => Answered(unrecorded(ticket, local::health())),
    }
}

/// Handles an admitted request: its answer is whole, or has begun.
pub(crate) async fn handle(worker: &Rc<Worker>, visit: Visit, head: &Head<'_>, body: &[u8]) -> Answer {
    let Visit {
        snapshot,
        door,
        mut ticket,
        key,
        said,
        model,
    } = visit;
    let payload = match read_body(door, head, body) {
        Ok(payload) => payload,
        Err(refused) => return refuse(ticket, door, &refused),
    };
    let named = model.as_deref().or(payload.model());
    let model = named.unwrap_or_default();
    let ask = ask_of(&said, &key, model, &payload);
    let chosen = match named {
        Some(_) => choose_named(worker, &snapshot, &ask),
        None => choose_unnamed(&snapshot, &ask, head.method, door),
    };
    let choice = match chosen {
        Ok(choice) => choice,
        Err(refused) => return refuse(ticket, door, &refused),
    };
    note_request(&mut ticket, &choice, &said, &payload);
    ticket.prompt_tokens = prompt_tokens(&key, &payload, body);
    let Some(mut journey) = Journey::start(worker, &snapshot, &choice, door) else {
        let gone = Refused::new(
            503,
            "no_healthy_environment",
            "This model has no environment right now",
        );
        return refuse(ticket, door, &gone.retry_after(1));
    };
    let prompt_tokens = ticket.prompt_tokens;
    if let Err(refused) = journey
        .pass_limits(&mut ticket, &key, &payload, prompt_tokens)
        .await
    {
        return journey.refuse(ticket, &refused);
    }
    if let Err(refused) = journey.cover(&mut ticket, &key, &payload, body).await {
        return journey.refuse(ticket, &refused);
    }
    if ticket.paid && !payload.streams() {
        ticket.finish_without_client();
    }
    journey.await_first_byte(&mut ticket, &choice);
    let errand = Errand {
        door,
        public_model: model,
        head,
        body,
        payload: &payload,
        key_headers: &snapshot.settings.key_headers,
        at: ticket.at(),
    };
    loop {
        match journey.attempt(&mut ticket, &errand).await {
            Ok(begun) => return journey.answer(ticket, begun),
            Err(Unbegun::Refused(refused)) => return journey.refuse(ticket, &refused),
            Err(Unbegun::Failed(failure)) => match journey.go_on(&mut ticket, failure) {
                ControlFlow::Continue(()) => {}
                ControlFlow::Break(failure) => return journey.fail(ticket, failure),
            },
        }
    }
}

async fn authenticate(
    worker: &Worker,
    snapshot: &Snapshot,
    head: &Head<'_>,
    now: u64,
) -> Result<Arc<Key>, Refused> {
    let digest = said::credential(head, &snapshot.settings.key_headers).ok_or_else(Refused::unknown_key)?;
    worker
        .shared
        .keys
        .find(&digest, now)
        .await
        .map_err(|denied| match denied {
            Denied::Unknown => Refused::unknown_key(),
            Denied::CannotTell => Refused::keys_unknown(),
        })
}

/// The route of a request that names a model; remembers the side of a conversation that begins.
fn choose_named<'a>(worker: &Worker, snapshot: &'a Snapshot, ask: &Ask<'a>) -> Result<Choice<'a>, Refused> {
    let (table, pins) = (&snapshot.table, &worker.shared.pins);
    let choice = choose(table, ask, |name| pins.recall(name), || fastrand::u64(..)).map_err(|refusal| {
        let nearest = table.names.nearest(ask.model, |name| ask.allowed.permits(name));
        Refused::from_route(refusal, ask.model, &nearest)
    })?;
    if let Some(name) = choice.remember {
        pins.remember(name, choice.side);
    }
    Ok(choice)
}

/// The route of a request that names none: to the provider that is there for them, if one is.
fn choose_unnamed<'a>(
    snapshot: &Snapshot,
    ask: &Ask<'a>,
    method: &Method,
    door: Door,
) -> Result<Choice<'a>, Refused> {
    let takes = snapshot
        .without_model()
        .filter(|_| door.dialect() == Dialect::OpenAi);
    let Some(index) = takes else {
        return Err(if *method == Method::POST {
            Refused::new(400, "invalid_request", "'model' is required").param("model")
        } else {
            Refused::new(405, "invalid_request", "This path takes POST")
        });
    };
    choose_without_model(index, ask).map_err(|refusal| match refusal {
        Refusal::ModelNotAllowed => {
            let message = "This key may call certain models only, and the request names none";
            Refused::new(403, "model_not_allowed", message).param("model")
        }
        other => Refused::from_route(other, ask.model, &[]),
    })
}

fn read_body(door: Door, head: &Head<'_>, body: &[u8]) -> Result<Payload, Refused> {
    if door == Door::Other && body.is_empty() {
        // Reading and ending what is stored takes none, and some actions on it are posted without.
        return Ok(Payload::Json(Scan::default()));
    }
    if door == Door::Other {
        let (kind, form) = (head.content_type().unwrap_or_default(), "multipart/form-data");
        let start = kind.get(..form.len());
        if start.is_some_and(|start| start.eq_ignore_ascii_case(form)) {
            return Ok(Payload::Form(multipart::read(kind, body)?));
        }
    }
    Ok(Payload::Json(Scan::read(door, body)?))
}

fn ask_of<'a>(said: &'a Said, key: &'a Key, model: &'a str, payload: &'a Payload) -> Ask<'a> {
    let scan = match payload {
        Payload::Json(scan) => Some(scan),
        Payload::Form(_) => None,
    };
    let reference = scan.and_then(|scan| {
        scan.previous_response_id
            .as_deref()
            .or(scan.prompt_cache_key.as_deref())
    });
    let conversation = match scan.map(|scan| (scan.continues, scan.opening)) {
        Some((false, Some(opening))) => Continues::Starts(opening),
        Some((true, Some(opening))) => Continues::Follows(opening),
        _ => Continues::Nothing,
    };
    Ask {
        model,
        environment: said.environment,
        canary: said.canary,
        blue_weight: said.blue_weight,
        session: said.session.as_deref(),
        reference,
        user: scan.and_then(|scan| scan.user.as_deref()),
        key: key.name.as_bytes(),
        conversation,
        allowed: &key.allowed,
        may_override: key.may_override,
    }
}

/// Files in a body are only looked for where it may matter: a stream can be cut, a limit wants to know before.
fn prompt_tokens(key: &Key, payload: &Payload, body: &[u8]) -> u64 {
    if estimates_whole(key, payload) {
        dialect::prompt_tokens(body)
    } else {
        dialect::written_tokens(body.len() as u64)
    }
}

pub(crate) fn estimates_whole(key: &Key, payload: &Payload) -> bool {
    key.limits.is_some() || payload.streams()
}

fn note_request(ticket: &mut Ticket, choice: &Choice<'_>, said: &Said, payload: &Payload) {
    if let Some(record) = ticket.record() {
        record.monitoring = said.monitoring;
        record.stream = payload.streams();
        record.route = Some(choice.into());
    }
}

/// What the gateway knows itself; that it does not is an error like any other.
fn looked_up(ticket: Ticket, door: Door, known: Result<Answer, Refused>) -> Answer {
    match known {
        Ok(answer) => unrecorded(ticket, answer),
        Err(refused) => refuse(ticket, door, &refused),
    }
}

/// Our own error for a request that got no route.
pub(crate) fn refuse(ticket: Ticket, door: Door, refused: &Refused) -> Answer {
    let answer = refused.answer(door, ticket.request_id());
    finish(ticket, answer, End::Refused(refused.code))
}

/// Adds what every answer carries, and the record to close once it is written.
pub(crate) fn finish(mut ticket: Ticket, mut answer: Answer, end: End) -> Answer {
    ticket.push_lines(&mut answer.lines);
    if let Some(record) = ticket.record() {
        record.status = answer.status;
    }
    if let AnswerBody::Whole(_, record) = &mut answer.body {
        *record = Some((ticket, end));
    }
    answer
}

/// An answer that is no request for statistics.
fn unrecorded(ticket: Ticket, mut answer: Answer) -> Answer {
    ticket.push_lines(&mut answer.lines);
    ticket.forget();
    answer
}
