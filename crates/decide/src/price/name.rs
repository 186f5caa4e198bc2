//! Vendors publish a model under a name and freeze versions of it under dated ones, which cost the same unless
//! the vendor says so; those that do not have rows of their own.

/// The name without its date (`-2025-04-14`, `-20250514`, `@20250514`) or `-latest`. None if there is nothing
/// of the kind: a name that merely resembles another (`gpt-4.1-mini`, a fine-tuned model) is another model, at
/// another price.
///
/// Google's interface also writes names with `models/` in front; they mean the same without it.
pub fn undated(model: &str) -> Option<&str> {
    let bare = model.strip_prefix("models/").unwrap_or(model);
    let cut = bare
        .strip_suffix("-latest")
        .or_else(|| cut_date(bare))
        .unwrap_or(bare);
    (cut != model && !cut.is_empty()).then_some(cut)
}

fn cut_date(model: &str) -> Option<&str> {
    let with_dashes = |text: &str| {
        let parts: Vec<&str> = text.split('-').collect();
        matches!(parts.as_slice(), [year, month, day] if is_date(year, month, day))
    };
    let compact = |text: &str| text.len() == 8 && is_date(&text[..4], &text[4..6], &text[6..]);
    let split = |length: usize| {
        let at = model.len().checked_sub(length)?;
        let (name, date) = (model.get(..at)?, model.get(at..)?);
        date.is_ascii().then_some((name, date))
    };
    if let Some((name, date)) = split(10)
        && with_dashes(date)
    {
        return name.strip_suffix('-');
    }
    let (name, _) = split(8).filter(|(_, date)| compact(date))?;
    name.strip_suffix(['-', '@'])
}

fn is_date(year: &str, month: &str, day: &str) -> bool {
    let number = |text: &str, digits: usize| {
        let all = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| text.parse::<u32>().ok()).flatten()
    };
    number(year, 4).is_some_and(|year| (2000..2100).contains(&year))
        && number(month, 2).is_some_and(|month| (1..=12).contains(&month))
        && number(day, 2).is_some_and(|day| (1..=31).contains(&day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_latest_come_off() {
        for (model, wanted) in [
            ("gpt-4.1-2025-04-14", "gpt-4.1"),
            ("gpt-4.1-mini-2025-04-14", "gpt-4.1-mini"),
            ("claude-sonnet-4-20250514", "claude-sonnet-4"),
            ("claude-sonnet-4@20250514", "claude-sonnet-4"),
            ("claude-3-5-haiku-latest", "claude-3-5-haiku"),
            ("models/gemini-2.5-flash", "gemini-2.5-flash"),
        ] {
            assert_eq!(undated(model), Some(wanted), "{model}");
        }
    }

    #[test]
    fn nothing_else_comes_off() {
        for model in [
            "gpt-4.1",
            "gpt-4.1-mini",
            "gpt-4-0613",
            "gemini-2.0-flash-001",
            "gpt-4.1-2025-13-14",
            "x-99990101",
            "20250514",
            "-20250514",
            "ft:gpt-4.1-2025-04-14:acme::Bx1",
            "ключ-модель",
            "",
        ] {
            assert_eq!(undated(model), None, "{model}");
        }
    }
}
