//! Questions to write about. Which comes first changes with the day, and is the same on all of a user's devices.

use jiff::civil::{Date, date};
use mindflow_guest::call::Error;
use mindflow_guest::failure::invalid;
use mindflow_guest::journal::PAGE_MAX;
use mindflow_guest::rules::Rule;

/// A question. Its id never gets another text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prompt {
    pub id: &'static str,
    pub theme: &'static str,
    pub text: &'static str,
}

/// By theme, so that [`THEMES`] follows from it. The order is that of the days.
const PROMPTS: &[Prompt] = &[
    prompt("day-1", "day", "What happened today that you want to remember?"),
    prompt("gratitude-1", "gratitude", "What are you grateful for today, and why?"),
    prompt("feelings-1", "feelings", "How do you feel right now, and where in your body do you feel it?"),
    prompt("people-1", "people", "Who did you think of today, and what would you like to say to them?"),
    prompt("growth-1", "growth", "What did you learn today that you did not know yesterday?"),
    prompt("future-1", "future", "What are you looking forward to?"),
    prompt("memories-1", "memories", "Describe a place where you were happy as a child."),
    prompt("day-2", "day", "Which moment of today would you live through again?"),
    prompt("gratitude-2", "gratitude", "Which small thing made today better?"),
    prompt("feelings-2", "feelings", "What is on your mind that you have not said aloud?"),
    prompt("people-2", "people", "Who has helped you lately, and how?"),
    prompt("growth-2", "growth", "What was difficult today, and how did you deal with it?"),
    prompt("future-2", "future", "Where would you like to be a year from now?"),
    prompt("memories-2", "memories", "Which smell or song takes you back, and to when?"),
    prompt("day-3", "day", "What did you see today that others may have missed?"),
    prompt("gratitude-3", "gratitude", "What do you have that you once wished for?"),
    prompt("feelings-3", "feelings", "When did you last feel calm? What was around you?"),
    prompt("people-3", "people", "Describe a conversation that has stayed with you."),
    prompt("growth-3", "growth", "Which habit would you like to begin, or to give up?"),
    prompt("future-3", "future", "What would make tomorrow a good day?"),
    prompt("memories-3", "memories", "Write about a journey that went differently than planned."),
    prompt("day-4", "day", "What took most of your time today, and was it worth it?"),
    prompt("gratitude-4", "gratitude", "Whose work made your day easier?"),
    prompt("feelings-4", "feelings", "What are you worried about? What of it is in your hands?"),
    prompt("people-4", "people", "What do you admire in somebody close to you?"),
    prompt("growth-4", "growth", "What would you do differently if you could do today again?"),
    prompt("future-4", "future", "What have you put off for too long?"),
    prompt("memories-4", "memories", "What is the best advice that you were ever given?"),
    prompt("day-5", "day", "What made you laugh?"),
    prompt("gratitude-5", "gratitude", "What about your home do you like most?"),
    prompt("feelings-5", "feelings", "What gave you energy today, and what took it?"),
    prompt("people-5", "people", "With whom would you like to spend more time?"),
    prompt("growth-5", "growth", "What are you proud of, however small?"),
    prompt("future-5", "future", "Write a letter to yourself in ten years."),
    prompt("memories-5", "memories", "What did you do on this day of an earlier year?"),
];

/// In the order in which clients offer them.
pub const THEMES: [&str; 7] = ["day", "gratitude", "feelings", "people", "growth", "future", "memories"];

const fn prompt(id: &'static str, theme: &'static str, text: &'static str) -> Prompt {
    Prompt { id, theme, text }
}

/// The questions of a day, of one theme or of all.
///
/// # Errors
/// `invalid` for a number of items that is out of range, and for an unknown theme.
pub fn of_day(today: Date, first: u32, theme: Option<&str>) -> Result<Vec<Prompt>, Error> {
    if !(1..=PAGE_MAX).contains(&first) {
        return Err(invalid("first", Rule::range(1, PAGE_MAX), format!("Ask for 1 to {PAGE_MAX} items.")));
    }
    if theme.is_some_and(|theme| !THEMES.contains(&theme)) {
        let text = format!("There is no such theme; there are {}.", THEMES.join(", "));
        return Err(invalid("theme", Rule::one_of(THEMES), text));
    }
    let of_theme: Vec<Prompt> =
        PROMPTS.iter().filter(|prompt| theme.is_none_or(|theme| prompt.theme == theme)).copied().collect();
    let days = date(1970, 1, 1).until(today).map_or(0, |span| i64::from(span.get_days()));
    let length = i64::try_from(of_theme.len()).unwrap_or(1).max(1);
    let skipped = usize::try_from(days.rem_euclid(length)).unwrap_or_default();
    let rotated = of_theme.iter().cycle().skip(skipped).take(of_theme.len().min(first as usize));
    Ok(rotated.copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const TODAY: Date = date(2026, 11, 30);

    #[test]
    fn each_day_begins_with_the_question_after_that_of_the_day_before() {
        let all = of_day(TODAY, 100, None).unwrap();
        assert_eq!(all.len(), PROMPTS.len());
        assert_eq!(of_day(TODAY.tomorrow().unwrap(), 1, None).unwrap()[0], all[1]);
        assert_eq!(of_day(TODAY, 2, None).unwrap(), all[..2]);
    }

    #[test]
    fn a_theme_has_its_own_questions_and_there_are_no_others() {
        let themes: BTreeSet<_> = PROMPTS.iter().map(|prompt| prompt.theme).collect();
        assert_eq!(themes, BTreeSet::from(THEMES));
        let feelings = of_day(TODAY, 100, Some("feelings")).unwrap();
        assert!(feelings.len() > 1 && feelings.iter().all(|prompt| prompt.theme == "feelings"));
        for (first, theme, name) in [(0, None, "first"), (101, None, "first"), (1, Some("weather"), "theme")] {
            let Err(Error::Invalid(fields)) = of_day(TODAY, first, theme) else { panic!("{first} {theme:?}") };
            assert_eq!(fields[0].field, name);
        }
    }

    #[test]
    fn ids_and_texts_are_there_once() {
        let ids: BTreeSet<_> = PROMPTS.iter().map(|prompt| prompt.id).collect();
        let texts: BTreeSet<_> = PROMPTS.iter().map(|prompt| prompt.text).collect();
        assert_eq!((ids.len(), texts.len()), (PROMPTS.len(), PROMPTS.len()));
    }
}
