//! Which API a client called, and which API a vendor speaks.

/// The API a client called. `Other` is any further OpenAI path (images, audio, moderations): bytes pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    Chat,
    Completions,
    Embeddings,
    Responses,
    Messages,
    CountTokens,
    Generate,
    StreamGenerate,
    GeminiCountTokens,
    Other,
}

/// The API an upstream vendor speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    OpenAi,
    Anthropic,
    Gemini,
}

impl Door {
    /// The dialect whose own API this door is: between the two, bytes pass through.
    pub fn dialect(self) -> Dialect {
        match self {
            Door::Chat | Door::Completions | Door::Embeddings | Door::Responses | Door::Other => {
                Dialect::OpenAi
            }
            Door::Messages | Door::CountTokens => Dialect::Anthropic,
            Door::Generate | Door::StreamGenerate | Door::GeminiCountTokens => Dialect::Gemini,
        }
    }

    /// Whether the body must name the model. Google's paths name it, and other OpenAI paths may have none.
    pub(crate) fn body_names_model(self) -> bool {
        match self {
            Door::Chat | Door::Completions | Door::Embeddings => true,
            Door::Messages | Door::CountTokens => true,
            // A stored prompt may name it instead.
            Door::Responses => false,
            Door::Generate | Door::StreamGenerate | Door::GeminiCountTokens | Door::Other => false,
        }
    }

    /// The path as a client may call it, for messages and documentation.
    pub fn path(self) -> &'static str {
        match self {
            Door::Chat => "/v1/chat/completions",
            Door::Completions => "/v1/completions",
            Door::Embeddings => "/v1/embeddings",
            Door::Responses => "/v1/responses",
            Door::Messages => "/v1/messages",
            Door::CountTokens => "/v1/messages/count_tokens",
            Door::Generate => "/v1beta/models/{model}:generateContent",
            Door::StreamGenerate => "/v1beta/models/{model}:streamGenerateContent",
            Door::GeminiCountTokens => "/v1beta/models/{model}:countTokens",
            Door::Other => "another /v1 path",
        }
    }
}

impl Dialect {
    pub fn name(self) -> &'static str {
        match self {
            Dialect::OpenAi => "openai",
            Dialect::Anthropic => "anthropic",
            Dialect::Gemini => "gemini",
        }
    }
}
