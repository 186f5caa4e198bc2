//! The routing decision itself.

use super::names::Found;
use super::{Allowed, Route, Sticky, Table, point_of, side_at};
use crate::{Share, Side};

/// What one request asks for, as its headers and body say it.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The model as the client wrote it, suffix included.
    pub model: &'a str,
    /// `X-Deployment-Environment`; `auto` is no choice.
    pub environment: Option<Side>,
    /// `X-Canary: enabled`.
    pub canary: bool,
    /// `X-Blue-Weight`.
    pub blue_weight: Option<Share>,
    /// `X-Session-Id`.
    pub session: Option<&'a str>,
    /// The body's `previous_response_id` or `prompt_cache_key`.
    pub reference: Option<&'a str>,
    /// The body's end user.
    pub user: Option<&'a str>,
    /// Tells keys apart; part of every conversation's unit.
    pub key: &'a [u8],
    pub conversation: Continues,
    /// The key's allow list.
    pub allowed: &'a Allowed,
    /// Whether the key may name or weigh a side.
    pub may_override: bool,
}

/// What the body shows of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continues {
    /// Nothing that could be continued.
    Nothing,
    /// A first turn, with the hash of its opening messages.
    Starts(u64),
    /// A later turn of the conversation that opened with messages of this hash.
    Follows(u64),
}

/// Where the request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice<'a> {
    pub target: Target<'a>,
    pub side: Side,
    pub because: Because,
    /// Green's share that the draw was made with: the weight evidence is judged by.
    pub share: Share,
    pub revision: u64,
    /// Hash of the unit that is held to its side, if one is.
    pub unit: Option<u64>,
    /// A first turn on a split deployment: remember its side under this name.
    pub remember: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// By index into the table's routes.
    Deployment(usize),
    /// A provider's own model, without a deployment.
    Provider { index: usize, model: &'a str },
}

/// Why the request went to its side; the response header's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Because {
    Header,
    Model,
    Canary,
    Session,
    Conversation,
    RequestWeight,
    Split,
    Rescue,
    Fallback,
    Only,
}

impl Because {
    pub fn name(self) -> &'static str {
        match self {
            Because::Header => "header",
            Because::Model => "model",
            Because::Canary => "canary",
            Because::Session => "session",
            Because::Conversation => "conversation",
            Because::RequestWeight => "request_weight",
            Because::Split => "split",
            Because::Rescue => "rescue",
            Because::Fallback => "fallback",
            Because::Only => "only",
        }
    }

    /// The client named the side itself.
    pub fn is_forced(self) -> bool {
        matches!(self, Because::Header | Because::Model | Because::Canary)
    }
}

/// Why a request gets no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    ModelNotFound,
    ModelNotAllowed,
    /// The key may not use this header or suffix.
    OverrideNotAllowed {
        param: &'static str,
    },
    /// Green was named where there is none.
    NoGreen {
        param: &'static str,
    },
}

pub const ENVIRONMENT_HEADER: &str = "X-Deployment-Environment";
pub const BLUE_WEIGHT_HEADER: &str = "X-Blue-Weight";
pub const CANARY_HEADER: &str = "X-Canary";

/// Decides where a request goes.
///
/// `recall` gives the side that a conversation's first turn was sent to, if it is remembered;
/// `dice` gives a uniform `u64`.
pub fn choose<'a>(
    table: &'a Table,
    ask: &Ask<'a>,
    recall: impl FnOnce(u64) -> Option<Side>,
    dice: impl FnOnce() -> u64,
) -> Result<Choice<'a>, Refusal> {
    match table.names.find(ask.model).ok_or(Refusal::ModelNotFound)? {
        Found::Provider { index, model } => {
            may_call(ask, ask.model)?;
            provider(index, model, ask)
        }
        Found::Deployment {
            index,
            forced,
            forced_by_client,
        } => {
            let route = table.routes.get(index).ok_or(Refusal::ModelNotFound)?;
            let name = table
                .names
                .deployments()
                .get(index)
                .ok_or(Refusal::ModelNotFound)?;
            may_call(ask, name)?;
            let suffix = forced.map(|side| (side, Because::Model, "model"));
            let by_client = named_by_header(ask)
                .map(|named| named.2)
                .or(forced_by_client.then_some("model"));
            refuse_override(ask, by_client)?;
            let named = match (ask.environment, suffix) {
                (None, Some(suffix)) => Some(suffix),
                _ => named_by_header(ask),
            };
            match named {
                Some((Side::Green, _, param)) if !route.has_green => Err(Refusal::NoGreen { param }),
                Some((side, because, _)) => Ok(forced_choice(index, route, side, because)),
                None if !route.has_green => Ok(only_blue(Target::Deployment(index), route.revision)),
                None => Ok(split(index, route, ask, recall, dice)),
            }
        }
    }
}

/// Decides for a request that names no model, which the provider at `index` is there for. It may read or end
/// whatever the provider's account holds, so a key that may call certain models only may not send it.
pub fn choose_without_model<'a>(index: usize, ask: &Ask<'a>) -> Result<Choice<'a>, Refusal> {
    if *ask.allowed != Allowed::All {
        return Err(Refusal::ModelNotAllowed);
    }
    provider(index, "", ask)
}

fn provider<'a>(index: usize, model: &'a str, ask: &Ask<'_>) -> Result<Choice<'a>, Refusal> {
    let named = named_by_header(ask);
    refuse_override(ask, named.map(|(_, _, param)| param))?;
    match named {
        Some((Side::Green, _, param)) => Err(Refusal::NoGreen { param }),
        _ => Ok(only_blue(Target::Provider { index, model }, 0)),
    }
}

fn may_call(ask: &Ask, name: &str) -> Result<(), Refusal> {
    let permitted = ask.allowed.permits(name) || ask.allowed.permits(ask.model);
    if permitted {
        Ok(())
    } else {
        Err(Refusal::ModelNotAllowed)
    }
}

/// The side a header names; the canary header stands behind the environment header.
fn named_by_header(ask: &Ask) -> Option<(Side, Because, &'static str)> {
    match ask.environment {
        Some(side) => Some((side, Because::Header, ENVIRONMENT_HEADER)),
        None => ask
            .canary
            .then_some((Side::Green, Because::Canary, CANARY_HEADER)),
    }
}

fn refuse_override(ask: &Ask, named_by_client: Option<&'static str>) -> Result<(), Refusal> {
    let weighed = ask.blue_weight.map(|_| BLUE_WEIGHT_HEADER);
    match named_by_client.or(weighed) {
        Some(param) if !ask.may_override => Err(Refusal::OverrideNotAllowed { param }),
        _ => Ok(()),
    }
}

fn only_blue(target: Target<'_>, revision: u64) -> Choice<'_> {
    Choice {
        target,
        side: Side::Blue,
        because: Because::Only,
        share: Share::NONE,
        revision,
        unit: None,
        remember: None,
    }
}

fn forced_choice<'a>(index: usize, route: &Route, side: Side, because: Because) -> Choice<'a> {
    Choice {
        target: Target::Deployment(index),
        side,
        because,
        share: route.green,
        revision: route.revision,
        unit: None,
        remember: None,
    }
}

/// The automatic draw: a share, and within it a unit or the dice.
fn split<'a>(
    index: usize,
    route: &Route,
    ask: &Ask,
    recall: impl FnOnce(u64) -> Option<Side>,
    dice: impl FnOnce() -> u64,
) -> Choice<'a> {
    let (share, weighed) = match ask.blue_weight {
        // A rollback outranks the client's own weight.
        Some(blue) if !route.latched => (blue.rest(), true),
        _ => (route.green, false),
    };
    let held = explicit_unit(route.sticky, ask).map(|unit| point_of(route.salt, unit));
    let conversation = conversation_of(route, ask);
    let (side, because, unit) = match (held, conversation) {
        (Some(point), _) => (side_at(share, point), Because::Session, Some(point)),
        (None, Some((point, true))) => {
            let pinned = if share.is_exact() || weighed {
                None
            } else {
                recall(point)
            };
            (
                pinned.unwrap_or_else(|| side_at(share, point)),
                Because::Conversation,
                Some(point),
            )
        }
        _ => (side_at(share, dice()), Because::Split, None),
    };
    let remember = match (held, conversation) {
        (None, Some((point, false))) if !share.is_exact() && !weighed => Some(point),
        _ => None,
    };
    let because = if weighed { Because::RequestWeight } else { because };
    Choice {
        target: Target::Deployment(index),
        side,
        because,
        share,
        revision: route.revision,
        unit,
        remember,
    }
}

fn explicit_unit<'a>(sticky: Sticky, ask: &Ask<'a>) -> Option<&'a [u8]> {
    match sticky {
        Sticky::Auto => ask.session.or(ask.reference).map(str::as_bytes),
        Sticky::Session => ask.session.map(str::as_bytes),
        Sticky::User => ask.user.map(str::as_bytes),
        Sticky::Key => Some(ask.key),
        Sticky::None => None,
    }
}

/// The conversation's point for this candidate and key, and whether this is a later turn of it.
fn conversation_of(route: &Route, ask: &Ask) -> Option<(u64, bool)> {
    if route.sticky != Sticky::Auto {
        return None;
    }
    let (opening, later) = match ask.conversation {
        Continues::Nothing => return None,
        Continues::Starts(opening) => (opening, false),
        Continues::Follows(opening) => (opening, true),
    };
    let key = point_of(route.salt, ask.key);
    Some((point_of(key, &opening.to_le_bytes()), later))
}
