//! Requests, a few for every row of the field tables.

use dialect::Door;
use serde_json::{Value, json};

type Cases = Vec<(&'static str, Value)>;

pub(crate) fn by_door() -> Vec<(Door, Cases)> {
    vec![
        (Door::Chat, chat()),
        (Door::Responses, responses()),
        (Door::Messages, messages()),
        (Door::Generate, generate()),
        (Door::Embeddings, embeddings()),
        (
            Door::CountTokens,
            vec![(
                "count",
                json!({"model": "pub", "system": "s", "messages": [{"role": "user", "content": "x"}]}),
            )],
        ),
    ]
}

/// A case out of fields that are added to a plain body.
fn cases(base: Value, fields: Vec<(&'static str, Value)>) -> Cases {
    let with = |more: &Value| {
        let mut body = base.clone();
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    fields.iter().map(|(name, more)| (*name, with(more))).collect()
}

fn schema() -> Value {
    json!({"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "additionalProperties": false})
}

fn chat_tools() -> Value {
    json!([{"type": "function", "function": {"name": "f", "description": "d", "parameters": schema(), "strict": true}}, {"type": "function", "function": {"name": "g"}}])
}

fn chat() -> Cases {
    let base = json!({"model": "pub", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]});
    let call = |id: &str, name: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": "{\"a\": 1.0}"}});
    let tools = chat_tools();
    cases(
        base,
        vec![
            ("plain", json!({})),
            ("stream", json!({"stream": true})),
            (
                "sampling",
                json!({"temperature": 0.5, "top_p": 0.9, "stop": "END", "max_completion_tokens": 50}),
            ),
            ("several stops", json!({"stop": ["a", "b"]})),
            ("hot", json!({"temperature": 1.7})),
            (
                "seed and penalties",
                json!({"seed": 7, "presence_penalty": 0.1, "frequency_penalty": 0.2}),
            ),
            ("two answers", json!({"n": 2})),
            (
                "who asks",
                json!({"user": "u1", "safety_identifier": "s1", "metadata": {"a": "b"}}),
            ),
            ("tools", json!({"tools": tools, "tool_choice": "auto"})),
            (
                "a tool must be called",
                json!({"tools": tools, "tool_choice": "required"}),
            ),
            (
                "no tool may be called",
                json!({"tools": tools, "tool_choice": "none"}),
            ),
            (
                "this tool",
                json!({"tools": tools, "tool_choice": {"type": "function", "function": {"name": "g"}}}),
            ),
            (
                "one of these tools",
                json!({"tools": tools, "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "g"}}]}}}),
            ),
            (
                "one tool at a time",
                json!({"tools": tools, "parallel_tool_calls": false}),
            ),
            (
                "this tool, once",
                json!({"tools": tools, "parallel_tool_calls": false, "tool_choice": {"type": "function", "function": {"name": "g"}}}),
            ),
            (
                "old functions",
                json!({"functions": [{"name": "f", "parameters": schema()}], "function_call": {"name": "f"}}),
            ),
            (
                "schema",
                json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema(), "strict": true}}}),
            ),
            ("any json", json!({"response_format": {"type": "json_object"}})),
            ("effort high", json!({"reasoning_effort": "high"})),
            ("effort minimal", json!({"reasoning_effort": "minimal"})),
            ("effort none", json!({"reasoning_effort": "none"})),
            ("effort unknown", json!({"reasoning_effort": "enormous"})),
            (
                "tool loop",
                json!({"tools": tools, "messages": [
                {"role": "user", "content": "u"},
                {"role": "assistant", "content": "t", "tool_calls": [call("call_1", "f"), call("call_2", "g")]},
                {"role": "tool", "tool_call_id": "call_1", "content": "{\"x\": 1}"},
                {"role": "tool", "tool_call_id": "call_2", "content": "plain"}]}),
            ),
            (
                "old function loop",
                json!({"messages": [{"role": "user", "content": "u"},
                {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}}, {"role": "function", "name": "f", "content": "r"}]}),
            ),
            (
                "bad arguments",
                json!({"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{oops"}}]}]}),
            ),
            (
                "images",
                json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
                {"type": "image_url", "image_url": {"url": "https://a.example/b.jpg?c"}}]}]}),
            ),
            (
                "low detail",
                json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.example/b.jpg", "detail": "low"}}]}]}),
            ),
            (
                "pdf",
                json!({"messages": [{"role": "user", "content": [{"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}}]}]}),
            ),
            (
                "file kept at openai",
                json!({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}]}),
            ),
            (
                "sound",
                json!({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}}]}]}),
            ),
            (
                "refusal in history",
                json!({"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": null, "refusal": "no"}, {"role": "user", "content": "why"}]}),
            ),
            ("verbosity", json!({"verbosity": "low"})),
            ("web search", json!({"web_search_options": {"x": 1}})),
            ("unknown field", json!({"brand_new": true})),
        ],
    )
}

fn responses() -> Cases {
    let base = json!({"model": "pub", "input": "u", "instructions": "s"});
    let tools = json!([{"type": "function", "name": "f", "description": "d", "parameters": schema(), "strict": true}]);
    cases(
        base,
        vec![
            ("plain", json!({})),
            (
                "settings",
                json!({"max_output_tokens": 50, "temperature": 0.5, "top_p": 0.9, "store": false, "truncation": "disabled", "include": ["reasoning.encrypted_content"]}),
            ),
            (
                "tools",
                json!({"tools": tools, "tool_choice": {"type": "function", "name": "f"}, "parallel_tool_calls": true}),
            ),
            ("web search tool", json!({"tools": [{"type": "web_search"}]})),
            (
                "schema",
                json!({"text": {"format": {"type": "json_schema", "name": "n", "schema": schema(), "strict": true}}}),
            ),
            (
                "reasoning",
                json!({"reasoning": {"effort": "low", "summary": "auto"}}),
            ),
            (
                "items",
                json!({"input": [{"role": "user", "content": [{"type": "input_text", "text": "x"}, {"type": "input_image", "image_url": "https://a.example/b.png"}]},
                {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
                {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": "t", "annotations": []}]},
                {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{\"a\":1}"},
                {"type": "function_call_output", "call_id": "call_1", "output": "r"}]}),
            ),
            ("earlier response", json!({"previous_response_id": "resp_1"})),
            (
                "item reference",
                json!({"input": [{"type": "item_reference", "id": "msg_1"}]}),
            ),
            ("in the background", json!({"background": true})),
        ],
    )
}

fn messages() -> Cases {
    let base = json!({"model": "pub", "max_tokens": 50, "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}], "messages": [{"role": "user", "content": "u"}]});
    let tools = json!([{"name": "f", "description": "d", "input_schema": schema()}]);
    cases(
        base,
        vec![
            ("plain", json!({})),
            (
                "settings",
                json!({"temperature": 1.0, "top_p": 0.9, "stop_sequences": ["END"], "metadata": {"user_id": "u1"}}),
            ),
            ("top k", json!({"top_k": 5})),
            ("five stops", json!({"stop_sequences": ["a", "b", "c", "d", "e"]})),
            (
                "tools",
                json!({"tools": tools, "tool_choice": {"type": "any", "disable_parallel_tool_use": true}}),
            ),
            (
                "this tool",
                json!({"tools": tools, "tool_choice": {"type": "tool", "name": "f"}}),
            ),
            (
                "one of two tools at a time",
                json!({"tools": [tools[0], {"name": "g", "input_schema": schema()}], "tool_choice": {"type": "auto", "disable_parallel_tool_use": true}}),
            ),
            (
                "anthropic's own tool",
                json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
            ),
            (
                "thinking budget",
                json!({"max_tokens": 9000, "thinking": {"type": "enabled", "budget_tokens": 2000}}),
            ),
            (
                "adaptive thinking",
                json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}}),
            ),
            (
                "schema",
                json!({"output_config": {"format": {"type": "json_schema", "schema": schema()}}}),
            ),
            (
                "tool loop",
                json!({"tools": tools, "messages": [{"role": "user", "content": "u"},
                {"role": "assistant", "content": [{"type": "thinking", "thinking": "h", "signature": "SIG"}, {"type": "text", "text": "t"}, {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1.0}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "r"}], "is_error": true}, {"type": "text", "text": "go on"}]}]}),
            ),
            (
                "image in a result",
                json!({"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"}}]}]}]}),
            ),
            (
                "media",
                json!({"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}},
                {"type": "document", "title": "t", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}}, {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}}]}]}),
            ),
            (
                "citations",
                json!({"messages": [{"role": "user", "content": [{"type": "document", "citations": {"enabled": true}, "source": {"type": "text", "data": "words"}}]}]}),
            ),
            (
                "prefill",
                json!({"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "{"}]}),
            ),
            ("mcp", json!({"mcp_servers": [{"url": "https://a.example"}]})),
        ],
    )
}

fn generate() -> Cases {
    let base = json!({"contents": [{"role": "user", "parts": [{"text": "u"}]}], "systemInstruction": {"parts": [{"text": "s"}]}});
    let tools = json!([{"functionDeclarations": [{"name": "f", "description": "d", "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": true}, "b": {"type": "ARRAY", "items": {"type": "INTEGER"}, "minItems": "1"}}}},
        {"name": "g", "parametersJsonSchema": schema()}]}]);
    cases(
        base,
        vec![
            ("plain", json!({})),
            (
                "settings",
                json!({"generationConfig": {"temperature": 0.5, "topP": 0.9, "maxOutputTokens": 50, "stopSequences": ["END"]}}),
            ),
            (
                "snake case",
                json!({"generation_config": {"max_output_tokens": 50, "top_p": 0.9}}),
            ),
            ("top k", json!({"generationConfig": {"topK": 5}})),
            (
                "tools",
                json!({"tools": tools, "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}}}),
            ),
            ("google search", json!({"tools": [{"googleSearch": {"x": 1}}]})),
            (
                "schema",
                json!({"generationConfig": {"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}}}),
            ),
            (
                "any json",
                json!({"generationConfig": {"responseMimeType": "application/json"}}),
            ),
            (
                "thinking",
                json!({"generationConfig": {"thinkingConfig": {"thinkingBudget": 2000, "includeThoughts": true}}}),
            ),
            (
                "thinking level",
                json!({"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}}}),
            ),
            (
                "tool loop without ids",
                json!({"contents": [{"role": "user", "parts": [{"text": "u"}]},
                {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"a": 1.0}}, "thoughtSignature": "SIG"}, {"functionCall": {"name": "f", "args": {}}}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"r": 1}}}, {"functionResponse": {"name": "f", "response": {"r": 2}}}]}]}),
            ),
            (
                "media",
                json!({"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "iVBO"}}, {"inlineData": {"mimeType": "application/pdf", "data": "JVBE"}}, {"fileData": {"mimeType": "image/png", "fileUri": "https://a.example/b.png"}}]}]}),
            ),
            (
                "film",
                json!({"contents": [{"parts": [{"inlineData": {"mimeType": "video/mp4", "data": "AAAA"}}]}]}),
            ),
            (
                "file kept at google",
                json!({"contents": [{"parts": [{"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/1"}}]}]}),
            ),
            ("safety settings", json!({"safetySettings": [{"category": "x"}]})),
        ],
    )
}

fn embeddings() -> Cases {
    vec![
        (
            "one text",
            json!({"model": "pub", "input": "x", "encoding_format": "base64"}),
        ),
        (
            "texts",
            json!({"model": "pub", "input": ["x", "y"], "dimensions": 8, "user": "u"}),
        ),
        ("tokens", json!({"model": "pub", "input": [1, 2]})),
    ]
}
