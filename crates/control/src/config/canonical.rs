//! What makes a candidate the same candidate: a digest of its definition. Defaults are filled in first and keys are
//! sorted, so reordering a file or writing a default out changes nothing.

use std::collections::BTreeMap;
use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value};

use super::deployments::Timeouts;
use super::{Environment, Fallback, ServiceEnvironment};

impl Environment {
    /// Names this definition: 64 hexadecimal digits. Health probes are left out, since they change nothing about
    /// how green answers; everything else makes a new candidate.
    pub fn digest(&self) -> String {
        let Timeouts {
            connect,
            first_byte,
            idle,
            total,
        } = &self.timeouts;
        let timeouts = [
            ("connect", connect),
            ("first_byte", first_byte),
            ("idle", idle),
            ("total", total),
        ];
        let timeouts = timeouts.map(|(name, period)| (name.to_owned(), Value::from(period.to_string())));
        let target =
            |Fallback { provider, model }: &Fallback| Value::from(vec![provider.as_str(), model.as_str()]);
        hexadecimal_sha256(&object([
            ("provider", Value::from(self.provider.as_str())),
            ("model", Value::from(self.model.as_str())),
            ("set", fields(&self.set)),
            ("default", fields(&self.default)),
            ("timeouts", Value::Object(timeouts.into_iter().collect())),
            ("max_concurrency", Value::from(self.max_concurrency)),
            ("fallback", self.fallback.iter().map(target).collect()),
        ]))
    }
}

impl ServiceEnvironment {
    /// Names this definition: 64 hexadecimal digits.
    pub fn digest(&self) -> String {
        hexadecimal_sha256(&object([("url", Value::from(self.url.as_str()))]))
    }
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Object(
        entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

fn fields(fields: &BTreeMap<String, Value>) -> Value {
    Value::Object(
        fields
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect::<Map<_, _>>(),
    )
}

fn hexadecimal_sha256(value: &Value) -> String {
    let mut text = String::new();
    write_sorted(value, &mut text);
    digest(&SHA256, text.as_bytes()).as_ref().iter().fold(
        String::with_capacity(64),
        |mut hexadecimal, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hexadecimal, "{byte:02x}");
            hexadecimal
        },
    )
}

/// JSON without spaces, keys in the order of their bytes.
fn write_sorted(value: &Value, out: &mut String) {
    match value {
        Value::Object(entries) => {
            let sorted: BTreeMap<&String, &Value> = entries.iter().collect();
            out.push('{');
            for (index, (key, value)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_sorted(&Value::from(key.as_str()), out);
                out.push(':');
                write_sorted(value, out);
            }
            out.push('}');
        }
        Value::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_sorted(element, out);
            }
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string())
        }
    }
}
