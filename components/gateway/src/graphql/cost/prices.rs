//! The prices, field by field. A field that is not here costs one point, a list's item as well.
//!
//! Where they come from: in release, a leaf of a row takes 2 µs, an entry 9 µs, a field that reads something 140 µs with its
//! call and its look into the cache, a write 5 ms with its deliveries, and a model needs up to 50 ms for the words of a search.

/// How many items a field answers.
#[derive(Debug, Clone, Copy)]
pub enum Items {
    One,
    /// As many as the argument asks for.
    Asked(Size),
    /// The same; they are in the field's own `edges`, `hits` or `…PerDay`.
    Page(Size),
    /// Those of the page around it.
    OfPage,
    /// As many as there are: usually so many, and at most.
    Usual {
        usual: u64,
        most: u64,
    },
}

/// What an argument says about a number of items.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub argument: &'static str,
    pub default: u64,
    /// A larger one is refused by the field itself, so it counts as this.
    pub most: u64,
    /// Items for each that is asked for.
    pub times: u64,
}

/// What a field costs.
#[derive(Debug, Clone, Copy)]
pub struct Price {
    pub kind: &'static str,
    pub field: &'static str,
    pub points: u64,
    /// Of each item, without what is selected of it.
    pub item: u64,
    pub items: Items,
    /// An argument that makes it dearer, and by how much.
    pub with: Option<(&'static str, u64)>,
    pub reads_entries: bool,
}

/// Of every mutation.
pub const MUTATION: u64 = 1_000;
/// Of every subscription, for each of its notices.
const SUBSCRIPTION: u64 = 50;
/// A content of two thousand letters.
pub const CONTENT: u64 = 10;
const ENTRY: u64 = 5;
const CALL: u64 = 50;
const DAYS_MAX: u64 = 366;
const PAGE_MAX: u64 = mindflow_guest::journal::PAGE_MAX as u64;

const fn one(kind: &'static str, field: &'static str, points: u64) -> Price {
    Price { kind, field, points, item: 0, items: Items::One, with: None, reads_entries: false }
}

const fn several(kind: &'static str, field: &'static str, points: u64, items: Items) -> Price {
    Price { item: 1, items, ..one(kind, field, points) }
}

const fn entries(price: Price) -> Price {
    Price { item: if price.item == 0 { 0 } else { ENTRY }, reads_entries: true, ..price }
}

const fn asked(argument: &'static str, default: u64) -> Size {
    Size { argument, default, most: PAGE_MAX, times: 1 }
}

const fn days(default: u64, times: u64) -> Size {
    Size { argument: "days", default, most: DAYS_MAX, times }
}

const fn usually(usual: u64, most: u64) -> Items {
    Items::Usual { usual, most }
}

/// Tags are as many as the user has made.
const MANY: u64 = 2_000;
/// As many as the command service takes, and the default one.
const BOOKS_MAX: u64 = 101;
/// As many as the notification service takes.
const REMINDERS_MAX: u64 = 21;
/// As many as the portability service answers.
const JOBS_MAX: u64 = 50;
/// As many as the query service answers.
const MOODS_MAX: u64 = 1_000;
/// As many as the manifest has.
const COMPONENTS: u64 = 15;
const SUBSCRIPTIONS: u64 = 20;
const FLOWS: u64 = 120;
/// As many as the setting `sessions_max` can be.
const SESSIONS_MAX: u64 = 1_000;

pub const PRICES: &[Price] = &[
    one("Query", "me", CALL),
    entries(one("Query", "journalEntry", 100)),
    entries(one("Query", "node", 300)),
    Price {
        with: Some(("filter", 400)),
        ..entries(several("Query", "journalEntries", 100, Items::Page(asked("first", 20))))
    },
    entries(several("Query", "recentEntries", CALL, Items::Asked(asked("limit", 10)))),
    entries(several("Query", "onThisDay", CALL, usually(10, PAGE_MAX))),
    entries(several("Query", "drafts", 100, Items::Page(asked("first", 20)))),
    several("Query", "journals", CALL, usually(5, BOOKS_MAX)),
    entries(several("Query", "deletedEntries", 100, Items::Page(asked("first", 20)))),
    entries(several("Query", "entryVersions", 100, Items::Page(asked("first", 20)))),
    several("Query", "moodRecords", CALL, usually(30, MOODS_MAX)),
    several("Query", "calendar", CALL, usually(31, DAYS_MAX)),
    several("Query", "templates", CALL, usually(5, PAGE_MAX)),
    several("Query", "prompts", CALL, Items::Asked(asked("first", 5))),
    several("Query", "reminders", CALL, usually(2, REMINDERS_MAX)),
    several("Query", "exports", CALL, usually(3, JOBS_MAX)),
    several("Query", "imports", CALL, usually(3, JOBS_MAX)),
    several("Query", "media", 100, Items::Page(asked("first", 20))),
    entries(several("Query", "changesSince", 100, Items::Page(asked("first", 100)))),
    several("Query", "moodTrends", CALL, Items::Asked(days(30, 2))),
    several("Query", "sentimentTrend", CALL, Items::Asked(days(90, 1))),
    one("Query", "writingStats", 100),
    several("Query", "insights", CALL, Items::Asked(asked("limit", 10))),
    several("Query", "tags", CALL, usually(100, MANY)),
    entries(several("Query", "search", 2_000, Items::Page(asked("limit", 20)))),
    entries(several("Query", "relatedEntries", 500, Items::Asked(asked("limit", 5)))),
    several("Query", "webhooks", CALL, usually(10, PAGE_MAX)),
    several("Query", "sessions", 100, usually(3, SESSIONS_MAX)),
    one("Query", "notificationPreferences", CALL),
    one("Query", "pushPublicKey", CALL),
    several("Query", "users", 500, Items::Page(asked("first", 20))),
    several("Query", "platformStats", 200, Items::Page(days(30, 1))),
    several("Query", "aiLedger", 100, Items::Page(asked("first", 50))),
    one("Query", "erasureReceipt", 100),
    several("Query", "auditLog", 100, Items::Page(asked("first", 50))),
    several("Query", "deadLetters", 100, Items::Page(asked("first", 50))),
    one("Query", "platform", 100),
    one("Subscription", "platformChanged", SUBSCRIPTION),
    one("Query", "__schema", CALL),
    one("Query", "__type", CALL),
    several("JournalEntryConnection", "edges", 1, Items::OfPage),
    several("DeletedEntryConnection", "edges", 1, Items::OfPage),
    several("EntryVersionConnection", "edges", 1, Items::OfPage),
    several("MediaConnection", "edges", 1, Items::OfPage),
    several("SyncPage", "changes", 1, Items::OfPage),
    several("UserConnection", "edges", 1, Items::OfPage),
    several("AuditConnection", "edges", 1, Items::OfPage),
    several("DisclosureConnection", "edges", 1, Items::OfPage),
    several("DeadLetterConnection", "edges", 1, Items::OfPage),
    several("SearchResult", "hits", 1, Items::OfPage),
    several("PlatformStats", "entriesPerDay", 1, Items::OfPage),
    several("PlatformStats", "activeUsersPerDay", 1, Items::OfPage),
    several("PlatformStats", "analysesPerDay", 1, Items::OfPage),
    several("PlatformStats", "registrationsPerDay", 1, Items::OfPage),
    one("JournalEntry", "content", CONTENT),
    one("JournalEntry", "journal", 2),
    one("EntryVersion", "content", CONTENT),
    one("EntryTemplate", "content", CONTENT),
    one("EntryTemplate", "tags", 3),
    one("Reminder", "weekdays", 3),
    several("ImportReport", "problems", 1, usually(5, 200)),
    several("CalendarDay", "moods", 1, usually(2, 10)),
    several("JournalEntry", "tags", 1, usually(5, 20)),
    several("JournalEntry", "attachments", 20, usually(2, 10)),
    one("Tag", "entryCount", 2),
    several("Analysis", "insights", 1, usually(3, 20)),
    one("Analysis", "themes", 3),
    one("Insight", "text", 3),
    several("Insight", "quotes", 1, usually(1, 2)),
    one("Quote", "text", 3),
    one("SearchHit", "highlights", 5),
    one("User", "quota", 10),
    one("User", "emailConfirmed", 100),
    one("User", "secondFactor", 100),
    one("User", "deletionDueAt", 100),
    one("User", "aiConsent", 100),
    one("User", "aiConsentAt", 100),
    one("Storage", "mediaBytes", 100),
    one("Storage", "tags", CALL),
    one("Storage", "webhooks", CALL),
    one("Storage", "sessions", 100),
    one("User", "roles", 2),
    one("WritingStats", "byHour", 5),
    one("WritingStats", "byWeekday", 2),
    one("Webhook", "events", 3),
    several("ErasureReceipt", "erased", 1, usually(30, PAGE_MAX)),
    one("ErasureReceipt", "remains", 3),
    one("ErasureReceipt", "waiting", 3),
    one("ErasureReceipt", "signed", 10),
    several("Platform", "components", 20, usually(COMPONENTS, PAGE_MAX)),
    several("Platform", "subscriptions", 300, usually(SUBSCRIPTIONS, PAGE_MAX)),
    several("Platform", "flows", 20, usually(FLOWS, 1_000)),
    one("AuditRow", "payload", 10),
    one("AuditRow", "withheld", 3),
    one("DeadLetter", "event", 20),
    several("__Schema", "types", 1, usually(20, 100)),
    several("__Schema", "directives", 1, usually(5, 10)),
    one("__Directive", "locations", 2),
    several("__Directive", "args", 1, usually(2, 5)),
    several("__Type", "fields", 1, usually(4, 40)),
    several("__Type", "inputFields", 1, usually(2, 10)),
    several("__Type", "enumValues", 1, usually(2, 15)),
    several("__Type", "interfaces", 1, usually(1, 1)),
    several("__Type", "possibleTypes", 1, usually(1, 1)),
    several("__Field", "args", 1, usually(1, 7)),
];

/// Whether the mutation changes whom the platform calls for the user.
pub fn changes_webhooks(mutation: &str) -> bool {
    mutation.ends_with("Webhook") || mutation.ends_with("PushSubscription")
}

/// The price of a field of the type.
pub fn of(kind: &str, field: &str) -> Price {
    if let Some(price) = PRICES.iter().find(|price| price.field == field && price.kind == kind) {
        return *price;
    }
    match kind {
        "Mutation" if field != "__typename" => entries(one("Mutation", "", MUTATION)),
        "Subscription" if field != "__typename" => entries(one("Subscription", "", SUBSCRIPTION)),
        _ => one("", "", 1),
    }
}
