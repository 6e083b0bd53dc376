//! Goal: the schema is the public one. Method: introspection against its own lines.

use mindflow_tests::Platform;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Fields of objects and inputs, values of enums.
const CONTRACT: &str = "
User: id: ID!, email: String!, displayName: String!, roles: [Role!]!, createdAt: DateTime!, timezone: String!, quota: Quota, storage: Storage, emailConfirmed: Boolean, secondFactor: Boolean, aiConsent: Boolean, aiConsentAt: DateTime, deletionDueAt: DateTime
Node: id: ID!
Quota: limit: Int, used: Int!, resetsAt: DateTime
Storage: mediaBytes: UsedBytes, tags: Used, webhooks: Used, sessions: Used
Used: used: Int!, limit: Int!
UsedBytes: used: Bytes!, limit: Bytes!
JournalEntry: id: ID!, title: String!, content: String!, mood: Mood, tags: [Tag!]!, attachments: [Media!], createdAt: DateTime!, updatedAt: DateTime!, entryDate: Date!, version: Int!, wordCount: Int!, private: Boolean!, draft: Boolean!, publishedAt: DateTime, pinned: Boolean!, favourite: Boolean!, journal: Journal, entryTime: String, place: Place, analysis: Analysis
Place: name: String, latitude: Float, longitude: Float
PlaceInput: name: String, latitude: Float, longitude: Float
Journal: id: ID!, name: String!, isDefault: Boolean!, entryCount: Int
DeletedEntry: entry: JournalEntry!, deletedAt: DateTime!, purgeAt: DateTime!
DeletedEntryEdge: cursor: String!, node: DeletedEntry!
DeletedEntryConnection: edges: [DeletedEntryEdge!]!, pageInfo: PageInfo!, totalCount: Int!
EntryVersion: version: Int!, title: String!, content: String!, mood: Mood, tags: [String!]!, entryDate: Date!, entryTime: String, place: Place, wordCount: Int!, savedAt: DateTime!
EntryVersionEdge: cursor: String!, node: EntryVersion!
EntryVersionConnection: edges: [EntryVersionEdge!]!, pageInfo: PageInfo!, totalCount: Int!
MoodRecord: id: ID!, mood: Mood!, note: String, at: DateTime!, date: Date!
MoodCount: mood: Mood!, count: Int!
CalendarDay: date: Date!, entries: Int!, words: Int!, moods: [MoodCount!]!
Analysis: status: AnalysisStatus!, insights: [Insight!]!, sentiment: Float, themes: [String!]!, model: String, completedAt: DateTime
Insight: id: ID!, entryId: ID!, text: String!, kind: String!, createdAt: DateTime!, quotes: [Quote!]!
Quote: text: String!, start: Int!, end: Int!
Tag: id: ID!, name: String!, entryCount: Int
Media: id: ID!, kind: MediaKind!, fileName: String!, contentType: String!, bytes: Int!, width: Int, height: Int, durationMs: Int, createdAt: DateTime!, url: String!, thumbnailUrl: String, reference: String!
MediaEdge: cursor: String!, node: Media!
MediaConnection: edges: [MediaEdge!]!, pageInfo: PageInfo!, totalCount: Int!, totalBytes: Bytes!
EntryTemplate: id: ID!, name: String!, title: String!, content: String!, tags: [String!]!, journalId: ID, updatedAt: DateTime!
EntryTemplateInput: name: String!, title: String, content: String, tags: [String!], journalId: ID
Prompt: id: ID!, text: String!, theme: String!
Reminder: id: ID!, weekdays: [Weekday!]!, time: String!, channel: ReminderChannel!, active: Boolean!, createdAt: DateTime!
ReminderInput: weekdays: [Weekday!]!, time: String!, channel: ReminderChannel!, active: Boolean
ExportJob: id: ID!, format: ExportFormat!, status: JobStatus!, entriesDone: Int!, entriesTotal: Int!, mediaDone: Int!, mediaTotal: Int!, bytes: Bytes!, url: String, error: String, failure: JobFailure, createdAt: DateTime!, completedAt: DateTime, expiresAt: DateTime
JobFailure: reason: JobFailureReason!, files: [String!]!, max: Int
ImportProblem: record: String!, field: String, rule: String!, params: JSON!, message: String!
ImportReport: entries: Int!, duplicates: Int!, skipped: Int!, media: Int!, missingMedia: Int!, tags: Int!, moods: Int!, journals: Int!, problems: [ImportProblem!]!, problemsTotal: Int!
ImportJob: id: ID!, format: ImportFormat, dryRun: Boolean!, status: JobStatus!, recordsDone: Int!, recordsTotal: Int!, report: ImportReport!, error: String, failure: JobFailure, createdAt: DateTime!, completedAt: DateTime
ImportInput: uploadId: ID!, format: ImportFormat, dryRun: Boolean, journalId: ID
SyncChange: kind: SyncKind!, id: ID!, deleted: Boolean!, entry: JournalEntry, journal: Journal, tag: Tag, mood: MoodRecord, template: EntryTemplate, reminder: Reminder, media: Media
SyncPage: changes: [SyncChange!]!, cursor: String!, hasMore: Boolean!
PageInfo: hasNextPage: Boolean!, hasPreviousPage: Boolean!, startCursor: String, endCursor: String
JournalEntryEdge: cursor: String!, node: JournalEntry!
JournalEntryConnection: edges: [JournalEntryEdge!]!, pageInfo: PageInfo!, totalCount: Int!
Webhook: id: ID!, url: String!, events: [String!]!, active: Boolean!, state: WebhookState!, failures: Int!, disabledAt: DateTime, disabledReason: String, disabledCause: WebhookDisabledCause, createdAt: DateTime!, secret: String
Session: id: ID!, createdAt: DateTime!, lastUsedAt: DateTime!, userAgent: String, device: String, browser: String, platform: String, current: Boolean!
TotpSecret: secret: String!, uri: String!
RecoveryCodes: recoveryCodes: [String!]!
ChangePasswordInput: currentPassword: String!, newPassword: String!
NotificationPreferences: email: Boolean!, push: Boolean!, webhooks: Boolean!, quietHoursStart: Int, quietHoursEnd: Int
SearchHit: entry: JournalEntry!, score: Float!, highlights: [String!]!
SearchResult: hits: [SearchHit!]!, pageInfo: PageInfo!, totalCount: Int!, tookMs: Float!
MoodPoint: date: Date!, mood: Mood!, count: Int!, averageSentiment: Float, recordId: ID
SentimentPoint: period: Date!, average: Float!, entries: Int!
WritingStats: entries: Int!, words: Int!, currentStreakDays: Int!, longestStreakDays: Int!, byHour: [Int!]!, byWeekday: [Int!]!
PlatformStats: users: Int!, activeUsers: Int!, entries: Int!, analyses: Int!, entriesPerDay: [DayCount!]!, activeUsersPerDay: [DayCount!]!, analysesPerDay: [DayCount!]!, registrationsPerDay: [DayCount!]!
JournalFilter: text: String, tag: String, mood: Mood, from: Date, to: Date, journalId: ID, pinned: Boolean, favourite: Boolean, tagsAll: [String!], tagsAny: [String!], tagsNone: [String!]
CreateJournalEntryInput: id: ID, title: String!, content: String!, mood: Mood, tags: [String!], entryDate: Date, attachmentIds: [ID!], clientMutationId: String, private: Boolean, draft: Boolean, pinned: Boolean, favourite: Boolean, journalId: ID, entryTime: String, place: PlaceInput
UpdateJournalEntryInput: id: ID!, title: String, content: String, mood: Mood, tags: [String!], entryDate: Date, attachmentIds: [ID!], private: Boolean, pinned: Boolean, favourite: Boolean, journalId: ID, entryTime: String, place: PlaceInput, expectedVersion: Int
EntryChange: kind: ChangeKind!, entryId: ID!, entry: JournalEntry, cursor: String!
UserEdge: cursor: String!, node: User!
UserConnection: edges: [UserEdge!]!, pageInfo: PageInfo!, totalCount: Int!
Query: me: User!, templates: [EntryTemplate!], prompts(first: Int = 5; theme: String): [Prompt!], reminders: [Reminder!], exports: [ExportJob!], imports: [ImportJob!], media(first: Int = 20; after: String; kind: MediaKind): MediaConnection, changesSince(cursor: String; first: Int = 100): SyncPage, node(id: ID!): Node, journalEntry(id: ID!): JournalEntry, journalEntries(first: Int = 20; after: String; filter: JournalFilter; orderBy: JournalOrder): JournalEntryConnection, recentEntries(limit: Int = 10): [JournalEntry!], onThisDay(date: Date): [JournalEntry!], moodTrends(days: Int = 30): [MoodPoint!], sentimentTrend(days: Int = 90; granularity: Granularity = WEEK): [SentimentPoint!], writingStats(days: Int = 365): WritingStats, insights(limit: Int = 10): [Insight!], tags: [Tag!], drafts(first: Int = 20; after: String): JournalEntryConnection, journals: [Journal!], deletedEntries(first: Int = 20; after: String): DeletedEntryConnection, entryVersions(id: ID!; first: Int = 20; after: String): EntryVersionConnection, moodRecords(from: Date!; to: Date!): [MoodRecord!], calendar(from: Date!; to: Date!): [CalendarDay!], search(query: String!; mode: SearchMode = HYBRID; limit: Int = 20; after: String): SearchResult, relatedEntries(id: ID!; limit: Int = 5): [SearchHit!], webhooks: [Webhook!], sessions: [Session!], notificationPreferences: NotificationPreferences, pushPublicKey: String, users(first: Int = 20; after: String; search: String): UserConnection, platformStats(days: Int = 30): PlatformStats, aiLedger(first: Int = 50; after: String): DisclosureConnection, erasureReceipt(id: ID!): ErasureReceipt, deadLetters(consumer: String; first: Int = 50; after: String): DeadLetterConnection, platform: Platform, auditLog(first: Int = 50; after: String; userId: ID; eventType: String; from: DateTime; to: DateTime): AuditConnection
Disclosure: id: ID!, at: DateTime!, entryId: ID, entryVersion: Int, purpose: DisclosurePurpose!, host: String!, model: String, bytes: Bytes!
DisclosureEdge: cursor: String!, node: Disclosure!
DisclosureConnection: edges: [DisclosureEdge!]!, pageInfo: PageInfo!
AccountDeletion: erasureId: ID!, dueAt: DateTime!
EntryPurge: erasureId: ID!
ErasedStore: service: String!, store: String!, count: Int!
ErasureReceipt: id: ID!, userId: ID!, entryId: ID, requestedAt: DateTime!, dueAt: DateTime!, keysDestroyedAt: DateTime, completedAt: DateTime, erased: [ErasedStore!]!, waiting: [String!]!, remains: [String!]!, signed: String
AuditEdge: cursor: String!, node: AuditRow!
AuditConnection: edges: [AuditEdge!]!, pageInfo: PageInfo!
Mutation: deleteTag(id: ID!): Boolean, mergeTags(ids: [ID!]!; into: ID!): Tag, createTemplate(input: EntryTemplateInput!): EntryTemplate, updateTemplate(id: ID!; input: EntryTemplateInput!): EntryTemplate, deleteTemplate(id: ID!): Boolean, createReminder(input: ReminderInput!): Reminder, updateReminder(id: ID!; input: ReminderInput!): Reminder, deleteReminder(id: ID!): Boolean, requestExport(format: ExportFormat = MINDFLOW): ExportJob, cancelExport(id: ID!): Boolean, beginImport(input: ImportInput!): ImportJob, cancelImport(id: ID!): Boolean, createJournalEntry(input: CreateJournalEntryInput!): JournalEntry, updateJournalEntry(input: UpdateJournalEntryInput!): JournalEntry, deleteJournalEntry(id: ID!): Boolean, restoreJournalEntry(id: ID!): JournalEntry, recordMood(mood: Mood!; note: String; at: DateTime): MoodPoint, createTag(name: String!): Tag, renameTag(id: ID!; name: String!): Tag, deleteMedia(id: ID!): Boolean, reanalyzeEntry(id: ID!): JournalEntry, publishJournalEntry(id: ID!; expectedVersion: Int): JournalEntry, restoreEntryVersion(id: ID!; version: Int!; expectedVersion: Int): JournalEntry, createJournal(name: String!): Journal, renameJournal(id: ID!; name: String!): Journal, deleteJournal(id: ID!): Boolean, takeBackMood(id: ID!): Boolean, updateProfile(displayName: String; timezone: String; aiConsent: Boolean): User, setUserRoles(userId: ID!; roles: [Role!]!): User, changePassword(input: ChangePasswordInput!): Boolean, requestPasswordReset(email: String!): Boolean, resetPassword(token: String!; newPassword: String!): Boolean, requestEmailConfirmation: Boolean, confirmEmail(token: String!): Boolean, requestEmailChange(newEmail: String!; password: String!): Boolean, confirmEmailChange(token: String!): Boolean, beginTotp(password: String!): TotpSecret, confirmTotp(code: String!): RecoveryCodes, disableTotp(password: String!; code: String!): Boolean, regenerateRecoveryCodes(password: String!; code: String!): RecoveryCodes, deleteAccount(password: String!): AccountDeletion, cancelAccountDeletion: Boolean, purgeJournalEntry(id: ID!): EntryPurge, endSession(id: ID!): Boolean, endOtherSessions: Int, updateNotificationPreferences(email: Boolean; push: Boolean; webhooks: Boolean; quietHoursStart: Int; quietHoursEnd: Int): NotificationPreferences, createWebhook(url: String!; events: [String!]!): Webhook, enableWebhook(id: ID!): Webhook, deleteWebhook(id: ID!): Boolean, registerPushSubscription(endpoint: String!; p256dh: String!; auth: String!): Boolean, unregisterPushSubscription(endpoint: String!): Boolean, retryDeadLetter(id: ID!): Boolean, discardDeadLetter(id: ID!): Boolean
Subscription: entryAnalyzed(after: String): JournalEntry!, entryChanged(after: String): EntryChange!, platformChanged: Platform!
Platform: at: DateTime!, startedAt: DateTime!, components: [PlatformComponent!]!, subscriptions: [PlatformSubscription!], flows: [EventFlow!]!
PlatformComponent: name: String!, state: ComponentState!, generation: Int!, since: DateTime!, digest: String!, instances: Int!, memoryBytes: Bytes!, callsNow: Int!, callsMax: Int!, calls: Int!, failures: Int!, latency: CallLatency, publishes: [String!]!, callees: [String!]!
CallLatency: p50Ms: Float!, p95Ms: Float!, p99Ms: Float!
PlatformSubscription: name: String!, component: String!, events: [String!]!, waiting: Int!, inFlight: Int!, deadLetters: Int!, parked: Int!, lagMs: Int
EventFlow: eventType: String!, producers: [String!]!, subscription: String!, delivered: Int!, failed: Int!
ComponentState: READY, FAILING, OVERLOADED
DisclosurePurpose: ANALYSIS, SEARCH_INDEX, SEARCH_QUERY, WEBHOOK, PUSH, OTHER
MediaKind: IMAGE, AUDIO
SyncKind: ENTRY, JOURNAL, TAG, MOOD, TEMPLATE, REMINDER, MEDIA
Weekday: MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY
ReminderChannel: EMAIL, PUSH
ExportFormat: MINDFLOW, DAY_ONE, HTML
ImportFormat: MINDFLOW, DAY_ONE, MARKDOWN, JOURNIV, DAYLIO
JobStatus: WAITING, RUNNING, READY, FAILED, CANCELLED, EXPIRED
JobFailureReason: GAVE_UP, UPLOAD_GONE, DAY_FULL, NO_ARCHIVE, NO_JOURNAL, TOO_MANY_FILES, LONG_DIRECTORY, CLIMBS_OUT, OVERLAPS, BOMB, TOO_LARGE, ENCRYPTED, PACKING, DAMAGED
Mood: HAPPY, CALM, GRATEFUL, EXCITED, NEUTRAL, TIRED, ANXIOUS, STRESSED, SAD, ANGRY
Role: USER, PREMIUM, ADMIN
AnalysisStatus: PENDING, PROCESSING, READY, FAILED, NOT_INCLUDED
Granularity: DAY, WEEK, MONTH
JournalOrder: ENTRY_DATE_DESC, ENTRY_DATE_ASC, CREATED_AT_DESC, CREATED_AT_ASC
WebhookState: ACTIVE, FAILING, DISABLED
WebhookDisabledCause: GONE, SILENT, PASSWORD_RESET
SearchMode: FULL_TEXT, SEMANTIC, HYBRID
ChangeKind: CREATED, UPDATED, DELETED, DRAFT";

const INTROSPECTION: &str = "{ __schema { types { name kind description
    fields { name description args { ...A } type { ...T } } inputFields { ...A } enumValues { name } } } }
    fragment A on __InputValue { name defaultValue type { ...T } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

fn type_of(value: &Value) -> String {
    match value["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", type_of(&value["ofType"])),
        Some("LIST") => format!("[{}]", type_of(&value["ofType"])),
        _ => value["name"].as_str().unwrap().to_owned(),
    }
}

fn argument(value: &Value) -> String {
    let default = value["defaultValue"].as_str().map(|text| format!(" = {text}")).unwrap_or_default();
    format!("{}: {}{default}", value["name"].as_str().unwrap(), type_of(&value["type"]))
}

fn members(shown: &Value) -> BTreeSet<String> {
    let list = |name: &str| shown[name].as_array().cloned().unwrap_or_default();
    let fields = list("fields").into_iter().map(|field| {
        let arguments: Vec<String> = field["args"].as_array().unwrap().iter().map(argument).collect();
        let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join("; ")) };
        format!("{}{arguments}: {}", field["name"].as_str().unwrap(), type_of(&field["type"]))
    });
    let inputs = list("inputFields").into_iter().map(|field| argument(&field));
    let values = list("enumValues").into_iter().map(|value| value["name"].as_str().unwrap().to_owned());
    fields.chain(inputs).chain(values).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_has_the_contracts_types_and_fields_and_all_are_described() {
    let platform = Platform::services().start().await;
    let answer = platform.http().graphql(INTROSPECTION, json!({})).await.data();
    let types: BTreeMap<&str, &Value> = answer["__schema"]["types"]
        .as_array()
        .unwrap()
        .iter()
        .map(|shown| (shown["name"].as_str().unwrap(), shown))
        .collect();
    for line in CONTRACT.trim().lines() {
        let (name, wanted) = line.split_once(": ").unwrap();
        let listed = |members: &str| members.split(", ").map(str::to_owned).collect::<BTreeSet<_>>();
        let wanted = listed(wanted);
        let shown = members(types.get(name).unwrap_or_else(|| panic!("no type {name}")));
        assert_eq!(wanted.difference(&shown).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in {name}");
        assert_eq!(shown.difference(&wanted).collect::<Vec<_>>(), Vec::<&String>::new(), "not in the contract: {name}");
    }
    let sdl = platform.http().get("/schema.graphql").await.expect(200).text();
    for (name, shown) in types.iter().filter(|(name, _)| !name.starts_with("__")) {
        if ["Int", "Float", "String", "Boolean", "ID"].contains(name) {
            continue;
        }
        assert!(sdl.lines().any(|line| line.split(' ').nth(1) == Some(name)), "{name} is not in /schema.graphql");
        assert!(
            shown["description"].is_string() || ["Query", "Mutation", "Subscription"].contains(name),
            "{name} has no description"
        );
        for field in shown["fields"].as_array().into_iter().flatten() {
            assert!(field["description"].is_string(), "{name}.{} has no description", field["name"]);
        }
    }
}
