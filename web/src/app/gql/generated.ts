/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** How far the AI is with an entry. */
export type AnalysisStatus =
  /** Could not be made; `reanalyzeEntry` tries again. */
  | 'FAILED'
  /** AI insights are premium. */
  | 'NOT_INCLUDED'
  /** Waits for its turn. */
  | 'PENDING'
  /** Is being worked on. */
  | 'PROCESSING'
  /** Is there. */
  | 'READY';

/** What happened to an entry. */
export type ChangeKind =
  /** It was written, or restored. */
  | 'CREATED'
  /** It was deleted. */
  | 'DELETED'
  /** It is a draft, and was saved. */
  | 'DRAFT'
  /** It was edited, it could not be analysed, or one of its tags was renamed; of a tag's entries the newest hundred are announced. */
  | 'UPDATED';

/** A change of the password. Send it as a variable: a query's text may be kept by programs on its way. */
export type ChangePasswordInput = {
  /** The current password. */
  readonly currentPassword: string;
  /** The next one: 8 to 72 bytes, and none that many people use. */
  readonly newPassword: string;
};

/** Whether a component takes calls. */
export type ComponentState =
  /** It failed repeatedly, and gets no calls for a while. */
  | 'FAILING'
  /** All its places are taken, and waiting calls get none. */
  | 'OVERLOADED'
  /** It does. */
  | 'READY';

/** A new entry. What is null counts as left out. */
export type CreateJournalEntryInput = {
  /** Ids of uploads of the user's, at most 10. */
  readonly attachmentIds?: ReadonlyArray<string> | null | undefined;
  /**
   * The client's own id of this request: the same one twice creates one entry. With other content, or when that entry was
   * deleted, it is a `CONFLICT`.
   */
  readonly clientMutationId?: string | null | undefined;
  /** At most 100,000 characters. Something of it has to be seen, unless the entry has an attachment. */
  readonly content: string;
  /** Whether it is a draft: its title and content may be empty then, and it takes nothing of the quota. No when left out. */
  readonly draft?: boolean | null | undefined;
  /** The day that the entry is about; today in the user's time zone when left out. */
  readonly entryDate?: string | null | undefined;
  /** The time of its day, `HH:MM` as the clock on the wall shows it. */
  readonly entryTime?: string | null | undefined;
  /** Whether it is a favourite. No when left out. */
  readonly favourite?: boolean | null | undefined;
  /**
   * The entry's id, made by the client: a UUID of version 7 whose time is at most 24 hours ahead. The same id with the same content is one
   * entry; with another content it is a `CONFLICT`. An id that cannot be used is refused in the same way for every reason.
   */
  readonly id?: string | null | undefined;
  /** The journal that it goes into; the default one when left out. */
  readonly journalId?: string | null | undefined;
  /** How the user feels. */
  readonly mood?: Mood | null | undefined;
  /** Whether it is pinned. No when left out. */
  readonly pinned?: boolean | null | undefined;
  /** Where it was. */
  readonly place?: PlaceInput | null | undefined;
  /** Whether it never leaves the platform: no model outside and no webhook gets it. No when left out. */
  readonly private?: boolean | null | undefined;
  /**
   * Names of tags, at most 20, each of 1 to 50 characters; those that do not exist are created. Names that differ in case or encoding
   * alone are one tag.
   */
  readonly tags?: ReadonlyArray<string> | null | undefined;
  /**
   * 1 to 200 characters, of which one at least is seen. Here as in all texts, characters are counted as they are composed (NFC), and
   * what overrides the direction of text is left out of titles, names and tags.
   */
  readonly title: string;
};

/** What a text was sent for. */
export type DisclosurePurpose =
  /** An entry, for insights. */
  | 'ANALYSIS'
  /** Something else. */
  | 'OTHER'
  /** A message without a text of the user's, sealed for a browser of the user's. */
  | 'PUSH'
  /** An entry, to be found by its meaning. */
  | 'SEARCH_INDEX'
  /** What the user searched for. */
  | 'SEARCH_QUERY'
  /** An event with what the user wrote, to a webhook of the user's. */
  | 'WEBHOOK';

/** A template as it is to be. What is null counts as left out. */
export type EntryTemplateInput = {
  /** At most 10,000 characters. */
  readonly content?: string | null | undefined;
  /** The default one when left out. */
  readonly journalId?: string | null | undefined;
  /** 1 to 50 characters. `CONFLICT` when another template has it, in any case. */
  readonly name: string;
  /** Names of tags, at most 20. */
  readonly tags?: ReadonlyArray<string> | null | undefined;
  /** At most 200 characters. */
  readonly title?: string | null | undefined;
};

/** What a journal is written as. */
export type ExportFormat =
  /** A ZIP that Day One imports. */
  | 'DAY_ONE'
  /** One HTML file that shows and prints by itself. */
  | 'HTML'
  /** A ZIP with JSON, Markdown and all files, which can be imported without loss. */
  | 'MINDFLOW';

/** How long a period of a trend is. */
export type Granularity =
  /** A day. */
  | 'DAY'
  /** A month. */
  | 'MONTH'
  /** A week from Monday. */
  | 'WEEK';

/** Where an import comes from. */
export type ImportFormat =
  /** Daylio's backup, or its table (CSV). */
  | 'DAYLIO'
  /** Day One's JSON export as ZIP. */
  | 'DAY_ONE'
  /** Journiv's export as ZIP. */
  | 'JOURNIV'
  /** A folder of Markdown files with front matter as ZIP. */
  | 'MARKDOWN'
  /** An export of this platform. */
  | 'MINDFLOW';

/** An import. */
export type ImportInput = {
  /** Whether it only reports what it would do. No when left out. */
  readonly dryRun?: boolean | null | undefined;
  /** Where it comes from; found out when left out. */
  readonly format?: ImportFormat | null | undefined;
  /** Where entries go that name no journal; the default one when left out. */
  readonly journalId?: string | null | undefined;
  /** Of the answer to `POST /portability/uploads`. */
  readonly uploadId: string;
};

/** What made a job fail. */
export type JobFailureReason =
  /** A file unpacks to much more than it announces or takes. */
  | 'BOMB'
  /** A name leads out of the archive. */
  | 'CLIMBS_OUT'
  /** A file is damaged. */
  | 'DAMAGED'
  /** As many entries and moods were imported today as can be (`max`). Import the same again tomorrow. */
  | 'DAY_FULL'
  /** A file is encrypted. */
  | 'ENCRYPTED'
  /** The platform failed too often, or a part of it was away for too long. Begin it again. */
  | 'GAVE_UP'
  /** The list of the archive's files has more bytes than `max`. */
  | 'LONG_DIRECTORY'
  /** What was uploaded is no ZIP archive, or a damaged one. */
  | 'NO_ARCHIVE'
  /** The archive has no file of a known format, or of the one that was named. */
  | 'NO_JOURNAL'
  /** Two files lie in the same place. */
  | 'OVERLAPS'
  /** A file is packed in a way that is not read; DEFLATE is. */
  | 'PACKING'
  /** A file has more bytes than `max`. */
  | 'TOO_LARGE'
  /** The archive has more files than `max`. */
  | 'TOO_MANY_FILES'
  /** The upload is gone: it is kept for a day. */
  | 'UPLOAD_GONE';

/** How far a job is. */
export type JobStatus =
  /** Its user ended it. */
  | 'CANCELLED'
  /** Its file was removed. */
  | 'EXPIRED'
  /** It ended before its end; `error` says why. */
  | 'FAILED'
  /** It is done. */
  | 'READY'
  /** It is under way. */
  | 'RUNNING'
  /** It has not begun. */
  | 'WAITING';

/** Which entries to list. What is left out does not narrow the list. */
export type JournalFilter = {
  /** Favourites, or the others. */
  readonly favourite?: boolean | null | undefined;
  /** The first day. */
  readonly from?: string | null | undefined;
  /** The journal that they are in. */
  readonly journalId?: string | null | undefined;
  /** The mood of the entry. */
  readonly mood?: Mood | null | undefined;
  /** Pinned ones, or the others. */
  readonly pinned?: boolean | null | undefined;
  /** The name of a tag, in any case and encoding. */
  readonly tag?: string | null | undefined;
  /** Names of tags, at most 20: entries that have all of them. */
  readonly tagsAll?: ReadonlyArray<string> | null | undefined;
  /** Names of tags, at most 20: entries that have one of them at least. An empty list narrows nothing. */
  readonly tagsAny?: ReadonlyArray<string> | null | undefined;
  /** Names of tags, at most 20: entries that have none of them. */
  readonly tagsNone?: ReadonlyArray<string> | null | undefined;
  /** Words in the title or the content, in any case and encoding. */
  readonly text?: string | null | undefined;
  /** The last day. */
  readonly to?: string | null | undefined;
};

/** What an upload is. */
export type MediaKind =
  /** A sound. */
  | 'AUDIO'
  /** A picture. */
  | 'IMAGE';

/** A feeling. */
export type Mood =
  /** Cross. */
  | 'ANGRY'
  /** Worried. */
  | 'ANXIOUS'
  /** At peace. */
  | 'CALM'
  /** Full of anticipation. */
  | 'EXCITED'
  /** Thankful. */
  | 'GRATEFUL'
  /** Glad. */
  | 'HAPPY'
  /** Neither one nor the other. */
  | 'NEUTRAL'
  /** Down. */
  | 'SAD'
  /** Under pressure. */
  | 'STRESSED'
  /** Without energy. */
  | 'TIRED';

/** Where an entry was: a name, coordinates, or both. A latitude has a longitude. */
export type PlaceInput = {
  /** In degrees (WGS 84), from -90 to 90; kept to seven places. */
  readonly latitude?: number | null | undefined;
  /** In degrees, from -180 to 180; kept to seven places. */
  readonly longitude?: number | null | undefined;
  /** 1 to 200 characters. */
  readonly name?: string | null | undefined;
};

/** How a reminder comes. */
export type ReminderChannel =
  /** By e-mail, if the user wants e-mail. Takes a confirmed address: until then it is a `CONFLICT` with the rule `unconfirmed`. */
  | 'EMAIL'
  /** By web push, to each browser that the user has registered, if the user wants it. */
  | 'PUSH';

/** A reminder as it is to be. */
export type ReminderInput = {
  /** Whether it comes. Yes when left out. */
  readonly active?: boolean | null | undefined;
  /** How it comes. */
  readonly channel: ReminderChannel;
  /** When, `HH:MM` in the user's time zone. */
  readonly time: string;
  /** On which days it comes, one at least. */
  readonly weekdays: ReadonlyArray<Weekday>;
};

/** What a user may do. */
export type Role =
  /** Manages accounts and sees the platform's figures, not other users' entries. */
  | 'ADMIN'
  /** Writes without a monthly limit and gets AI insights. */
  | 'PREMIUM'
  /** Keeps a journal; every account has this role. */
  | 'USER';

/** How entries are found. */
export type SearchMode =
  /** By their words: in any grammatical form, case and encoding, the last one also as a beginning, misspelt ones too. */
  | 'FULL_TEXT'
  /** Both, fused by rank. */
  | 'HYBRID'
  /** By what they mean. */
  | 'SEMANTIC';

/** What was changed. */
export type SyncKind =
  /** An entry or a draft. */
  | 'ENTRY'
  /** A journal. The default one comes when it has been renamed. */
  | 'JOURNAL'
  /** An upload. */
  | 'MEDIA'
  /** A mood that was recorded without an entry. */
  | 'MOOD'
  /** A reminder. */
  | 'REMINDER'
  /** A tag. Its new name is a change of it alone; entries that lose it have changed as well. */
  | 'TAG'
  /** A template. */
  | 'TEMPLATE';

/** A change of an entry. What is left out stays as it is. */
export type UpdateJournalEntryInput = {
  /** All files that the entry is to have, in this order, at most 10; null takes all out. */
  readonly attachmentIds?: ReadonlyArray<string> | null | undefined;
  /** At most 100,000 characters. Something of it has to be seen, unless the entry has an attachment; null empties it. */
  readonly content?: string | null | undefined;
  /** The day that the entry is about; not null. */
  readonly entryDate?: string | null | undefined;
  /** The time of its day, `HH:MM`; null removes it. */
  readonly entryTime?: string | null | undefined;
  /** The version that the change was made on; another one is a `CONFLICT`. Null: on any version. */
  readonly expectedVersion?: number | null | undefined;
  /** Whether it is a favourite; not null. */
  readonly favourite?: boolean | null | undefined;
  /** Which entry. */
  readonly id: string;
  /** The journal that it is in; null puts it into the default one. */
  readonly journalId?: string | null | undefined;
  /** Null removes the mood. */
  readonly mood?: Mood | null | undefined;
  /** Whether it is pinned; not null. This, the next and the journal are no change of the content, so the version stays. */
  readonly pinned?: boolean | null | undefined;
  /** Where it was; null removes it. */
  readonly place?: PlaceInput | null | undefined;
  /** Whether it never leaves the platform from now on; not null. What was sent before cannot be taken back. */
  readonly private?: boolean | null | undefined;
  /** All tags that the entry is to have, at most 20; null removes all. */
  readonly tags?: ReadonlyArray<string> | null | undefined;
  /**
   * 1 to 200 characters, of which one at least is seen; not null. Here as in all texts, characters are counted as they are
   * composed (NFC), and what overrides the direction of text is left out of titles, names and tags.
   */
  readonly title?: string | null | undefined;
};

/** What made a webhook be switched off. */
export type WebhookDisabledCause =
  /** Its receiver says that it is gone (410). */
  | 'GONE'
  /** The password was reset: who had the account before may have made it. */
  | 'PASSWORD_RESET'
  /** Its receiver did not answer for long. */
  | 'SILENT';

/** Whether a webhook is called. */
export type WebhookState =
  /** It is, and answered the last time. */
  | 'ACTIVE'
  /** It is not: its receiver is gone, or did not answer for long. `enableWebhook` switches it on again. */
  | 'DISABLED'
  /** Its receiver did not answer the last time: it is called after rests that double each time. */
  | 'FAILING';

/** A day of the week. */
export type Weekday =
  /** The fifth one. */
  | 'FRIDAY'
  /** The first one. */
  | 'MONDAY'
  /** The sixth one. */
  | 'SATURDAY'
  /** The seventh one. */
  | 'SUNDAY'
  /** The fourth one. */
  | 'THURSDAY'
  /** The second one. */
  | 'TUESDAY'
  /** The third one. */
  | 'WEDNESDAY';

export type AccountFieldsFragment = { readonly id: string, readonly email: string, readonly displayName: string, readonly roles: ReadonlyArray<Role>, readonly createdAt: string, readonly timezone: string, readonly emailConfirmed: boolean | null, readonly secondFactor: boolean | null, readonly deletionDueAt: string | null, readonly aiConsent: boolean | null, readonly aiConsentAt: string | null };

export type MeQueryVariables = Exact<{ [key: string]: never; }>;


export type MeQuery = { readonly me: { readonly id: string, readonly email: string, readonly displayName: string, readonly roles: ReadonlyArray<Role>, readonly createdAt: string, readonly timezone: string, readonly emailConfirmed: boolean | null, readonly secondFactor: boolean | null, readonly deletionDueAt: string | null, readonly aiConsent: boolean | null, readonly aiConsentAt: string | null, readonly quota: { readonly limit: number | null, readonly used: number, readonly resetsAt: string | null } | null } };

export type RequestPasswordResetMutationVariables = Exact<{
  email: string;
}>;


export type RequestPasswordResetMutation = { readonly requestPasswordReset: boolean | null };

export type ResetPasswordMutationVariables = Exact<{
  token: string;
  newPassword: string;
}>;


export type ResetPasswordMutation = { readonly resetPassword: boolean | null };

export type RequestEmailConfirmationMutationVariables = Exact<{ [key: string]: never; }>;


export type RequestEmailConfirmationMutation = { readonly requestEmailConfirmation: boolean | null };

export type ConfirmEmailMutationVariables = Exact<{
  token: string;
}>;


export type ConfirmEmailMutation = { readonly confirmEmail: boolean | null };

export type ConfirmEmailChangeMutationVariables = Exact<{
  token: string;
}>;


export type ConfirmEmailChangeMutation = { readonly confirmEmailChange: boolean | null };

export type UsersQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  search?: string | null | undefined;
}>;


export type UsersQuery = { readonly users: { readonly totalCount: number, readonly edges: ReadonlyArray<{ readonly node: { readonly id: string, readonly email: string, readonly displayName: string, readonly roles: ReadonlyArray<Role>, readonly createdAt: string, readonly timezone: string } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } | null };

export type SetUserRolesMutationVariables = Exact<{
  userId: string;
  roles: ReadonlyArray<Role> | Role;
}>;


export type SetUserRolesMutation = { readonly setUserRoles: { readonly id: string, readonly roles: ReadonlyArray<Role> } | null };

export type DayFieldsFragment = { readonly date: string, readonly count: number };

export type PlatformStatsQueryVariables = Exact<{
  days: number;
}>;


export type PlatformStatsQuery = { readonly platformStats: { readonly users: number, readonly activeUsers: number, readonly entries: number, readonly analyses: number, readonly activeUsersPerDay: ReadonlyArray<{ readonly date: string, readonly count: number }>, readonly entriesPerDay: ReadonlyArray<{ readonly date: string, readonly count: number }>, readonly analysesPerDay: ReadonlyArray<{ readonly date: string, readonly count: number }>, readonly registrationsPerDay: ReadonlyArray<{ readonly date: string, readonly count: number }> } | null };

export type AuditLogQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  eventType?: string | null | undefined;
  userId?: string | null | undefined;
  from?: string | null | undefined;
  to?: string | null | undefined;
}>;


export type AuditLogQuery = { readonly auditLog: { readonly edges: ReadonlyArray<{ readonly node: { readonly id: string, readonly number: number, readonly eventId: string, readonly eventType: string, readonly timestamp: string, readonly receivedAt: string, readonly source: string, readonly sequence: number, readonly version: string, readonly correlationId: string, readonly hash: string, readonly payload: unknown, readonly withheld: ReadonlyArray<string>, readonly metadata: { readonly userId: string | null, readonly tenantId: string | null } } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } | null };

export type DeadLettersQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  consumer?: string | null | undefined;
}>;


export type DeadLettersQuery = { readonly deadLetters: { readonly edges: ReadonlyArray<{ readonly node: { readonly id: string, readonly consumer: string, readonly attempts: number, readonly deadAt: string, readonly firstFailedAt: string | null, readonly lastError: string, readonly parked: number, readonly event: unknown, readonly withheld: ReadonlyArray<string> } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } | null };

export type RetryDeadLetterMutationVariables = Exact<{
  id: string;
}>;


export type RetryDeadLetterMutation = { readonly retryDeadLetter: boolean | null };

export type DiscardDeadLetterMutationVariables = Exact<{
  id: string;
}>;


export type DiscardDeadLetterMutation = { readonly discardDeadLetter: boolean | null };

export type PlatformFieldsFragment = { readonly at: string, readonly startedAt: string, readonly components: ReadonlyArray<{ readonly name: string, readonly state: ComponentState, readonly generation: number, readonly since: string, readonly digest: string, readonly instances: number, readonly memoryBytes: number, readonly callsNow: number, readonly callsMax: number, readonly calls: number, readonly failures: number, readonly publishes: ReadonlyArray<string>, readonly callees: ReadonlyArray<string>, readonly latency: { readonly p50Ms: number, readonly p95Ms: number, readonly p99Ms: number } | null }>, readonly subscriptions: ReadonlyArray<{ readonly name: string, readonly component: string, readonly events: ReadonlyArray<string>, readonly waiting: number, readonly inFlight: number, readonly deadLetters: number, readonly parked: number, readonly lagMs: number | null }> | null, readonly flows: ReadonlyArray<{ readonly eventType: string, readonly producers: ReadonlyArray<string>, readonly subscription: string, readonly delivered: number, readonly failed: number }> };

export type PlatformNowQueryVariables = Exact<{ [key: string]: never; }>;


export type PlatformNowQuery = { readonly platform: { readonly at: string, readonly startedAt: string, readonly components: ReadonlyArray<{ readonly name: string, readonly state: ComponentState, readonly generation: number, readonly since: string, readonly digest: string, readonly instances: number, readonly memoryBytes: number, readonly callsNow: number, readonly callsMax: number, readonly calls: number, readonly failures: number, readonly publishes: ReadonlyArray<string>, readonly callees: ReadonlyArray<string>, readonly latency: { readonly p50Ms: number, readonly p95Ms: number, readonly p99Ms: number } | null }>, readonly subscriptions: ReadonlyArray<{ readonly name: string, readonly component: string, readonly events: ReadonlyArray<string>, readonly waiting: number, readonly inFlight: number, readonly deadLetters: number, readonly parked: number, readonly lagMs: number | null }> | null, readonly flows: ReadonlyArray<{ readonly eventType: string, readonly producers: ReadonlyArray<string>, readonly subscription: string, readonly delivered: number, readonly failed: number }> } | null };

export type PlatformChangedSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type PlatformChangedSubscription = { readonly platformChanged: { readonly at: string, readonly startedAt: string, readonly components: ReadonlyArray<{ readonly name: string, readonly state: ComponentState, readonly generation: number, readonly since: string, readonly digest: string, readonly instances: number, readonly memoryBytes: number, readonly callsNow: number, readonly callsMax: number, readonly calls: number, readonly failures: number, readonly publishes: ReadonlyArray<string>, readonly callees: ReadonlyArray<string>, readonly latency: { readonly p50Ms: number, readonly p95Ms: number, readonly p99Ms: number } | null }>, readonly subscriptions: ReadonlyArray<{ readonly name: string, readonly component: string, readonly events: ReadonlyArray<string>, readonly waiting: number, readonly inFlight: number, readonly deadLetters: number, readonly parked: number, readonly lagMs: number | null }> | null, readonly flows: ReadonlyArray<{ readonly eventType: string, readonly producers: ReadonlyArray<string>, readonly subscription: string, readonly delivered: number, readonly failed: number }> } };

export type CalendarQueryVariables = Exact<{
  from: string;
  to: string;
}>;


export type CalendarQuery = { readonly calendar: ReadonlyArray<{ readonly date: string, readonly entries: number, readonly words: number, readonly moods: ReadonlyArray<{ readonly mood: Mood, readonly count: number }> }> | null };

export type OnThisDayQueryVariables = Exact<{
  date?: string | null | undefined;
}>;


export type OnThisDayQuery = { readonly onThisDay: ReadonlyArray<{ readonly id: string, readonly title: string, readonly content: string, readonly mood: Mood | null, readonly createdAt: string, readonly updatedAt: string, readonly entryDate: string, readonly entryTime: string | null, readonly version: number, readonly wordCount: number, readonly private: boolean, readonly draft: boolean, readonly publishedAt: string | null, readonly pinned: boolean, readonly favourite: boolean, readonly tags: ReadonlyArray<{ readonly id: string, readonly name: string }>, readonly journal: { readonly id: string, readonly name: string } | null, readonly place: { readonly name: string | null, readonly latitude: number | null, readonly longitude: number | null } | null, readonly attachments: ReadonlyArray<{ readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string }> | null }> | null };

export type WritingStatsQueryVariables = Exact<{
  days: number;
}>;


export type WritingStatsQuery = { readonly writingStats: { readonly entries: number, readonly words: number, readonly currentStreakDays: number, readonly longestStreakDays: number, readonly byHour: ReadonlyArray<number>, readonly byWeekday: ReadonlyArray<number> } | null };

export type MediaFieldsFragment = { readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string };

export type EntryFieldsFragment = { readonly id: string, readonly title: string, readonly content: string, readonly mood: Mood | null, readonly createdAt: string, readonly updatedAt: string, readonly entryDate: string, readonly entryTime: string | null, readonly version: number, readonly wordCount: number, readonly private: boolean, readonly draft: boolean, readonly publishedAt: string | null, readonly pinned: boolean, readonly favourite: boolean, readonly tags: ReadonlyArray<{ readonly id: string, readonly name: string }>, readonly journal: { readonly id: string, readonly name: string } | null, readonly place: { readonly name: string | null, readonly latitude: number | null, readonly longitude: number | null } | null, readonly attachments: ReadonlyArray<{ readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string }> | null };

export type AnalysisFieldsFragment = { readonly status: AnalysisStatus, readonly sentiment: number | null, readonly themes: ReadonlyArray<string>, readonly model: string | null, readonly completedAt: string | null, readonly insights: ReadonlyArray<{ readonly id: string, readonly text: string, readonly kind: string, readonly createdAt: string, readonly quotes: ReadonlyArray<{ readonly text: string, readonly start: number, readonly end: number }> }> };

export type EntriesQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  filter?: JournalFilter | null | undefined;
}>;


export type EntriesQuery = { readonly journalEntries: { readonly totalCount: number, readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly id: string, readonly title: string, readonly content: string, readonly mood: Mood | null, readonly createdAt: string, readonly updatedAt: string, readonly entryDate: string, readonly entryTime: string | null, readonly version: number, readonly wordCount: number, readonly private: boolean, readonly draft: boolean, readonly publishedAt: string | null, readonly pinned: boolean, readonly favourite: boolean, readonly tags: ReadonlyArray<{ readonly id: string, readonly name: string }>, readonly journal: { readonly id: string, readonly name: string } | null, readonly place: { readonly name: string | null, readonly latitude: number | null, readonly longitude: number | null } | null, readonly attachments: ReadonlyArray<{ readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string }> | null } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } | null };

export type EntryQueryVariables = Exact<{
  id: string;
}>;


export type EntryQuery = { readonly journalEntry: { readonly id: string, readonly title: string, readonly content: string, readonly mood: Mood | null, readonly createdAt: string, readonly updatedAt: string, readonly entryDate: string, readonly entryTime: string | null, readonly version: number, readonly wordCount: number, readonly private: boolean, readonly draft: boolean, readonly publishedAt: string | null, readonly pinned: boolean, readonly favourite: boolean, readonly analysis: { readonly status: AnalysisStatus, readonly sentiment: number | null, readonly themes: ReadonlyArray<string>, readonly model: string | null, readonly completedAt: string | null, readonly insights: ReadonlyArray<{ readonly id: string, readonly text: string, readonly kind: string, readonly createdAt: string, readonly quotes: ReadonlyArray<{ readonly text: string, readonly start: number, readonly end: number }> }> } | null, readonly tags: ReadonlyArray<{ readonly id: string, readonly name: string }>, readonly journal: { readonly id: string, readonly name: string } | null, readonly place: { readonly name: string | null, readonly latitude: number | null, readonly longitude: number | null } | null, readonly attachments: ReadonlyArray<{ readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string }> | null } | null };

export type DraftsQueryVariables = Exact<{
  first: number;
}>;


export type DraftsQuery = { readonly drafts: { readonly totalCount: number, readonly edges: ReadonlyArray<{ readonly node: { readonly id: string, readonly title: string, readonly content: string, readonly mood: Mood | null, readonly createdAt: string, readonly updatedAt: string, readonly entryDate: string, readonly entryTime: string | null, readonly version: number, readonly wordCount: number, readonly private: boolean, readonly draft: boolean, readonly publishedAt: string | null, readonly pinned: boolean, readonly favourite: boolean, readonly tags: ReadonlyArray<{ readonly id: string, readonly name: string }>, readonly journal: { readonly id: string, readonly name: string } | null, readonly place: { readonly name: string | null, readonly latitude: number | null, readonly longitude: number | null } | null, readonly attachments: ReadonlyArray<{ readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string }> | null } }> } | null };

export type TagsQueryVariables = Exact<{ [key: string]: never; }>;


export type TagsQuery = { readonly tags: ReadonlyArray<{ readonly id: string, readonly name: string, readonly entryCount: number | null }> | null };

export type JournalsQueryVariables = Exact<{ [key: string]: never; }>;


export type JournalsQuery = { readonly journals: ReadonlyArray<{ readonly id: string, readonly name: string, readonly isDefault: boolean, readonly entryCount: number | null }> | null };

export type CreateEntryMutationVariables = Exact<{
  input: CreateJournalEntryInput;
}>;


export type CreateEntryMutation = { readonly createJournalEntry: { readonly id: string, readonly title: string, readonly content: string, readonly mood: Mood | null, readonly createdAt: string, readonly updatedAt: string, readonly entryDate: string, readonly entryTime: string | null, readonly version: number, readonly wordCount: number, readonly private: boolean, readonly draft: boolean, readonly publishedAt: string | null, readonly pinned: boolean, readonly favourite: boolean, readonly tags: ReadonlyArray<{ readonly id: string, readonly name: string }>, readonly journal: { readonly id: string, readonly name: string } | null, readonly place: { readonly name: string | null, readonly latitude: number | null, readonly longitude: number | null } | null, readonly attachments: ReadonlyArray<{ readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string }> | null } | null };

export type UpdateEntryMutationVariables = Exact<{
  input: UpdateJournalEntryInput;
}>;


export type UpdateEntryMutation = { readonly updateJournalEntry: { readonly id: string, readonly title: string, readonly content: string, readonly mood: Mood | null, readonly createdAt: string, readonly updatedAt: string, readonly entryDate: string, readonly entryTime: string | null, readonly version: number, readonly wordCount: number, readonly private: boolean, readonly draft: boolean, readonly publishedAt: string | null, readonly pinned: boolean, readonly favourite: boolean, readonly tags: ReadonlyArray<{ readonly id: string, readonly name: string }>, readonly journal: { readonly id: string, readonly name: string } | null, readonly place: { readonly name: string | null, readonly latitude: number | null, readonly longitude: number | null } | null, readonly attachments: ReadonlyArray<{ readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string }> | null } | null };

export type PublishEntryMutationVariables = Exact<{
  id: string;
}>;


export type PublishEntryMutation = { readonly publishJournalEntry: { readonly id: string, readonly title: string, readonly content: string, readonly mood: Mood | null, readonly createdAt: string, readonly updatedAt: string, readonly entryDate: string, readonly entryTime: string | null, readonly version: number, readonly wordCount: number, readonly private: boolean, readonly draft: boolean, readonly publishedAt: string | null, readonly pinned: boolean, readonly favourite: boolean, readonly tags: ReadonlyArray<{ readonly id: string, readonly name: string }>, readonly journal: { readonly id: string, readonly name: string } | null, readonly place: { readonly name: string | null, readonly latitude: number | null, readonly longitude: number | null } | null, readonly attachments: ReadonlyArray<{ readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string }> | null } | null };

export type DeleteEntryMutationVariables = Exact<{
  id: string;
}>;


export type DeleteEntryMutation = { readonly deleteJournalEntry: boolean | null };

export type RestoreEntryMutationVariables = Exact<{
  id: string;
}>;


export type RestoreEntryMutation = { readonly restoreJournalEntry: { readonly id: string, readonly title: string, readonly content: string, readonly mood: Mood | null, readonly createdAt: string, readonly updatedAt: string, readonly entryDate: string, readonly entryTime: string | null, readonly version: number, readonly wordCount: number, readonly private: boolean, readonly draft: boolean, readonly publishedAt: string | null, readonly pinned: boolean, readonly favourite: boolean, readonly tags: ReadonlyArray<{ readonly id: string, readonly name: string }>, readonly journal: { readonly id: string, readonly name: string } | null, readonly place: { readonly name: string | null, readonly latitude: number | null, readonly longitude: number | null } | null, readonly attachments: ReadonlyArray<{ readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string }> | null } | null };

export type EntryChangedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type EntryChangedSubscription = { readonly entryChanged: { readonly kind: ChangeKind, readonly entryId: string, readonly cursor: string, readonly entry: { readonly id: string, readonly title: string, readonly content: string, readonly mood: Mood | null, readonly createdAt: string, readonly updatedAt: string, readonly entryDate: string, readonly entryTime: string | null, readonly version: number, readonly wordCount: number, readonly private: boolean, readonly draft: boolean, readonly publishedAt: string | null, readonly pinned: boolean, readonly favourite: boolean, readonly tags: ReadonlyArray<{ readonly id: string, readonly name: string }>, readonly journal: { readonly id: string, readonly name: string } | null, readonly place: { readonly name: string | null, readonly latitude: number | null, readonly longitude: number | null } | null, readonly attachments: ReadonlyArray<{ readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string }> | null } | null } };

export type EntryAnalyzedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type EntryAnalyzedSubscription = { readonly entryAnalyzed: { readonly id: string, readonly title: string } };

export type EntryVersionsQueryVariables = Exact<{
  id: string;
  first: number;
  after?: string | null | undefined;
}>;


export type EntryVersionsQuery = { readonly entryVersions: { readonly totalCount: number, readonly edges: ReadonlyArray<{ readonly node: { readonly version: number, readonly title: string, readonly content: string, readonly mood: Mood | null, readonly tags: ReadonlyArray<string>, readonly entryDate: string, readonly entryTime: string | null, readonly wordCount: number, readonly savedAt: string, readonly place: { readonly name: string | null, readonly latitude: number | null, readonly longitude: number | null } | null } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } | null };

export type RestoreEntryVersionMutationVariables = Exact<{
  id: string;
  version: number;
  expectedVersion?: number | null | undefined;
}>;


export type RestoreEntryVersionMutation = { readonly restoreEntryVersion: { readonly id: string, readonly title: string, readonly content: string, readonly mood: Mood | null, readonly createdAt: string, readonly updatedAt: string, readonly entryDate: string, readonly entryTime: string | null, readonly version: number, readonly wordCount: number, readonly private: boolean, readonly draft: boolean, readonly publishedAt: string | null, readonly pinned: boolean, readonly favourite: boolean, readonly tags: ReadonlyArray<{ readonly id: string, readonly name: string }>, readonly journal: { readonly id: string, readonly name: string } | null, readonly place: { readonly name: string | null, readonly latitude: number | null, readonly longitude: number | null } | null, readonly attachments: ReadonlyArray<{ readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string }> | null } | null };

export type DeletedEntriesQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type DeletedEntriesQuery = { readonly deletedEntries: { readonly totalCount: number, readonly edges: ReadonlyArray<{ readonly node: { readonly deletedAt: string, readonly purgeAt: string, readonly entry: { readonly id: string, readonly title: string, readonly content: string, readonly mood: Mood | null, readonly createdAt: string, readonly updatedAt: string, readonly entryDate: string, readonly entryTime: string | null, readonly version: number, readonly wordCount: number, readonly private: boolean, readonly draft: boolean, readonly publishedAt: string | null, readonly pinned: boolean, readonly favourite: boolean, readonly tags: ReadonlyArray<{ readonly id: string, readonly name: string }>, readonly journal: { readonly id: string, readonly name: string } | null, readonly place: { readonly name: string | null, readonly latitude: number | null, readonly longitude: number | null } | null, readonly attachments: ReadonlyArray<{ readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string }> | null } } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } | null };

export type PurgeEntryMutationVariables = Exact<{
  id: string;
}>;


export type PurgeEntryMutation = { readonly purgeJournalEntry: { readonly erasureId: string } | null };

export type RelatedEntriesQueryVariables = Exact<{
  id: string;
  limit: number;
}>;


export type RelatedEntriesQuery = { readonly relatedEntries: ReadonlyArray<{ readonly score: number, readonly entry: { readonly id: string, readonly title: string, readonly entryDate: string, readonly mood: Mood | null } }> | null };

export type InsightsQueryVariables = Exact<{
  days: number;
  granularity: Granularity;
}>;


export type InsightsQuery = { readonly moodTrends: ReadonlyArray<{ readonly date: string, readonly mood: Mood, readonly count: number, readonly averageSentiment: number | null }> | null, readonly sentimentTrend: ReadonlyArray<{ readonly period: string, readonly average: number, readonly entries: number }> | null, readonly writingStats: { readonly entries: number, readonly words: number, readonly currentStreakDays: number, readonly longestStreakDays: number, readonly byHour: ReadonlyArray<number>, readonly byWeekday: ReadonlyArray<number> } | null };

export type LatestInsightsQueryVariables = Exact<{
  limit: number;
}>;


export type LatestInsightsQuery = { readonly insights: ReadonlyArray<{ readonly id: string, readonly entryId: string, readonly kind: string, readonly text: string, readonly createdAt: string }> | null };

export type ReanalyzeEntryMutationVariables = Exact<{
  id: string;
}>;


export type ReanalyzeEntryMutation = { readonly reanalyzeEntry: { readonly id: string, readonly analysis: { readonly status: AnalysisStatus, readonly sentiment: number | null, readonly themes: ReadonlyArray<string>, readonly model: string | null, readonly completedAt: string | null, readonly insights: ReadonlyArray<{ readonly id: string, readonly text: string, readonly kind: string, readonly createdAt: string, readonly quotes: ReadonlyArray<{ readonly text: string, readonly start: number, readonly end: number }> }> } | null } | null };

export type MediaPageQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  kind?: MediaKind | null | undefined;
}>;


export type MediaPageQuery = { readonly media: { readonly totalCount: number, readonly totalBytes: number, readonly edges: ReadonlyArray<{ readonly node: { readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } | null };

export type MediaRoomQueryVariables = Exact<{ [key: string]: never; }>;


export type MediaRoomQuery = { readonly me: { readonly id: string, readonly storage: { readonly mediaBytes: { readonly used: number, readonly limit: number } | null } | null } };

export type MediaByIdQueryVariables = Exact<{
  id: string;
}>;


export type MediaByIdQuery = { readonly node:
    | { readonly __typename: 'JournalEntry' }
    | { readonly __typename: 'Media', readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string }
    | { readonly __typename: 'Tag' }
    | { readonly __typename: 'User' }
    | { readonly __typename: 'Webhook' }
   | null };

export type DeleteMediaMutationVariables = Exact<{
  id: string;
}>;


export type DeleteMediaMutation = { readonly deleteMedia: boolean | null };

export type TemplateFieldsFragment = { readonly id: string, readonly name: string, readonly title: string, readonly content: string, readonly tags: ReadonlyArray<string>, readonly journalId: string | null, readonly updatedAt: string };

export type CreateJournalMutationVariables = Exact<{
  name: string;
}>;


export type CreateJournalMutation = { readonly createJournal: { readonly id: string } | null };

export type RenameJournalMutationVariables = Exact<{
  id: string;
  name: string;
}>;


export type RenameJournalMutation = { readonly renameJournal: { readonly id: string } | null };

export type DeleteJournalMutationVariables = Exact<{
  id: string;
}>;


export type DeleteJournalMutation = { readonly deleteJournal: boolean | null };

export type RenameTagMutationVariables = Exact<{
  id: string;
  name: string;
}>;


export type RenameTagMutation = { readonly renameTag: { readonly id: string, readonly name: string } | null };

export type MergeTagsMutationVariables = Exact<{
  ids: ReadonlyArray<string> | string;
  into: string;
}>;


export type MergeTagsMutation = { readonly mergeTags: { readonly id: string, readonly name: string } | null };

export type DeleteTagMutationVariables = Exact<{
  id: string;
}>;


export type DeleteTagMutation = { readonly deleteTag: boolean | null };

export type TemplatesQueryVariables = Exact<{ [key: string]: never; }>;


export type TemplatesQuery = { readonly templates: ReadonlyArray<{ readonly id: string, readonly name: string, readonly title: string, readonly content: string, readonly tags: ReadonlyArray<string>, readonly journalId: string | null, readonly updatedAt: string }> | null };

export type CreateTemplateMutationVariables = Exact<{
  input: EntryTemplateInput;
}>;


export type CreateTemplateMutation = { readonly createTemplate: { readonly id: string } | null };

export type UpdateTemplateMutationVariables = Exact<{
  id: string;
  input: EntryTemplateInput;
}>;


export type UpdateTemplateMutation = { readonly updateTemplate: { readonly id: string } | null };

export type DeleteTemplateMutationVariables = Exact<{
  id: string;
}>;


export type DeleteTemplateMutation = { readonly deleteTemplate: boolean | null };

export type PromptsQueryVariables = Exact<{
  first: number;
}>;


export type PromptsQuery = { readonly prompts: ReadonlyArray<{ readonly id: string, readonly text: string, readonly theme: string }> | null };

export type SearchQueryVariables = Exact<{
  query: string;
  mode: SearchMode;
  limit: number;
  after?: string | null | undefined;
}>;


export type SearchQuery = { readonly search: { readonly totalCount: number, readonly tookMs: number, readonly hits: ReadonlyArray<{ readonly score: number, readonly highlights: ReadonlyArray<string>, readonly entry: { readonly id: string, readonly title: string, readonly content: string, readonly mood: Mood | null, readonly createdAt: string, readonly updatedAt: string, readonly entryDate: string, readonly entryTime: string | null, readonly version: number, readonly wordCount: number, readonly private: boolean, readonly draft: boolean, readonly publishedAt: string | null, readonly pinned: boolean, readonly favourite: boolean, readonly tags: ReadonlyArray<{ readonly id: string, readonly name: string }>, readonly journal: { readonly id: string, readonly name: string } | null, readonly place: { readonly name: string | null, readonly latitude: number | null, readonly longitude: number | null } | null, readonly attachments: ReadonlyArray<{ readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string }> | null } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } | null };

export type NotificationSettingsQueryVariables = Exact<{ [key: string]: never; }>;


export type NotificationSettingsQuery = { readonly notificationPreferences: { readonly email: boolean, readonly push: boolean, readonly webhooks: boolean, readonly quietHoursStart: number | null, readonly quietHoursEnd: number | null } | null, readonly reminders: ReadonlyArray<{ readonly id: string, readonly active: boolean, readonly channel: ReminderChannel, readonly time: string, readonly weekdays: ReadonlyArray<Weekday> }> | null };

export type PreferenceFieldsFragment = { readonly email: boolean, readonly push: boolean, readonly webhooks: boolean, readonly quietHoursStart: number | null, readonly quietHoursEnd: number | null };

export type ReminderFieldsFragment = { readonly id: string, readonly active: boolean, readonly channel: ReminderChannel, readonly time: string, readonly weekdays: ReadonlyArray<Weekday> };

export type SaveChannelsMutationVariables = Exact<{
  email?: boolean | null | undefined;
  push?: boolean | null | undefined;
  webhooks?: boolean | null | undefined;
}>;


export type SaveChannelsMutation = { readonly updateNotificationPreferences: { readonly email: boolean, readonly push: boolean, readonly webhooks: boolean, readonly quietHoursStart: number | null, readonly quietHoursEnd: number | null } | null };

export type SaveQuietHoursMutationVariables = Exact<{
  start?: number | null | undefined;
  end?: number | null | undefined;
}>;


export type SaveQuietHoursMutation = { readonly updateNotificationPreferences: { readonly email: boolean, readonly push: boolean, readonly webhooks: boolean, readonly quietHoursStart: number | null, readonly quietHoursEnd: number | null } | null };

export type PushKeyQueryVariables = Exact<{ [key: string]: never; }>;


export type PushKeyQuery = { readonly pushPublicKey: string | null };

export type RegisterPushMutationVariables = Exact<{
  endpoint: string;
  p256dh: string;
  auth: string;
}>;


export type RegisterPushMutation = { readonly registerPushSubscription: boolean | null };

export type UnregisterPushMutationVariables = Exact<{
  endpoint: string;
}>;


export type UnregisterPushMutation = { readonly unregisterPushSubscription: boolean | null };

export type CreateReminderMutationVariables = Exact<{
  input: ReminderInput;
}>;


export type CreateReminderMutation = { readonly createReminder: { readonly id: string, readonly active: boolean, readonly channel: ReminderChannel, readonly time: string, readonly weekdays: ReadonlyArray<Weekday> } | null };

export type UpdateReminderMutationVariables = Exact<{
  id: string;
  input: ReminderInput;
}>;


export type UpdateReminderMutation = { readonly updateReminder: { readonly id: string, readonly active: boolean, readonly channel: ReminderChannel, readonly time: string, readonly weekdays: ReadonlyArray<Weekday> } | null };

export type DeleteReminderMutationVariables = Exact<{
  id: string;
}>;


export type DeleteReminderMutation = { readonly deleteReminder: boolean | null };

export type WebhookFieldsFragment = { readonly id: string, readonly url: string, readonly events: ReadonlyArray<string>, readonly active: boolean, readonly state: WebhookState, readonly failures: number, readonly createdAt: string, readonly disabledAt: string | null, readonly disabledReason: string | null, readonly disabledCause: WebhookDisabledCause | null };

export type WebhooksQueryVariables = Exact<{ [key: string]: never; }>;


export type WebhooksQuery = { readonly webhooks: ReadonlyArray<{ readonly id: string, readonly url: string, readonly events: ReadonlyArray<string>, readonly active: boolean, readonly state: WebhookState, readonly failures: number, readonly createdAt: string, readonly disabledAt: string | null, readonly disabledReason: string | null, readonly disabledCause: WebhookDisabledCause | null }> | null };

export type CreateWebhookMutationVariables = Exact<{
  url: string;
  events: ReadonlyArray<string> | string;
}>;


export type CreateWebhookMutation = { readonly createWebhook: { readonly secret: string | null, readonly id: string, readonly url: string, readonly events: ReadonlyArray<string>, readonly active: boolean, readonly state: WebhookState, readonly failures: number, readonly createdAt: string, readonly disabledAt: string | null, readonly disabledReason: string | null, readonly disabledCause: WebhookDisabledCause | null } | null };

export type EnableWebhookMutationVariables = Exact<{
  id: string;
}>;


export type EnableWebhookMutation = { readonly enableWebhook: { readonly id: string, readonly url: string, readonly events: ReadonlyArray<string>, readonly active: boolean, readonly state: WebhookState, readonly failures: number, readonly createdAt: string, readonly disabledAt: string | null, readonly disabledReason: string | null, readonly disabledCause: WebhookDisabledCause | null } | null };

export type DeleteWebhookMutationVariables = Exact<{
  id: string;
}>;


export type DeleteWebhookMutation = { readonly deleteWebhook: boolean | null };

export type SessionsQueryVariables = Exact<{ [key: string]: never; }>;


export type SessionsQuery = { readonly sessions: ReadonlyArray<{ readonly id: string, readonly browser: string | null, readonly platform: string | null, readonly userAgent: string | null, readonly createdAt: string, readonly lastUsedAt: string, readonly current: boolean }> | null };

export type EndSessionMutationVariables = Exact<{
  id: string;
}>;


export type EndSessionMutation = { readonly endSession: boolean | null };

export type EndOtherSessionsMutationVariables = Exact<{ [key: string]: never; }>;


export type EndOtherSessionsMutation = { readonly endOtherSessions: number | null };

export type ChangePasswordMutationVariables = Exact<{
  input: ChangePasswordInput;
}>;


export type ChangePasswordMutation = { readonly changePassword: boolean | null };

export type RequestEmailChangeMutationVariables = Exact<{
  newEmail: string;
  password: string;
}>;


export type RequestEmailChangeMutation = { readonly requestEmailChange: boolean | null };

export type BeginTotpMutationVariables = Exact<{
  password: string;
}>;


export type BeginTotpMutation = { readonly beginTotp: { readonly secret: string, readonly uri: string } | null };

export type ConfirmTotpMutationVariables = Exact<{
  code: string;
}>;


export type ConfirmTotpMutation = { readonly confirmTotp: { readonly recoveryCodes: ReadonlyArray<string> } | null };

export type DisableTotpMutationVariables = Exact<{
  password: string;
  code: string;
}>;


export type DisableTotpMutation = { readonly disableTotp: boolean | null };

export type RegenerateRecoveryCodesMutationVariables = Exact<{
  password: string;
  code: string;
}>;


export type RegenerateRecoveryCodesMutation = { readonly regenerateRecoveryCodes: { readonly recoveryCodes: ReadonlyArray<string> } | null };

export type AiLedgerQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type AiLedgerQuery = { readonly aiLedger: { readonly edges: ReadonlyArray<{ readonly node: { readonly id: string, readonly at: string, readonly purpose: DisclosurePurpose, readonly host: string, readonly model: string | null, readonly bytes: number, readonly entryId: string | null, readonly entryVersion: number | null } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } | null };

export type ExportFieldsFragment = { readonly id: string, readonly format: ExportFormat, readonly status: JobStatus, readonly createdAt: string, readonly completedAt: string | null, readonly entriesDone: number, readonly entriesTotal: number, readonly mediaDone: number, readonly mediaTotal: number, readonly bytes: number, readonly url: string | null, readonly expiresAt: string | null, readonly error: string | null, readonly failure: { readonly reason: JobFailureReason, readonly files: ReadonlyArray<string>, readonly max: number | null } | null };

export type ImportFieldsFragment = { readonly id: string, readonly format: ImportFormat | null, readonly dryRun: boolean, readonly status: JobStatus, readonly createdAt: string, readonly completedAt: string | null, readonly recordsDone: number, readonly recordsTotal: number, readonly error: string | null, readonly failure: { readonly reason: JobFailureReason, readonly files: ReadonlyArray<string>, readonly max: number | null } | null, readonly report: { readonly entries: number, readonly duplicates: number, readonly skipped: number, readonly media: number, readonly missingMedia: number, readonly moods: number, readonly journals: number, readonly tags: number, readonly problemsTotal: number, readonly problems: ReadonlyArray<{ readonly record: string, readonly field: string | null, readonly rule: string, readonly params: unknown, readonly message: string }> } };

export type ExportsQueryVariables = Exact<{ [key: string]: never; }>;


export type ExportsQuery = { readonly exports: ReadonlyArray<{ readonly id: string, readonly format: ExportFormat, readonly status: JobStatus, readonly createdAt: string, readonly completedAt: string | null, readonly entriesDone: number, readonly entriesTotal: number, readonly mediaDone: number, readonly mediaTotal: number, readonly bytes: number, readonly url: string | null, readonly expiresAt: string | null, readonly error: string | null, readonly failure: { readonly reason: JobFailureReason, readonly files: ReadonlyArray<string>, readonly max: number | null } | null }> | null };

export type ImportsQueryVariables = Exact<{ [key: string]: never; }>;


export type ImportsQuery = { readonly imports: ReadonlyArray<{ readonly id: string, readonly format: ImportFormat | null, readonly dryRun: boolean, readonly status: JobStatus, readonly createdAt: string, readonly completedAt: string | null, readonly recordsDone: number, readonly recordsTotal: number, readonly error: string | null, readonly failure: { readonly reason: JobFailureReason, readonly files: ReadonlyArray<string>, readonly max: number | null } | null, readonly report: { readonly entries: number, readonly duplicates: number, readonly skipped: number, readonly media: number, readonly missingMedia: number, readonly moods: number, readonly journals: number, readonly tags: number, readonly problemsTotal: number, readonly problems: ReadonlyArray<{ readonly record: string, readonly field: string | null, readonly rule: string, readonly params: unknown, readonly message: string }> } }> | null };

export type RequestExportMutationVariables = Exact<{
  format?: ExportFormat | null | undefined;
}>;


export type RequestExportMutation = { readonly requestExport: { readonly id: string, readonly format: ExportFormat, readonly status: JobStatus, readonly createdAt: string, readonly completedAt: string | null, readonly entriesDone: number, readonly entriesTotal: number, readonly mediaDone: number, readonly mediaTotal: number, readonly bytes: number, readonly url: string | null, readonly expiresAt: string | null, readonly error: string | null, readonly failure: { readonly reason: JobFailureReason, readonly files: ReadonlyArray<string>, readonly max: number | null } | null } | null };

export type CancelExportMutationVariables = Exact<{
  id: string;
}>;


export type CancelExportMutation = { readonly cancelExport: boolean | null };

export type BeginImportMutationVariables = Exact<{
  input: ImportInput;
}>;


export type BeginImportMutation = { readonly beginImport: { readonly id: string, readonly format: ImportFormat | null, readonly dryRun: boolean, readonly status: JobStatus, readonly createdAt: string, readonly completedAt: string | null, readonly recordsDone: number, readonly recordsTotal: number, readonly error: string | null, readonly failure: { readonly reason: JobFailureReason, readonly files: ReadonlyArray<string>, readonly max: number | null } | null, readonly report: { readonly entries: number, readonly duplicates: number, readonly skipped: number, readonly media: number, readonly missingMedia: number, readonly moods: number, readonly journals: number, readonly tags: number, readonly problemsTotal: number, readonly problems: ReadonlyArray<{ readonly record: string, readonly field: string | null, readonly rule: string, readonly params: unknown, readonly message: string }> } } | null };

export type CancelImportMutationVariables = Exact<{
  id: string;
}>;


export type CancelImportMutation = { readonly cancelImport: boolean | null };

export type DeleteAccountMutationVariables = Exact<{
  password: string;
}>;


export type DeleteAccountMutation = { readonly deleteAccount: { readonly dueAt: string, readonly erasureId: string } | null };

export type KeepAccountMutationVariables = Exact<{ [key: string]: never; }>;


export type KeepAccountMutation = { readonly cancelAccountDeletion: boolean | null };

export type ErasureReceiptQueryVariables = Exact<{
  id: string;
}>;


export type ErasureReceiptQuery = { readonly erasureReceipt: { readonly id: string, readonly requestedAt: string, readonly dueAt: string, readonly keysDestroyedAt: string | null, readonly completedAt: string | null, readonly remains: ReadonlyArray<string>, readonly waiting: ReadonlyArray<string>, readonly signed: string | null, readonly erased: ReadonlyArray<{ readonly service: string, readonly store: string, readonly count: number }> } | null };

export type StorageQueryVariables = Exact<{ [key: string]: never; }>;


export type StorageQuery = { readonly me: { readonly id: string, readonly storage: { readonly mediaBytes: { readonly used: number, readonly limit: number } | null, readonly tags: { readonly used: number, readonly limit: number } | null, readonly webhooks: { readonly used: number, readonly limit: number } | null, readonly sessions: { readonly used: number, readonly limit: number } | null } | null } };

export type UpdateProfileMutationVariables = Exact<{
  displayName?: string | null | undefined;
  timezone?: string | null | undefined;
  aiConsent?: boolean | null | undefined;
}>;


export type UpdateProfileMutation = { readonly updateProfile: { readonly id: string, readonly email: string, readonly displayName: string, readonly roles: ReadonlyArray<Role>, readonly createdAt: string, readonly timezone: string, readonly emailConfirmed: boolean | null, readonly secondFactor: boolean | null, readonly deletionDueAt: string | null, readonly aiConsent: boolean | null, readonly aiConsentAt: string | null } | null };

export type ChangesSinceQueryVariables = Exact<{
  cursor?: string | null | undefined;
  first: number;
}>;


export type ChangesSinceQuery = { readonly changesSince: { readonly cursor: string, readonly hasMore: boolean, readonly changes: ReadonlyArray<{ readonly kind: SyncKind, readonly id: string, readonly deleted: boolean, readonly entry: { readonly id: string, readonly title: string, readonly content: string, readonly mood: Mood | null, readonly createdAt: string, readonly updatedAt: string, readonly entryDate: string, readonly entryTime: string | null, readonly version: number, readonly wordCount: number, readonly private: boolean, readonly draft: boolean, readonly publishedAt: string | null, readonly pinned: boolean, readonly favourite: boolean, readonly tags: ReadonlyArray<{ readonly id: string, readonly name: string }>, readonly journal: { readonly id: string, readonly name: string } | null, readonly place: { readonly name: string | null, readonly latitude: number | null, readonly longitude: number | null } | null, readonly attachments: ReadonlyArray<{ readonly id: string, readonly kind: MediaKind, readonly fileName: string, readonly contentType: string, readonly bytes: number, readonly width: number | null, readonly height: number | null, readonly durationMs: number | null, readonly url: string, readonly thumbnailUrl: string | null, readonly reference: string, readonly createdAt: string }> | null } | null }> } | null };

export const DayFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DayFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"DayCount"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"date"}},{"kind":"Field","name":{"kind":"Name","value":"count"}}]}}]} as unknown as DocumentNode<DayFieldsFragment, unknown>;
export const PlatformFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"PlatformFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Platform"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"components"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"generation"}},{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"digest"}},{"kind":"Field","name":{"kind":"Name","value":"instances"}},{"kind":"Field","name":{"kind":"Name","value":"memoryBytes"}},{"kind":"Field","name":{"kind":"Name","value":"callsNow"}},{"kind":"Field","name":{"kind":"Name","value":"callsMax"}},{"kind":"Field","name":{"kind":"Name","value":"calls"}},{"kind":"Field","name":{"kind":"Name","value":"failures"}},{"kind":"Field","name":{"kind":"Name","value":"latency"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"p50Ms"}},{"kind":"Field","name":{"kind":"Name","value":"p95Ms"}},{"kind":"Field","name":{"kind":"Name","value":"p99Ms"}}]}},{"kind":"Field","name":{"kind":"Name","value":"publishes"}},{"kind":"Field","name":{"kind":"Name","value":"callees"}}]}},{"kind":"Field","name":{"kind":"Name","value":"subscriptions"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"component"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"waiting"}},{"kind":"Field","name":{"kind":"Name","value":"inFlight"}},{"kind":"Field","name":{"kind":"Name","value":"deadLetters"}},{"kind":"Field","name":{"kind":"Name","value":"parked"}},{"kind":"Field","name":{"kind":"Name","value":"lagMs"}}]}},{"kind":"Field","name":{"kind":"Name","value":"flows"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"producers"}},{"kind":"Field","name":{"kind":"Name","value":"subscription"}},{"kind":"Field","name":{"kind":"Name","value":"delivered"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}}]}}]}}]} as unknown as DocumentNode<PlatformFieldsFragment, unknown>;
export const PreferenceFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"PreferenceFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"NotificationPreferences"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"push"}},{"kind":"Field","name":{"kind":"Name","value":"webhooks"}},{"kind":"Field","name":{"kind":"Name","value":"quietHoursStart"}},{"kind":"Field","name":{"kind":"Name","value":"quietHoursEnd"}}]}}]} as unknown as DocumentNode<PreferenceFieldsFragment, unknown>;
export const ReminderFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ReminderFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Reminder"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"active"}},{"kind":"Field","name":{"kind":"Name","value":"channel"}},{"kind":"Field","name":{"kind":"Name","value":"time"}},{"kind":"Field","name":{"kind":"Name","value":"weekdays"}}]}}]} as unknown as DocumentNode<ReminderFieldsFragment, unknown>;
export const WebhookFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"WebhookFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Webhook"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"active"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"failures"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"disabledAt"}},{"kind":"Field","name":{"kind":"Name","value":"disabledReason"}},{"kind":"Field","name":{"kind":"Name","value":"disabledCause"}}]}}]} as unknown as DocumentNode<WebhookFieldsFragment, unknown>;
export const ExportFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ExportFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ExportJob"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"format"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"entriesDone"}},{"kind":"Field","name":{"kind":"Name","value":"entriesTotal"}},{"kind":"Field","name":{"kind":"Name","value":"mediaDone"}},{"kind":"Field","name":{"kind":"Name","value":"mediaTotal"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"error"}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"files"}},{"kind":"Field","name":{"kind":"Name","value":"max"}}]}}]}}]} as unknown as DocumentNode<ExportFieldsFragment, unknown>;
export const ImportFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ImportFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ImportJob"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"format"}},{"kind":"Field","name":{"kind":"Name","value":"dryRun"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"recordsDone"}},{"kind":"Field","name":{"kind":"Name","value":"recordsTotal"}},{"kind":"Field","name":{"kind":"Name","value":"error"}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"files"}},{"kind":"Field","name":{"kind":"Name","value":"max"}}]}},{"kind":"Field","name":{"kind":"Name","value":"report"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"entries"}},{"kind":"Field","name":{"kind":"Name","value":"duplicates"}},{"kind":"Field","name":{"kind":"Name","value":"skipped"}},{"kind":"Field","name":{"kind":"Name","value":"media"}},{"kind":"Field","name":{"kind":"Name","value":"missingMedia"}},{"kind":"Field","name":{"kind":"Name","value":"moods"}},{"kind":"Field","name":{"kind":"Name","value":"journals"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"problemsTotal"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"record"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"rule"}},{"kind":"Field","name":{"kind":"Name","value":"params"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<ImportFieldsFragment, unknown>;
export const UsersDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Users"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"search"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"users"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}},{"kind":"Argument","name":{"kind":"Name","value":"search"},"value":{"kind":"Variable","name":{"kind":"Name","value":"search"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"roles"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"timezone"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"totalCount"}}]}}]}}]} as unknown as DocumentNode<UsersQuery, UsersQueryVariables>;
export const SetUserRolesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SetUserRoles"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"userId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"roles"}},"type":{"kind":"NonNullType","type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Role"}}}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"setUserRoles"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"userId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"userId"}}},{"kind":"Argument","name":{"kind":"Name","value":"roles"},"value":{"kind":"Variable","name":{"kind":"Name","value":"roles"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"roles"}}]}}]}}]} as unknown as DocumentNode<SetUserRolesMutation, SetUserRolesMutationVariables>;
export const PlatformStatsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"PlatformStats"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"days"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"platformStats"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"days"},"value":{"kind":"Variable","name":{"kind":"Name","value":"days"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"users"}},{"kind":"Field","name":{"kind":"Name","value":"activeUsers"}},{"kind":"Field","name":{"kind":"Name","value":"entries"}},{"kind":"Field","name":{"kind":"Name","value":"analyses"}},{"kind":"Field","name":{"kind":"Name","value":"activeUsersPerDay"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"DayFields"}}]}},{"kind":"Field","name":{"kind":"Name","value":"entriesPerDay"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"DayFields"}}]}},{"kind":"Field","name":{"kind":"Name","value":"analysesPerDay"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"DayFields"}}]}},{"kind":"Field","name":{"kind":"Name","value":"registrationsPerDay"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"DayFields"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DayFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"DayCount"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"date"}},{"kind":"Field","name":{"kind":"Name","value":"count"}}]}}]} as unknown as DocumentNode<PlatformStatsQuery, PlatformStatsQueryVariables>;
export const AuditLogDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"AuditLog"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"eventType"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"userId"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"from"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"DateTime"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"to"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"DateTime"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"auditLog"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}},{"kind":"Argument","name":{"kind":"Name","value":"eventType"},"value":{"kind":"Variable","name":{"kind":"Name","value":"eventType"}}},{"kind":"Argument","name":{"kind":"Name","value":"userId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"userId"}}},{"kind":"Argument","name":{"kind":"Name","value":"from"},"value":{"kind":"Variable","name":{"kind":"Name","value":"from"}}},{"kind":"Argument","name":{"kind":"Name","value":"to"},"value":{"kind":"Variable","name":{"kind":"Name","value":"to"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"number"}},{"kind":"Field","name":{"kind":"Name","value":"eventId"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"timestamp"}},{"kind":"Field","name":{"kind":"Name","value":"receivedAt"}},{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"sequence"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"correlationId"}},{"kind":"Field","name":{"kind":"Name","value":"hash"}},{"kind":"Field","name":{"kind":"Name","value":"metadata"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"userId"}},{"kind":"Field","name":{"kind":"Name","value":"tenantId"}}]}},{"kind":"Field","name":{"kind":"Name","value":"payload"}},{"kind":"Field","name":{"kind":"Name","value":"withheld"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]} as unknown as DocumentNode<AuditLogQuery, AuditLogQueryVariables>;
export const DeadLettersDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"DeadLetters"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"consumer"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deadLetters"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}},{"kind":"Argument","name":{"kind":"Name","value":"consumer"},"value":{"kind":"Variable","name":{"kind":"Name","value":"consumer"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"consumer"}},{"kind":"Field","name":{"kind":"Name","value":"attempts"}},{"kind":"Field","name":{"kind":"Name","value":"deadAt"}},{"kind":"Field","name":{"kind":"Name","value":"firstFailedAt"}},{"kind":"Field","name":{"kind":"Name","value":"lastError"}},{"kind":"Field","name":{"kind":"Name","value":"parked"}},{"kind":"Field","name":{"kind":"Name","value":"event"}},{"kind":"Field","name":{"kind":"Name","value":"withheld"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]} as unknown as DocumentNode<DeadLettersQuery, DeadLettersQueryVariables>;
export const RetryDeadLetterDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RetryDeadLetter"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"retryDeadLetter"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}]}}]} as unknown as DocumentNode<RetryDeadLetterMutation, RetryDeadLetterMutationVariables>;
export const DiscardDeadLetterDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DiscardDeadLetter"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"discardDeadLetter"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}]}}]} as unknown as DocumentNode<DiscardDeadLetterMutation, DiscardDeadLetterMutationVariables>;
export const PlatformNowDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"PlatformNow"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"platform"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"PlatformFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"PlatformFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Platform"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"components"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"generation"}},{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"digest"}},{"kind":"Field","name":{"kind":"Name","value":"instances"}},{"kind":"Field","name":{"kind":"Name","value":"memoryBytes"}},{"kind":"Field","name":{"kind":"Name","value":"callsNow"}},{"kind":"Field","name":{"kind":"Name","value":"callsMax"}},{"kind":"Field","name":{"kind":"Name","value":"calls"}},{"kind":"Field","name":{"kind":"Name","value":"failures"}},{"kind":"Field","name":{"kind":"Name","value":"latency"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"p50Ms"}},{"kind":"Field","name":{"kind":"Name","value":"p95Ms"}},{"kind":"Field","name":{"kind":"Name","value":"p99Ms"}}]}},{"kind":"Field","name":{"kind":"Name","value":"publishes"}},{"kind":"Field","name":{"kind":"Name","value":"callees"}}]}},{"kind":"Field","name":{"kind":"Name","value":"subscriptions"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"component"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"waiting"}},{"kind":"Field","name":{"kind":"Name","value":"inFlight"}},{"kind":"Field","name":{"kind":"Name","value":"deadLetters"}},{"kind":"Field","name":{"kind":"Name","value":"parked"}},{"kind":"Field","name":{"kind":"Name","value":"lagMs"}}]}},{"kind":"Field","name":{"kind":"Name","value":"flows"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"producers"}},{"kind":"Field","name":{"kind":"Name","value":"subscription"}},{"kind":"Field","name":{"kind":"Name","value":"delivered"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}}]}}]}}]} as unknown as DocumentNode<PlatformNowQuery, PlatformNowQueryVariables>;
export const PlatformChangedDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"PlatformChanged"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"platformChanged"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"PlatformFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"PlatformFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Platform"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"components"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"generation"}},{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"digest"}},{"kind":"Field","name":{"kind":"Name","value":"instances"}},{"kind":"Field","name":{"kind":"Name","value":"memoryBytes"}},{"kind":"Field","name":{"kind":"Name","value":"callsNow"}},{"kind":"Field","name":{"kind":"Name","value":"callsMax"}},{"kind":"Field","name":{"kind":"Name","value":"calls"}},{"kind":"Field","name":{"kind":"Name","value":"failures"}},{"kind":"Field","name":{"kind":"Name","value":"latency"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"p50Ms"}},{"kind":"Field","name":{"kind":"Name","value":"p95Ms"}},{"kind":"Field","name":{"kind":"Name","value":"p99Ms"}}]}},{"kind":"Field","name":{"kind":"Name","value":"publishes"}},{"kind":"Field","name":{"kind":"Name","value":"callees"}}]}},{"kind":"Field","name":{"kind":"Name","value":"subscriptions"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"component"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"waiting"}},{"kind":"Field","name":{"kind":"Name","value":"inFlight"}},{"kind":"Field","name":{"kind":"Name","value":"deadLetters"}},{"kind":"Field","name":{"kind":"Name","value":"parked"}},{"kind":"Field","name":{"kind":"Name","value":"lagMs"}}]}},{"kind":"Field","name":{"kind":"Name","value":"flows"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"producers"}},{"kind":"Field","name":{"kind":"Name","value":"subscription"}},{"kind":"Field","name":{"kind":"Name","value":"delivered"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}}]}}]}}]} as unknown as DocumentNode<PlatformChangedSubscription, PlatformChangedSubscriptionVariables>;
export const CalendarDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Calendar"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"from"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Date"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"to"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Date"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"calendar"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"from"},"value":{"kind":"Variable","name":{"kind":"Name","value":"from"}}},{"kind":"Argument","name":{"kind":"Name","value":"to"},"value":{"kind":"Variable","name":{"kind":"Name","value":"to"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"date"}},{"kind":"Field","name":{"kind":"Name","value":"entries"}},{"kind":"Field","name":{"kind":"Name","value":"words"}},{"kind":"Field","name":{"kind":"Name","value":"moods"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"mood"}},{"kind":"Field","name":{"kind":"Name","value":"count"}}]}}]}}]}}]} as unknown as DocumentNode<CalendarQuery, CalendarQueryVariables>;
export const OnThisDayDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"OnThisDay"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"date"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Date"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"onThisDay"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"date"},"value":{"kind":"Variable","name":{"kind":"Name","value":"date"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EntryFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"MediaFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Media"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"fileName"}},{"kind":"Field","name":{"kind":"Name","value":"contentType"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"width"}},{"kind":"Field","name":{"kind":"Name","value":"height"}},{"kind":"Field","name":{"kind":"Name","value":"durationMs"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"thumbnailUrl"}},{"kind":"Field","name":{"kind":"Name","value":"reference"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EntryFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"JournalEntry"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"content"}},{"kind":"Field","name":{"kind":"Name","value":"mood"}},{"kind":"Field","name":{"kind":"Name","value":"tags"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}},{"kind":"Field","name":{"kind":"Name","value":"entryDate"}},{"kind":"Field","name":{"kind":"Name","value":"entryTime"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"wordCount"}},{"kind":"Field","name":{"kind":"Name","value":"private"}},{"kind":"Field","name":{"kind":"Name","value":"draft"}},{"kind":"Field","name":{"kind":"Name","value":"publishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"pinned"}},{"kind":"Field","name":{"kind":"Name","value":"favourite"}},{"kind":"Field","name":{"kind":"Name","value":"journal"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"place"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"latitude"}},{"kind":"Field","name":{"kind":"Name","value":"longitude"}}]}},{"kind":"Field","name":{"kind":"Name","value":"attachments"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"MediaFields"}}]}}]}}]} as unknown as DocumentNode<OnThisDayQuery, OnThisDayQueryVariables>;
export const WritingStatsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"WritingStats"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"days"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"writingStats"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"days"},"value":{"kind":"Variable","name":{"kind":"Name","value":"days"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"entries"}},{"kind":"Field","name":{"kind":"Name","value":"words"}},{"kind":"Field","name":{"kind":"Name","value":"currentStreakDays"}},{"kind":"Field","name":{"kind":"Name","value":"longestStreakDays"}},{"kind":"Field","name":{"kind":"Name","value":"byHour"}},{"kind":"Field","name":{"kind":"Name","value":"byWeekday"}}]}}]}}]} as unknown as DocumentNode<WritingStatsQuery, WritingStatsQueryVariables>;
export const EntryVersionsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"EntryVersions"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"entryVersions"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"content"}},{"kind":"Field","name":{"kind":"Name","value":"mood"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"entryDate"}},{"kind":"Field","name":{"kind":"Name","value":"entryTime"}},{"kind":"Field","name":{"kind":"Name","value":"place"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"latitude"}},{"kind":"Field","name":{"kind":"Name","value":"longitude"}}]}},{"kind":"Field","name":{"kind":"Name","value":"wordCount"}},{"kind":"Field","name":{"kind":"Name","value":"savedAt"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"totalCount"}}]}}]}}]} as unknown as DocumentNode<EntryVersionsQuery, EntryVersionsQueryVariables>;
export const RestoreEntryVersionDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RestoreEntryVersion"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"version"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"expectedVersion"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"restoreEntryVersion"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"Argument","name":{"kind":"Name","value":"version"},"value":{"kind":"Variable","name":{"kind":"Name","value":"version"}}},{"kind":"Argument","name":{"kind":"Name","value":"expectedVersion"},"value":{"kind":"Variable","name":{"kind":"Name","value":"expectedVersion"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EntryFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"MediaFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Media"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"fileName"}},{"kind":"Field","name":{"kind":"Name","value":"contentType"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"width"}},{"kind":"Field","name":{"kind":"Name","value":"height"}},{"kind":"Field","name":{"kind":"Name","value":"durationMs"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"thumbnailUrl"}},{"kind":"Field","name":{"kind":"Name","value":"reference"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EntryFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"JournalEntry"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"content"}},{"kind":"Field","name":{"kind":"Name","value":"mood"}},{"kind":"Field","name":{"kind":"Name","value":"tags"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}},{"kind":"Field","name":{"kind":"Name","value":"entryDate"}},{"kind":"Field","name":{"kind":"Name","value":"entryTime"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"wordCount"}},{"kind":"Field","name":{"kind":"Name","value":"private"}},{"kind":"Field","name":{"kind":"Name","value":"draft"}},{"kind":"Field","name":{"kind":"Name","value":"publishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"pinned"}},{"kind":"Field","name":{"kind":"Name","value":"favourite"}},{"kind":"Field","name":{"kind":"Name","value":"journal"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"place"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"latitude"}},{"kind":"Field","name":{"kind":"Name","value":"longitude"}}]}},{"kind":"Field","name":{"kind":"Name","value":"attachments"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"MediaFields"}}]}}]}}]} as unknown as DocumentNode<RestoreEntryVersionMutation, RestoreEntryVersionMutationVariables>;
export const DeletedEntriesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"DeletedEntries"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deletedEntries"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deletedAt"}},{"kind":"Field","name":{"kind":"Name","value":"purgeAt"}},{"kind":"Field","name":{"kind":"Name","value":"entry"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EntryFields"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"totalCount"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"MediaFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Media"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"fileName"}},{"kind":"Field","name":{"kind":"Name","value":"contentType"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"width"}},{"kind":"Field","name":{"kind":"Name","value":"height"}},{"kind":"Field","name":{"kind":"Name","value":"durationMs"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"thumbnailUrl"}},{"kind":"Field","name":{"kind":"Name","value":"reference"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EntryFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"JournalEntry"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"content"}},{"kind":"Field","name":{"kind":"Name","value":"mood"}},{"kind":"Field","name":{"kind":"Name","value":"tags"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}},{"kind":"Field","name":{"kind":"Name","value":"entryDate"}},{"kind":"Field","name":{"kind":"Name","value":"entryTime"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"wordCount"}},{"kind":"Field","name":{"kind":"Name","value":"private"}},{"kind":"Field","name":{"kind":"Name","value":"draft"}},{"kind":"Field","name":{"kind":"Name","value":"publishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"pinned"}},{"kind":"Field","name":{"kind":"Name","value":"favourite"}},{"kind":"Field","name":{"kind":"Name","value":"journal"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"place"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"latitude"}},{"kind":"Field","name":{"kind":"Name","value":"longitude"}}]}},{"kind":"Field","name":{"kind":"Name","value":"attachments"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"MediaFields"}}]}}]}}]} as unknown as DocumentNode<DeletedEntriesQuery, DeletedEntriesQueryVariables>;
export const PurgeEntryDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"PurgeEntry"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"purgeJournalEntry"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"erasureId"}}]}}]}}]} as unknown as DocumentNode<PurgeEntryMutation, PurgeEntryMutationVariables>;
export const RelatedEntriesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"RelatedEntries"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"limit"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"relatedEntries"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"Argument","name":{"kind":"Name","value":"limit"},"value":{"kind":"Variable","name":{"kind":"Name","value":"limit"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"score"}},{"kind":"Field","name":{"kind":"Name","value":"entry"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"entryDate"}},{"kind":"Field","name":{"kind":"Name","value":"mood"}}]}}]}}]}}]} as unknown as DocumentNode<RelatedEntriesQuery, RelatedEntriesQueryVariables>;
export const InsightsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Insights"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"days"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"granularity"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Granularity"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"moodTrends"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"days"},"value":{"kind":"Variable","name":{"kind":"Name","value":"days"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"date"}},{"kind":"Field","name":{"kind":"Name","value":"mood"}},{"kind":"Field","name":{"kind":"Name","value":"count"}},{"kind":"Field","name":{"kind":"Name","value":"averageSentiment"}}]}},{"kind":"Field","name":{"kind":"Name","value":"sentimentTrend"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"days"},"value":{"kind":"Variable","name":{"kind":"Name","value":"days"}}},{"kind":"Argument","name":{"kind":"Name","value":"granularity"},"value":{"kind":"Variable","name":{"kind":"Name","value":"granularity"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"period"}},{"kind":"Field","name":{"kind":"Name","value":"average"}},{"kind":"Field","name":{"kind":"Name","value":"entries"}}]}},{"kind":"Field","name":{"kind":"Name","value":"writingStats"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"days"},"value":{"kind":"Variable","name":{"kind":"Name","value":"days"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"entries"}},{"kind":"Field","name":{"kind":"Name","value":"words"}},{"kind":"Field","name":{"kind":"Name","value":"currentStreakDays"}},{"kind":"Field","name":{"kind":"Name","value":"longestStreakDays"}},{"kind":"Field","name":{"kind":"Name","value":"byHour"}},{"kind":"Field","name":{"kind":"Name","value":"byWeekday"}}]}}]}}]} as unknown as DocumentNode<InsightsQuery, InsightsQueryVariables>;
export const LatestInsightsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"LatestInsights"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"limit"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"insights"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"limit"},"value":{"kind":"Variable","name":{"kind":"Name","value":"limit"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"entryId"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}}]}}]}}]} as unknown as DocumentNode<LatestInsightsQuery, LatestInsightsQueryVariables>;
export const ReanalyzeEntryDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"ReanalyzeEntry"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reanalyzeEntry"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"analysis"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"AnalysisFields"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"AnalysisFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Analysis"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"sentiment"}},{"kind":"Field","name":{"kind":"Name","value":"themes"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"insights"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"quotes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"start"}},{"kind":"Field","name":{"kind":"Name","value":"end"}}]}}]}}]}}]} as unknown as DocumentNode<ReanalyzeEntryMutation, ReanalyzeEntryMutationVariables>;
export const MediaPageDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"MediaPage"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"kind"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"MediaKind"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"media"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}},{"kind":"Argument","name":{"kind":"Name","value":"kind"},"value":{"kind":"Variable","name":{"kind":"Name","value":"kind"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"MediaFields"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"totalBytes"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"MediaFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Media"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"fileName"}},{"kind":"Field","name":{"kind":"Name","value":"contentType"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"width"}},{"kind":"Field","name":{"kind":"Name","value":"height"}},{"kind":"Field","name":{"kind":"Name","value":"durationMs"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"thumbnailUrl"}},{"kind":"Field","name":{"kind":"Name","value":"reference"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}}]}}]} as unknown as DocumentNode<MediaPageQuery, MediaPageQueryVariables>;
export const MediaRoomDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"MediaRoom"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"me"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"storage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"mediaBytes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"used"}},{"kind":"Field","name":{"kind":"Name","value":"limit"}}]}}]}}]}}]}}]} as unknown as DocumentNode<MediaRoomQuery, MediaRoomQueryVariables>;
export const MediaByIdDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"MediaById"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Media"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"MediaFields"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"MediaFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Media"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"fileName"}},{"kind":"Field","name":{"kind":"Name","value":"contentType"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"width"}},{"kind":"Field","name":{"kind":"Name","value":"height"}},{"kind":"Field","name":{"kind":"Name","value":"durationMs"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"thumbnailUrl"}},{"kind":"Field","name":{"kind":"Name","value":"reference"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}}]}}]} as unknown as DocumentNode<MediaByIdQuery, MediaByIdQueryVariables>;
export const DeleteMediaDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DeleteMedia"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deleteMedia"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}]}}]} as unknown as DocumentNode<DeleteMediaMutation, DeleteMediaMutationVariables>;
export const SearchDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Search"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"query"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"mode"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"SearchMode"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"limit"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"search"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"query"},"value":{"kind":"Variable","name":{"kind":"Name","value":"query"}}},{"kind":"Argument","name":{"kind":"Name","value":"mode"},"value":{"kind":"Variable","name":{"kind":"Name","value":"mode"}}},{"kind":"Argument","name":{"kind":"Name","value":"limit"},"value":{"kind":"Variable","name":{"kind":"Name","value":"limit"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hits"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"score"}},{"kind":"Field","name":{"kind":"Name","value":"highlights"}},{"kind":"Field","name":{"kind":"Name","value":"entry"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EntryFields"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"tookMs"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"MediaFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Media"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"fileName"}},{"kind":"Field","name":{"kind":"Name","value":"contentType"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"width"}},{"kind":"Field","name":{"kind":"Name","value":"height"}},{"kind":"Field","name":{"kind":"Name","value":"durationMs"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"thumbnailUrl"}},{"kind":"Field","name":{"kind":"Name","value":"reference"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EntryFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"JournalEntry"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"content"}},{"kind":"Field","name":{"kind":"Name","value":"mood"}},{"kind":"Field","name":{"kind":"Name","value":"tags"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}},{"kind":"Field","name":{"kind":"Name","value":"entryDate"}},{"kind":"Field","name":{"kind":"Name","value":"entryTime"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"wordCount"}},{"kind":"Field","name":{"kind":"Name","value":"private"}},{"kind":"Field","name":{"kind":"Name","value":"draft"}},{"kind":"Field","name":{"kind":"Name","value":"publishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"pinned"}},{"kind":"Field","name":{"kind":"Name","value":"favourite"}},{"kind":"Field","name":{"kind":"Name","value":"journal"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"place"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"latitude"}},{"kind":"Field","name":{"kind":"Name","value":"longitude"}}]}},{"kind":"Field","name":{"kind":"Name","value":"attachments"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"MediaFields"}}]}}]}}]} as unknown as DocumentNode<SearchQuery, SearchQueryVariables>;
export const NotificationSettingsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"NotificationSettings"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"notificationPreferences"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"PreferenceFields"}}]}},{"kind":"Field","name":{"kind":"Name","value":"reminders"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ReminderFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"PreferenceFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"NotificationPreferences"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"push"}},{"kind":"Field","name":{"kind":"Name","value":"webhooks"}},{"kind":"Field","name":{"kind":"Name","value":"quietHoursStart"}},{"kind":"Field","name":{"kind":"Name","value":"quietHoursEnd"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ReminderFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Reminder"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"active"}},{"kind":"Field","name":{"kind":"Name","value":"channel"}},{"kind":"Field","name":{"kind":"Name","value":"time"}},{"kind":"Field","name":{"kind":"Name","value":"weekdays"}}]}}]} as unknown as DocumentNode<NotificationSettingsQuery, NotificationSettingsQueryVariables>;
export const SaveChannelsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SaveChannels"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"email"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Boolean"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"push"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Boolean"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"webhooks"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Boolean"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"updateNotificationPreferences"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"email"},"value":{"kind":"Variable","name":{"kind":"Name","value":"email"}}},{"kind":"Argument","name":{"kind":"Name","value":"push"},"value":{"kind":"Variable","name":{"kind":"Name","value":"push"}}},{"kind":"Argument","name":{"kind":"Name","value":"webhooks"},"value":{"kind":"Variable","name":{"kind":"Name","value":"webhooks"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"PreferenceFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"PreferenceFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"NotificationPreferences"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"push"}},{"kind":"Field","name":{"kind":"Name","value":"webhooks"}},{"kind":"Field","name":{"kind":"Name","value":"quietHoursStart"}},{"kind":"Field","name":{"kind":"Name","value":"quietHoursEnd"}}]}}]} as unknown as DocumentNode<SaveChannelsMutation, SaveChannelsMutationVariables>;
export const SaveQuietHoursDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SaveQuietHours"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"start"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"end"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"updateNotificationPreferences"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"quietHoursStart"},"value":{"kind":"Variable","name":{"kind":"Name","value":"start"}}},{"kind":"Argument","name":{"kind":"Name","value":"quietHoursEnd"},"value":{"kind":"Variable","name":{"kind":"Name","value":"end"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"PreferenceFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"PreferenceFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"NotificationPreferences"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"push"}},{"kind":"Field","name":{"kind":"Name","value":"webhooks"}},{"kind":"Field","name":{"kind":"Name","value":"quietHoursStart"}},{"kind":"Field","name":{"kind":"Name","value":"quietHoursEnd"}}]}}]} as unknown as DocumentNode<SaveQuietHoursMutation, SaveQuietHoursMutationVariables>;
export const PushKeyDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"PushKey"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"pushPublicKey"}}]}}]} as unknown as DocumentNode<PushKeyQuery, PushKeyQueryVariables>;
export const RegisterPushDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RegisterPush"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"endpoint"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"p256dh"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"auth"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"registerPushSubscription"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"endpoint"},"value":{"kind":"Variable","name":{"kind":"Name","value":"endpoint"}}},{"kind":"Argument","name":{"kind":"Name","value":"p256dh"},"value":{"kind":"Variable","name":{"kind":"Name","value":"p256dh"}}},{"kind":"Argument","name":{"kind":"Name","value":"auth"},"value":{"kind":"Variable","name":{"kind":"Name","value":"auth"}}}]}]}}]} as unknown as DocumentNode<RegisterPushMutation, RegisterPushMutationVariables>;
export const UnregisterPushDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"UnregisterPush"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"endpoint"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"unregisterPushSubscription"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"endpoint"},"value":{"kind":"Variable","name":{"kind":"Name","value":"endpoint"}}}]}]}}]} as unknown as DocumentNode<UnregisterPushMutation, UnregisterPushMutationVariables>;
export const CreateReminderDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateReminder"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ReminderInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createReminder"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ReminderFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ReminderFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Reminder"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"active"}},{"kind":"Field","name":{"kind":"Name","value":"channel"}},{"kind":"Field","name":{"kind":"Name","value":"time"}},{"kind":"Field","name":{"kind":"Name","value":"weekdays"}}]}}]} as unknown as DocumentNode<CreateReminderMutation, CreateReminderMutationVariables>;
export const UpdateReminderDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"UpdateReminder"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ReminderInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"updateReminder"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ReminderFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ReminderFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Reminder"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"active"}},{"kind":"Field","name":{"kind":"Name","value":"channel"}},{"kind":"Field","name":{"kind":"Name","value":"time"}},{"kind":"Field","name":{"kind":"Name","value":"weekdays"}}]}}]} as unknown as DocumentNode<UpdateReminderMutation, UpdateReminderMutationVariables>;
export const DeleteReminderDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DeleteReminder"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deleteReminder"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}]}}]} as unknown as DocumentNode<DeleteReminderMutation, DeleteReminderMutationVariables>;
export const WebhooksDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Webhooks"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"webhooks"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"WebhookFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"WebhookFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Webhook"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"active"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"failures"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"disabledAt"}},{"kind":"Field","name":{"kind":"Name","value":"disabledReason"}},{"kind":"Field","name":{"kind":"Name","value":"disabledCause"}}]}}]} as unknown as DocumentNode<WebhooksQuery, WebhooksQueryVariables>;
export const CreateWebhookDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateWebhook"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"url"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"events"}},"type":{"kind":"NonNullType","type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createWebhook"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"url"},"value":{"kind":"Variable","name":{"kind":"Name","value":"url"}}},{"kind":"Argument","name":{"kind":"Name","value":"events"},"value":{"kind":"Variable","name":{"kind":"Name","value":"events"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"WebhookFields"}},{"kind":"Field","name":{"kind":"Name","value":"secret"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"WebhookFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Webhook"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"active"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"failures"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"disabledAt"}},{"kind":"Field","name":{"kind":"Name","value":"disabledReason"}},{"kind":"Field","name":{"kind":"Name","value":"disabledCause"}}]}}]} as unknown as DocumentNode<CreateWebhookMutation, CreateWebhookMutationVariables>;
export const EnableWebhookDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"EnableWebhook"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"enableWebhook"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"WebhookFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"WebhookFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Webhook"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"active"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"failures"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"disabledAt"}},{"kind":"Field","name":{"kind":"Name","value":"disabledReason"}},{"kind":"Field","name":{"kind":"Name","value":"disabledCause"}}]}}]} as unknown as DocumentNode<EnableWebhookMutation, EnableWebhookMutationVariables>;
export const DeleteWebhookDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DeleteWebhook"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deleteWebhook"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}]}}]} as unknown as DocumentNode<DeleteWebhookMutation, DeleteWebhookMutationVariables>;
export const SessionsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Sessions"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sessions"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"browser"}},{"kind":"Field","name":{"kind":"Name","value":"platform"}},{"kind":"Field","name":{"kind":"Name","value":"userAgent"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"lastUsedAt"}},{"kind":"Field","name":{"kind":"Name","value":"current"}}]}}]}}]} as unknown as DocumentNode<SessionsQuery, SessionsQueryVariables>;
export const EndSessionDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"EndSession"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"endSession"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}]}}]} as unknown as DocumentNode<EndSessionMutation, EndSessionMutationVariables>;
export const EndOtherSessionsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"EndOtherSessions"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"endOtherSessions"}}]}}]} as unknown as DocumentNode<EndOtherSessionsMutation, EndOtherSessionsMutationVariables>;
export const ChangePasswordDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"ChangePassword"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ChangePasswordInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"changePassword"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}]}]}}]} as unknown as DocumentNode<ChangePasswordMutation, ChangePasswordMutationVariables>;
export const RequestEmailChangeDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RequestEmailChange"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"newEmail"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"password"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"requestEmailChange"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"newEmail"},"value":{"kind":"Variable","name":{"kind":"Name","value":"newEmail"}}},{"kind":"Argument","name":{"kind":"Name","value":"password"},"value":{"kind":"Variable","name":{"kind":"Name","value":"password"}}}]}]}}]} as unknown as DocumentNode<RequestEmailChangeMutation, RequestEmailChangeMutationVariables>;
export const BeginTotpDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"BeginTotp"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"password"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"beginTotp"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"password"},"value":{"kind":"Variable","name":{"kind":"Name","value":"password"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"secret"}},{"kind":"Field","name":{"kind":"Name","value":"uri"}}]}}]}}]} as unknown as DocumentNode<BeginTotpMutation, BeginTotpMutationVariables>;
export const ConfirmTotpDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"ConfirmTotp"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"code"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"confirmTotp"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"code"},"value":{"kind":"Variable","name":{"kind":"Name","value":"code"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"recoveryCodes"}}]}}]}}]} as unknown as DocumentNode<ConfirmTotpMutation, ConfirmTotpMutationVariables>;
export const DisableTotpDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DisableTotp"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"password"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"code"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"disableTotp"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"password"},"value":{"kind":"Variable","name":{"kind":"Name","value":"password"}}},{"kind":"Argument","name":{"kind":"Name","value":"code"},"value":{"kind":"Variable","name":{"kind":"Name","value":"code"}}}]}]}}]} as unknown as DocumentNode<DisableTotpMutation, DisableTotpMutationVariables>;
export const RegenerateRecoveryCodesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RegenerateRecoveryCodes"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"password"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"code"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"regenerateRecoveryCodes"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"password"},"value":{"kind":"Variable","name":{"kind":"Name","value":"password"}}},{"kind":"Argument","name":{"kind":"Name","value":"code"},"value":{"kind":"Variable","name":{"kind":"Name","value":"code"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"recoveryCodes"}}]}}]}}]} as unknown as DocumentNode<RegenerateRecoveryCodesMutation, RegenerateRecoveryCodesMutationVariables>;
export const AiLedgerDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"AiLedger"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"aiLedger"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"purpose"}},{"kind":"Field","name":{"kind":"Name","value":"host"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"entryId"}},{"kind":"Field","name":{"kind":"Name","value":"entryVersion"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]} as unknown as DocumentNode<AiLedgerQuery, AiLedgerQueryVariables>;
export const ExportsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Exports"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"exports"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ExportFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ExportFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ExportJob"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"format"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"entriesDone"}},{"kind":"Field","name":{"kind":"Name","value":"entriesTotal"}},{"kind":"Field","name":{"kind":"Name","value":"mediaDone"}},{"kind":"Field","name":{"kind":"Name","value":"mediaTotal"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"error"}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"files"}},{"kind":"Field","name":{"kind":"Name","value":"max"}}]}}]}}]} as unknown as DocumentNode<ExportsQuery, ExportsQueryVariables>;
export const ImportsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Imports"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"imports"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ImportFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ImportFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ImportJob"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"format"}},{"kind":"Field","name":{"kind":"Name","value":"dryRun"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"recordsDone"}},{"kind":"Field","name":{"kind":"Name","value":"recordsTotal"}},{"kind":"Field","name":{"kind":"Name","value":"error"}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"files"}},{"kind":"Field","name":{"kind":"Name","value":"max"}}]}},{"kind":"Field","name":{"kind":"Name","value":"report"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"entries"}},{"kind":"Field","name":{"kind":"Name","value":"duplicates"}},{"kind":"Field","name":{"kind":"Name","value":"skipped"}},{"kind":"Field","name":{"kind":"Name","value":"media"}},{"kind":"Field","name":{"kind":"Name","value":"missingMedia"}},{"kind":"Field","name":{"kind":"Name","value":"moods"}},{"kind":"Field","name":{"kind":"Name","value":"journals"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"problemsTotal"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"record"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"rule"}},{"kind":"Field","name":{"kind":"Name","value":"params"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<ImportsQuery, ImportsQueryVariables>;
export const RequestExportDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RequestExport"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"format"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"ExportFormat"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"requestExport"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"format"},"value":{"kind":"Variable","name":{"kind":"Name","value":"format"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ExportFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ExportFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ExportJob"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"format"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"entriesDone"}},{"kind":"Field","name":{"kind":"Name","value":"entriesTotal"}},{"kind":"Field","name":{"kind":"Name","value":"mediaDone"}},{"kind":"Field","name":{"kind":"Name","value":"mediaTotal"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"error"}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"files"}},{"kind":"Field","name":{"kind":"Name","value":"max"}}]}}]}}]} as unknown as DocumentNode<RequestExportMutation, RequestExportMutationVariables>;
export const CancelExportDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CancelExport"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cancelExport"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}]}}]} as unknown as DocumentNode<CancelExportMutation, CancelExportMutationVariables>;
export const BeginImportDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"BeginImport"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ImportInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"beginImport"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ImportFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ImportFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ImportJob"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"format"}},{"kind":"Field","name":{"kind":"Name","value":"dryRun"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"recordsDone"}},{"kind":"Field","name":{"kind":"Name","value":"recordsTotal"}},{"kind":"Field","name":{"kind":"Name","value":"error"}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"files"}},{"kind":"Field","name":{"kind":"Name","value":"max"}}]}},{"kind":"Field","name":{"kind":"Name","value":"report"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"entries"}},{"kind":"Field","name":{"kind":"Name","value":"duplicates"}},{"kind":"Field","name":{"kind":"Name","value":"skipped"}},{"kind":"Field","name":{"kind":"Name","value":"media"}},{"kind":"Field","name":{"kind":"Name","value":"missingMedia"}},{"kind":"Field","name":{"kind":"Name","value":"moods"}},{"kind":"Field","name":{"kind":"Name","value":"journals"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"problemsTotal"}},{"kind":"Field","name":{"kind":"Name","value":"problems"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"record"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"rule"}},{"kind":"Field","name":{"kind":"Name","value":"params"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<BeginImportMutation, BeginImportMutationVariables>;
export const CancelImportDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CancelImport"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cancelImport"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}]}}]} as unknown as DocumentNode<CancelImportMutation, CancelImportMutationVariables>;
export const DeleteAccountDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DeleteAccount"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"password"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deleteAccount"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"password"},"value":{"kind":"Variable","name":{"kind":"Name","value":"password"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"dueAt"}},{"kind":"Field","name":{"kind":"Name","value":"erasureId"}}]}}]}}]} as unknown as DocumentNode<DeleteAccountMutation, DeleteAccountMutationVariables>;
export const KeepAccountDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"KeepAccount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cancelAccountDeletion"}}]}}]} as unknown as DocumentNode<KeepAccountMutation, KeepAccountMutationVariables>;
export const ErasureReceiptDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ErasureReceipt"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"erasureReceipt"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"requestedAt"}},{"kind":"Field","name":{"kind":"Name","value":"dueAt"}},{"kind":"Field","name":{"kind":"Name","value":"keysDestroyedAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"erased"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"service"}},{"kind":"Field","name":{"kind":"Name","value":"store"}},{"kind":"Field","name":{"kind":"Name","value":"count"}}]}},{"kind":"Field","name":{"kind":"Name","value":"remains"}},{"kind":"Field","name":{"kind":"Name","value":"waiting"}},{"kind":"Field","name":{"kind":"Name","value":"signed"}}]}}]}}]} as unknown as DocumentNode<ErasureReceiptQuery, ErasureReceiptQueryVariables>;
export const StorageDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Storage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"me"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"storage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"mediaBytes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"used"}},{"kind":"Field","name":{"kind":"Name","value":"limit"}}]}},{"kind":"Field","name":{"kind":"Name","value":"tags"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"used"}},{"kind":"Field","name":{"kind":"Name","value":"limit"}}]}},{"kind":"Field","name":{"kind":"Name","value":"webhooks"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"used"}},{"kind":"Field","name":{"kind":"Name","value":"limit"}}]}},{"kind":"Field","name":{"kind":"Name","value":"sessions"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"used"}},{"kind":"Field","name":{"kind":"Name","value":"limit"}}]}}]}}]}}]}}]} as unknown as DocumentNode<StorageQuery, StorageQueryVariables>;
export const UpdateProfileDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"UpdateProfile"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"displayName"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"timezone"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"aiConsent"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Boolean"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"updateProfile"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"displayName"},"value":{"kind":"Variable","name":{"kind":"Name","value":"displayName"}}},{"kind":"Argument","name":{"kind":"Name","value":"timezone"},"value":{"kind":"Variable","name":{"kind":"Name","value":"timezone"}}},{"kind":"Argument","name":{"kind":"Name","value":"aiConsent"},"value":{"kind":"Variable","name":{"kind":"Name","value":"aiConsent"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"AccountFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"AccountFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"User"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"roles"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"timezone"}},{"kind":"Field","name":{"kind":"Name","value":"emailConfirmed"}},{"kind":"Field","name":{"kind":"Name","value":"secondFactor"}},{"kind":"Field","name":{"kind":"Name","value":"deletionDueAt"}},{"kind":"Field","name":{"kind":"Name","value":"aiConsent"}},{"kind":"Field","name":{"kind":"Name","value":"aiConsentAt"}}]}}]} as unknown as DocumentNode<UpdateProfileMutation, UpdateProfileMutationVariables>;