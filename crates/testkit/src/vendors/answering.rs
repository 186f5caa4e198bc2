//! One request from its arrival to the head of its answer: who asks, what for, what is to go wrong, when.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::Value;

use super::answer::identifier;
use super::ask::Complaint;
use super::behaviour::{Fault, ModelBehaviour, Trouble};
use super::body::{AnswerBody, BrokenOnPurpose};
use super::dice::Dice;
use super::errors::{Vendor, error_body, no_such_path, usual_complaint};
use super::job::Job;
use super::registry::{InFlight, Model, Registry};
use super::routes::{NoSuchRoute, Route, percent_decoded, route};
use super::settings_pages::settings_page;
use super::socket::ResetSwitch;
use super::{anthropic, gemini, openai};

/// What all connections of one simulator share.
pub(super) struct Shared {
    pub(super) registry: Registry,
    pub(super) seed: u64,
    pub(super) required_key: Option<String>,
    /// If not empty, every other model is unknown to the vendor.
    pub(super) only_models: Vec<String>,
}

/// Twice the gateway's own limit: the vendor is not what refuses a large request.
const LARGEST_REQUEST: usize = 128 * 1024 * 1024;
const JSON: &str = "application/json";

/// An answer, or the order to break the connection.
type Answered = Result<Response<AnswerBody>, BrokenOnPurpose>;

pub(super) async fn answer(shared: &Shared, request: Request<Incoming>, reset: &ResetSwitch) -> Answered {
    let (head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or("");
    let route = match route(&head.method, head.uri.path(), query, &head.headers) {
        Ok(route) => route,
        Err(NoSuchRoute(vendor)) => {
            let complaint = no_such_path(vendor, &head.method, head.uri.path());
            return Ok(refusal(vendor, StatusCode::NOT_FOUND, &complaint, "", None));
        }
    };
    let own_page = matches!(route, Route::Settings(_) | Route::Health);
    if !own_page && !is_authorised(shared, &head.headers, query) {
        return Ok(usual_refusal(route.vendor(), StatusCode::UNAUTHORIZED, ""));
    }
    let Ok(body) = Limited::new(body, LARGEST_REQUEST).collect().await else {
        return Err(BrokenOnPurpose);
    };
    let body = body.to_bytes();
    match route {
        Route::Health => Ok(respond(
            StatusCode::OK,
            JSON,
            AnswerBody::plain("{\"status\":\"ok\"}"),
        )),
        Route::Settings(page) => {
            let (status, page) = settings_page(&shared.registry, page, &body);
            Ok(respond(status, JSON, AnswerBody::plain(page.to_string())))
        }
        Route::ModelList(vendor) => Ok(with_vendor_headers(model_list(shared, vendor), vendor, "")),
        Route::Model(vendor, name) => Ok(one_model(shared, vendor, &name)),
        route => answer_for_model(shared, &route, &body, reset).await,
    }
}

async fn answer_for_model(shared: &Shared, route: &Route, body: &Bytes, reset: &ResetSwitch) -> Answered {
    let vendor = route.vendor();
    let job = match serde_json::from_slice::<Value>(body) {
        Ok(body) => Job::read(route, &body, shared.seed),
        Err(error) => Err(Complaint {
            message: format!("The body is not JSON: {error}"),
            param: None,
            code: None,
        }),
    };
    let job = match job {
        Ok(job) => job,
        Err(complaint) => return Ok(refusal(vendor, StatusCode::BAD_REQUEST, &complaint, "", None)),
    };
    if !shared.only_models.is_empty() && !shared.only_models.iter().any(|name| name == job.model()) {
        return Ok(usual_refusal(vendor, StatusCode::NOT_FOUND, job.model()));
    }
    let model = shared.registry.model(job.model());
    let mut in_flight = model.begin();
    let behaviour = model.behaviour.load_full();
    let mut dice = Dice::for_request(shared.seed, &model.name, in_flight.request_number);
    let fate = behaviour.draw(&mut dice);
    if !fate.first_byte_after.is_zero() {
        tokio::time::sleep(fate.first_byte_after).await;
    }
    let fault = match fate.trouble {
        None => None,
        Some(Trouble::Status(status)) => {
            in_flight.troubled();
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Ok(made_up_refusal(vendor, status, &model, &behaviour));
        }
        Some(Trouble::Fault(Fault::RateLimit)) => {
            in_flight.troubled();
            return Ok(made_up_refusal(
                vendor,
                StatusCode::TOO_MANY_REQUESTS,
                &model,
                &behaviour,
            ));
        }
        Some(Trouble::Fault(Fault::StallBeforeHead)) => std::future::pending().await,
        Some(Trouble::Fault(fault @ (Fault::ResetBeforeHead | Fault::CloseBeforeHead))) => {
            in_flight.troubled();
            if fault == Fault::ResetBeforeHead {
                reset.throw();
            }
            return Err(BrokenOnPurpose);
        }
        Some(Trouble::Fault(fault)) => Some(fault),
    };
    Ok(begin_answer(shared, job, &behaviour, fault, in_flight, reset).await)
}

/// The head of a good answer, and a body that may still go wrong.
async fn begin_answer(
    shared: &Shared,
    job: Job,
    behaviour: &ModelBehaviour,
    fault: Option<Fault>,
    in_flight: InFlight,
    reset: &ResetSwitch,
) -> Response<AnswerBody> {
    let vendor = job.vendor();
    let request_id = request_id(vendor, shared.seed, job.model(), in_flight.request_number);
    let outgoing = job.begin(behaviour, fault, reset, shared.seed);
    if !outgoing.head_after.is_zero() {
        tokio::time::sleep(outgoing.head_after).await;
    }
    let body = AnswerBody::new(outgoing.source, outgoing.ending, Some(in_flight));
    with_vendor_headers(
        respond(StatusCode::OK, outgoing.content_type, body),
        vendor,
        &request_id,
    )
}

/// Any of the vendors' headers may carry the key, and Gemini's query parameter.
fn is_authorised(shared: &Shared, headers: &HeaderMap, query: &str) -> bool {
    let Some(required) = &shared.required_key else {
        return true;
    };
    let sent = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = sent("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let in_query = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("key="))
        .map(percent_decoded);
    [
        bearer,
        sent("x-api-key"),
        sent("x-goog-api-key"),
        in_query.as_deref(),
    ]
    .contains(&Some(required.as_str()))
}

fn model_list(shared: &Shared, vendor: Vendor) -> Response<AnswerBody> {
    let models = shared.registry.all();
    let names = models.iter().map(|model| model.name.as_str());
    let list = match vendor {
        Vendor::OpenAi => openai::other_endpoints::model_list(names),
        Vendor::Anthropic => anthropic::model_list(names),
        Vendor::Gemini => gemini::model_list(names),
    };
    respond(StatusCode::OK, JSON, AnswerBody::plain(list.to_string()))
}

fn one_model(shared: &Shared, vendor: Vendor, name: &str) -> Response<AnswerBody> {
    if shared.registry.known(name).is_none() {
        return usual_refusal(vendor, StatusCode::NOT_FOUND, name);
    }
    let model = match vendor {
        Vendor::OpenAi => openai::other_endpoints::model(name),
        Vendor::Anthropic => anthropic::model(name),
        Vendor::Gemini => gemini::model(name),
    };
    with_vendor_headers(
        respond(StatusCode::OK, JSON, AnswerBody::plain(model.to_string())),
        vendor,
        "",
    )
}

/// An error that the settings ask for.
fn made_up_refusal(
    vendor: Vendor,
    status: StatusCode,
    model: &Model,
    behaviour: &ModelBehaviour,
) -> Response<AnswerBody> {
    let retry_after = (status == StatusCode::TOO_MANY_REQUESTS).then_some(behaviour.retry_after_seconds);
    refusal(
        vendor,
        status,
        &usual_complaint(vendor, status, &model.name),
        &model.name,
        retry_after,
    )
}

fn usual_refusal(vendor: Vendor, status: StatusCode, model: &str) -> Response<AnswerBody> {
    refusal(
        vendor,
        status,
        &usual_complaint(vendor, status, model),
        model,
        None,
    )
}

fn refusal(
    vendor: Vendor,
    status: StatusCode,
    complaint: &Complaint,
    model: &str,
    retry_after_seconds: Option<u32>,
) -> Response<AnswerBody> {
    let request_id = request_id(vendor, 0, model, u64::from(status.as_u16()));
    let body = error_body(vendor, status, complaint, &request_id, retry_after_seconds);
    let mut response = respond(status, JSON, AnswerBody::plain(body.to_string()));
    if let (Some(seconds), Vendor::OpenAi | Vendor::Anthropic) = (retry_after_seconds, vendor) {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    with_vendor_headers(response, vendor, &request_id)
}

fn respond(status: StatusCode, content_type: &'static str, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn request_id(vendor: Vendor, seed: u64, model: &str, request_number: u64) -> String {
    let identity = xxhash_rust::xxh3::xxh3_64_with_seed(model.as_bytes(), seed).wrapping_add(request_number);
    match vendor {
        Vendor::OpenAi => identifier("req_", 32, identity).to_ascii_lowercase(),
        Vendor::Anthropic => identifier("req_011", 21, identity),
        Vendor::Gemini => String::new(),
    }
}

/// The headers by which clients know the vendor, with its rate limits far from reached.
fn with_vendor_headers(mut response: Response<AnswerBody>, vendor: Vendor, id: &str) -> Response<AnswerBody> {
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    };
    let id_header = match vendor {
        Vendor::OpenAi => {
            set("openai-version", "2020-10-01");
            set("openai-processing-ms", "12");
            set("x-ratelimit-limit-requests", "10000");
            set("x-ratelimit-remaining-requests", "9999");
            set("x-ratelimit-reset-requests", "6ms");
            "x-request-id"
        }
        Vendor::Anthropic => {
            set("anthropic-ratelimit-requests-limit", "4000");
            set("anthropic-ratelimit-requests-remaining", "3999");
            set("anthropic-ratelimit-requests-reset", "2026-10-21T00:00:00Z");
            "request-id"
        }
        Vendor::Gemini => return response,
    };
    if let Ok(id) = HeaderValue::from_str(id)
        && !id.is_empty()
    {
        headers.insert(HeaderName::from_static(id_header), id);
    }
    response
}
