//! The names of formats, as the database has them.

use mindflow_formats::{export, import};

pub fn exported(name: Option<&str>) -> export::Format {
    match name {
        Some("DAY_ONE") => export::Format::DayOne,
        Some("HTML") => export::Format::Html,
        _ => export::Format::Mindflow,
    }
}

pub fn named(format: import::Format) -> &'static str {
    match format {
        import::Format::Mindflow => "MINDFLOW",
        import::Format::DayOne => "DAY_ONE",
        import::Format::Markdown => "MARKDOWN",
        import::Format::Journiv => "JOURNIV",
        import::Format::Daylio => "DAYLIO",
    }
}

pub fn imported(name: &str) -> Option<import::Format> {
    import::Format::ALL.iter().copied().find(|format| named(*format) == name)
}
