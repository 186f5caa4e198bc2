//! A routed request on its way through attempts: which environment is next, and what the client
//! is told of it.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use decide::Side;
use decide::attempt::{Allowed, Next, Position, Verdict, next};
use decide::retry::Allowance;
use decide::route::{Because, Choice, Target};
use dialect::Door;

use crate::answer::{Answer, AnswerBody, push_field, push_line, push_number};
use crate::attempt::{self, Begun, Errand, Payload, Unbegun};
use crate::keys::Key;
use crate::life::{estimates_whole, finish};
use crate::limits;
use crate::outcome::{Attempt, End, FailureKind, Routed, Told};
use crate::refused::{self, Refused};
use crate::relay::Relay;
use crate::snapshot::{Deployment, Environment, Snapshot};
use crate::ticket::{Limited, Ticket};
use crate::till::{self, Payment, Uncovered, Untold, Wanted};
use crate::upstream::Failure;
use crate::worker::Worker;

pub(crate) struct Journey {
    worker: Rc<Worker>,
    deployment: Arc<Deployment>,
    door: Door,
    revision: u64,
    position: Position,
    because: Because,
    /// The environment that is being tried.
    environment: Arc<Environment>,
    retries: Allowance,
}

impl Journey {
    /// `None` if the snapshot lacks what the table names, which building it rules out.
    pub(crate) fn start(
        worker: &Rc<Worker>,
        snapshot: &Snapshot,
        choice: &Choice<'_>,
        door: Door,
    ) -> Option<Journey> {
        let deployment = match choice.target {
            Target::Deployment(index) => Arc::clone(snapshot.deployments.get(index)?),
            Target::Provider { index, model } => Arc::new(Deployment::of_provider(
                snapshot.providers.get(index)?,
                model,
                snapshot,
            )),
        };
        let environment = Arc::clone(deployment.environment(choice.side)?);
        worker.count_request(&environment.provider.name, snapshot.settings.retries);
        Some(Journey {
            worker: Rc::clone(worker),
            door,
            revision: choice.revision,
            position: Position::start(choice.side, choice.because.is_forced()),
            because: choice.because,
            environment,
            retries: snapshot.settings.retries,
            deployment,
        })
    }

    /// Shows a request that a coin has sent here to whoever judges, until its first byte.
    pub(crate) fn await_first_byte(&self, ticket: &mut Ticket, choice: &Choice<'_>) {
        let drawn = !choice.share.is_exact() && !choice.because.is_forced();
        if drawn && ticket.record().is_some_and(|record| !record.monitoring) {
            ticket.wait_for(&self.environment.flight, choice.share, choice.unit);
        }
    }

    /// Asks the key's limits for a place; `prompt_tokens` is what the request comes to by itself.
    pub(crate) async fn pass_limits(
        &self,
        ticket: &mut Ticket,
        key: &Key,
        payload: &Payload,
        prompt_tokens: u64,
    ) -> Result<(), Refused> {
        let Some(meter) = &key.limits else { return Ok(()) };
        let tokens = prompt_tokens.saturating_add(self.output_tokens(payload));
        let model = &*self.limited_name();
        let (standing, entered) = limits::enter(&self.worker.shared, meter, model, tokens).await;
        if let Some(record) = ticket.record() {
            record.deployment = Some(Arc::clone(&self.deployment.name));
        }
        let (pass, met) = match entered {
            Ok(pass) => (Some(pass), None),
            Err(met) => (None, Some(met)),
        };
        ticket.limited = Some(Box::new(Limited { standing, pass }));
        met.map_or(Ok(()), |met| Err(limits::refusal(met, model)))
    }

    /// What limits of single models go by: the deployment, or the provider and its model where there is none.
    fn limited_name(&self) -> Cow<'_, str> {
        let (provider, model) = (&self.environment.provider.name, &self.environment.model);
        match self.deployment.name.strip_suffix("/*") {
            Some(of) if of == &**provider => Cow::Owned(format!("{provider}/{model}")),
            _ => Cow::Borrowed(&*self.deployment.name),
        }
    }

    /// Has the request's greatest possible cost set aside, if its key's requests are to be covered first.
    pub(crate) async fn cover(
        &self,
        ticket: &mut Ticket,
        key: &Key,
        payload: &Payload,
        body: &[u8],
    ) -> Result<(), Refused> {
        let Some(till) = self.worker.shared.till() else {
            return Ok(());
        };
        let payment = till.payment(key);
        if payment == Payment::Nobody {
            return Ok(());
        }
        if !till.is_open() {
            return Err(Uncovered::Unavailable.into());
        }
        let free = matches!(self.door, Door::CountTokens | Door::GeminiCountTokens);
        ticket.paid = !free;
        let markup = till.markup(key);
        if let Some(record) = ticket.record() {
            record.markup = markup;
        }
        if payment == Payment::Afterwards || free {
            return Ok(());
        }
        let at = ticket.at();
        let list = self.deployment.list.as_deref();
        // Limits have asked for it before.
        let prompt_tokens = || match estimates_whole(key, payload) {
            true => ticket.prompt_tokens,
            false => dialect::prompt_tokens(body),
        };
        let asked = (self.door, payload);
        let greatest = till::greatest(self.may_be_tried(), list, asked, prompt_tokens, at);
        let greatest = greatest.map_err(|untold| match untold {
            Untold::Unpriced => till::unpriced(&self.environment.model),
            Untold::NotInTokens => till::not_in_tokens(ticket.path()),
        })?;
        let charge = ticket.open_charge();
        let answered = till.hold(Wanted {
            charge: &charge,
            request_id: ticket.request_id(),
            key,
            greatest,
            markup,
            at,
        });
        answered.await.map_err(|uncovered| {
            if let Uncovered::Refused(_) = uncovered {
                ticket.forget_charge();
            }
            uncovered.into()
        })
    }

    /// Every environment that this request may come to.
    fn may_be_tried(&self) -> impl Iterator<Item = &Environment> {
        let own = self.deployment.environment(self.position.side);
        let rescuer =
            (self.deployment.rescue && self.position.side == Side::Green && !self.because.is_forced())
                .then_some(&self.deployment.blue);
        own.into_iter()
            .chain(rescuer)
            .flat_map(|environment| std::iter::once(environment).chain(&environment.fallbacks))
            .map(|environment| &**environment)
    }

    /// The most tokens that the answer can have.
    fn output_tokens(&self, payload: &Payload) -> u64 {
        let Payload::Json(scan) = payload else { return 0 };
        till::output_tokens(&self.environment, self.door, scan)
    }

    /// Sends the request where the journey stands.
    pub(crate) async fn attempt(
        &mut self,
        ticket: &mut Ticket,
        errand: &Errand<'_>,
    ) -> Result<Box<Begun>, Unbegun> {
        let environment = Arc::clone(&self.environment);
        let boarded = environment.flight.board(environment.max_concurrency);
        let full = boarded.is_none();
        ticket.attempt(self.record(), boarded);
        if let Some(record) = ticket.record() {
            record.deployment = Some(Arc::clone(&self.deployment.name));
            record.list = self.deployment.list.clone();
        }
        if full {
            let most = "the environment's max_concurrency is reached";
            return Err(Failure::new(FailureKind::Capacity, most).into());
        }
        let begun = attempt::run(&self.worker, &environment, errand, ticket.trial()).await?;
        ticket.first_byte(begun.status);
        if self.because == Because::Rescue {
            ticket.tell_early(Told::Rescue);
        }
        Ok(begun)
    }

    /// Moves on after a failed attempt; breaks with the failure if there is nowhere to go.
    pub(crate) fn go_on(&mut self, ticket: &mut Ticket, failure: Failure) -> ControlFlow<Failure> {
        ticket.attempt_failed(failure.kind, failure.status);
        if ticket.client_has_left() {
            return ControlFlow::Break(failure);
        }
        let verdict = match failure.kind {
            FailureKind::Caller => Verdict::Caller,
            _ if failure.retryable => Verdict::Passing,
            _ => Verdict::Lasting,
        };
        let of_side = self.deployment.environment(self.position.side).cloned();
        let fallbacks = of_side
            .as_deref()
            .map_or(&[][..], |environment| &environment.fallbacks);
        let allowed = Allowed {
            rescue: self.deployment.rescue,
            fallbacks: fallbacks.len(),
        };
        let provider = &self.environment.provider.name;
        let step = next(self.position, verdict, allowed, || {
            self.worker.take_retry(provider, self.retries)
        });
        if verdict != Verdict::Caller {
            tracing::warn!(
                request_id = ticket.request_id(),
                deployment = &*self.deployment.name,
                environment = self.position.side.name(),
                provider = &**provider,
                kind = failure.kind.name(),
                detail = failure.detail,
                next = ?step,
                "an attempt failed"
            );
        }
        match step {
            Next::GiveUp => return ControlFlow::Break(failure),
            Next::Retry => self.position.tries += 1,
            Next::Rescue => {
                self.position = Position {
                    rescued: true,
                    ..Position::start(Side::Blue, false)
                };
                self.because = Because::Rescue;
                self.environment = Arc::clone(&self.deployment.blue);
            }
            Next::Fallback(index) => {
                let Some(fallback) = fallbacks.get(index) else {
                    return ControlFlow::Break(failure);
                };
                self.position.fallback = Some(index);
                self.because = Because::Fallback;
                self.environment = Arc::clone(fallback);
            }
        }
        ticket.tell_early(Told::Failure);
        ControlFlow::Continue(())
    }

    /// The answer has begun: the client gets its head, and what is there of it.
    pub(crate) fn answer(self, mut ticket: Ticket, begun: Box<Begun>) -> Answer {
        let Begun {
            status,
            mut lines,
            out,
            reader,
            rest,
            total_by,
            adapted,
        } = *begun;
        self.push_lines(&mut lines);
        if !adapted.is_empty() {
            push_line(&mut lines, "x-adapted", adapted.join(", ").as_bytes());
        }
        self.note_answer(&mut ticket, status);
        let Some(body) = rest else {
            if let Some(attempt) = ticket.last_attempt() {
                attempt.usage = reader.usage();
                attempt.written_bytes = reader.output_bytes();
                attempt.finished = true;
            }
            let answer = Answer {
                status,
                lines,
                body: AnswerBody::Whole(out, None),
                close: false,
            };
            return finish(ticket, answer, End::Complete);
        };
        ticket.push_lines(&mut lines);
        let limits = (self.environment.timeouts.idle, total_by);
        let relay = Relay::new(&self.worker, (body, reader, out), limits, ticket);
        Answer {
            status,
            lines,
            body: AnswerBody::Stream(Box::new(relay)),
            close: false,
        }
    }

    /// The vendor's API cannot take this request.
    pub(crate) fn refuse(self, mut ticket: Ticket, refused: &Refused) -> Answer {
        let mut answer = refused.answer(self.door, ticket.request_id());
        self.push_lines(&mut answer.lines);
        self.note_answer(&mut ticket, answer.status);
        ticket.forget_attempt();
        finish(ticket, answer, End::Refused(refused.code))
    }

    /// Every attempt failed: the last one's error is the client's.
    pub(crate) fn fail(self, mut ticket: Ticket, failure: Failure) -> Answer {
        let lasting = failure.kind != FailureKind::Caller;
        let (mut answer, code) = refused::failed(failure, self.door, ticket.request_id());
        self.push_lines(&mut answer.lines);
        if ticket.attempts() > 1 {
            answer.push("x-should-retry", b"false");
        }
        self.note_answer(&mut ticket, answer.status);
        finish(
            ticket,
            answer,
            if lasting { End::Failed(code) } else { End::Complete },
        )
    }

    fn note_answer(&self, ticket: &mut Ticket, status: u16) {
        if let Some(record) = ticket.record() {
            record.status = status;
            if let Some(route) = &mut record.route {
                route.answered = self.position.side;
                route.because = self.because;
            }
        }
    }

    fn push_lines(&self, lines: &mut Vec<u8>) {
        push_line(lines, "x-deployment", self.deployment.name.as_bytes());
        let side = self.position.side.name();
        push_field(lines, b"x-deployment-environment", side.as_bytes());
        push_field(lines, b"x-deployment-reason", self.because.name().as_bytes());
        lines.extend_from_slice(b"x-deployment-revision: ");
        push_number(lines, self.revision);
        lines.extend_from_slice(b"\r\n");
        push_line(lines, "x-upstream-model", self.environment.model.as_bytes());
    }

    fn record(&self) -> Attempt {
        Attempt {
            side: self.position.side,
            because: self.because,
            provider: Arc::clone(&self.environment.provider.name),
            model: Arc::clone(&self.environment.model),
            status: None,
            failure: None,
            started: std::time::Duration::ZERO,
            first_byte: None,
            duration: std::time::Duration::ZERO,
            usage: None,
            estimated: false,
            written_bytes: 0,
            written_events: 0,
            finished: false,
            price: self.environment.price.clone(),
        }
    }
}

impl From<&Choice<'_>> for Routed {
    fn from(choice: &Choice<'_>) -> Routed {
        Routed {
            chosen: choice.side,
            answered: choice.side,
            because: choice.because,
            chosen_because: choice.because,
            revision: choice.revision,
            share: choice.share,
            unit: choice.unit,
        }
    }
}
