import { DestroyRef, Injectable, computed, inject, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { failureOf } from '@/core/failure';
import { Entries } from '@/core/journal/entries';
import type { Entry } from '@/core/journal/entry';
import { Drafts } from '@/core/offline/drafts';
import { Outbox } from '@/core/offline/outbox';
import type { OutboxItem, Outcome, Refusal } from '@/core/offline/outbox-item';
import { Media } from '@/core/media/media';
import { Dates } from '@/core/time/dates';
import type { MediaFieldsFragment } from '@/gql/generated';
import { type Draft, blankDraft, both, creation, difference, draftOf, isBlank, titleOf, withoutMedia } from './draft';

/** After so long without a key, the text is kept on this device; after the second, a new entry is a draft at the platform. Milliseconds. */
const KEEP_MS = 400;
const SEND_MS = 3_000;

/** An entry has a text or a file; a draft may have neither yet. */
const WITHOUT_TEXT: Refusal = {
  code: 'BAD_USER_INPUT',
  message: '',
  rules: [{ field: 'content', rule: 'blank', params: {}, message: '' }],
  quota: null,
  limit: null,
};

export type Saving =
  /** Nothing was changed. */
  | 'clean'
  | 'typing'
  /** It is on this device. */
  | 'kept'
  | 'sending'
  /** The platform has it. */
  | 'saved'
  /** It waits for the platform on this device. */
  | 'waiting'
  /** It is on the page alone: the storage of the browser is full. */
  | 'unkept'
  | 'refused';

/** Another device changed the entry since the writing began. */
export interface Conflict {
  /** The change that was refused; null where the writing was left before it was sent. */
  readonly item: OutboxItem | null;
  readonly theirs: Entry;
}

/**
 * One entry while it is written. Each pause keeps it on this device. A new entry becomes a draft at the platform meanwhile, so that other
 * devices can go on with it; one that is published is changed when its user is done, since each change of it is a version and is analysed.
 */
@Injectable()
export class Writing {
  private readonly entries = inject(Entries);
  private readonly drafts = inject(Drafts);
  private readonly outbox = inject(Outbox);
  private readonly dates = inject(Dates);
  private readonly uploaded = inject(Media);

  private readonly now = signal<Draft | null>(null);
  private readonly progress = signal<Saving>('clean');
  private readonly failed = signal<Refusal | null>(null);
  private readonly differs = signal<Conflict | null>(null);
  /** As the platform has it, or is to have it when the outbox is empty. */
  private known: Draft | null = null;
  private isAtPlatform = false;
  private isDraft = true;
  /** Changes of this page that wait in the outbox, by their ids there. */
  private readonly unconfirmed = new Set<string>();
  private keeping: ReturnType<typeof setTimeout> | undefined;
  private sending: ReturnType<typeof setTimeout> | undefined;
  private queue: Promise<unknown> = Promise.resolve();

  readonly draft = this.now.asReadonly();
  readonly state = this.progress.asReadonly();
  readonly refusal = this.failed.asReadonly();
  readonly conflict = this.differs.asReadonly();
  /** Whether it will be a new entry. */
  readonly isNew = signal(true);
  /** A text of this device was found that was never sent. */
  readonly wasFound = signal(false);
  readonly isThere = computed(() => this.now() !== null);
  /** As the platform answered it last. */
  readonly entry = signal<Entry | null>(null);
  /** Uploads that the platform does not know to be the entry's yet. */
  private readonly added = signal<readonly MediaFieldsFragment[]>([]);
  /** The entry's uploads, in its order, as far as they are known here. */
  readonly media = computed(() => {
    const known = new Map([...this.added(), ...(this.entry()?.attachments ?? [])].map(each => [each.id, each]));
    return (this.now()?.attachmentIds ?? []).flatMap(id => known.get(id) ?? []);
  });

  constructor() {
    const kept = (event: Event): void => {
      const draft = this.now();
      const isGoing = event.type === 'pagehide';
      const isUnkept = this.progress() === 'typing' && (isGoing || document.visibilityState === 'hidden');
      // What is kept may be by now what another tab has of the same entry.
      if (draft && (isUnkept || (isGoing && this.progress() === 'kept')))
        this.drafts.leave({ ...draft, keptAt: new Date().toISOString() });
      void this.keep();
    };
    // What another device wrote is taken over while nothing was typed here.
    this.entries.events.pipe(takeUntilDestroyed()).subscribe(event => {
      if (event.kind !== 'entry' || event.origin !== 'elsewhere' || event.id !== this.now()?.entryId || !event.entry)
        return;
      if (!['clean', 'saved'].includes(this.progress()) || event.entry.version <= (this.known?.base ?? 0)) return;
      this.entry.set(event.entry);
      this.known = draftOf(event.entry);
      this.now.set(this.known);
    });
    this.outbox.settled.pipe(takeUntilDestroyed()).subscribe(({ item, outcome }) => {
      if (this.unconfirmed.delete(item.id)) this.confirmed(outcome);
    });
    // A tab that is closed may have a key of a moment ago.
    document.addEventListener('visibilitychange', kept);
    addEventListener('pagehide', kept);
    inject(DestroyRef).onDestroy(() => {
      document.removeEventListener('visibilitychange', kept);
      removeEventListener('pagehide', kept);
      clearTimeout(this.keeping);
      clearTimeout(this.sending);
    });
  }

  begin(date: string | null = null, beginning: Partial<Draft> = {}): string {
    const today = this.dates.today();
    const day = date ?? today;
    const blank = blankDraft(this.entries.newId(), day, day === today ? this.dates.timeNow() : null);
    this.now.set({ ...blank, ...beginning, entryId: blank.entryId });
    return blank.entryId;
  }

  /** False: there is no such entry. Throws a `Failure` where that is not known. */
  async open(id: string): Promise<boolean> {
    const found = await this.drafts.find(id);
    const answer = await this.entries.get(id).catch((error: unknown) => {
      if (!found) throw failureOf(error);
      return null;
    });
    if (!answer && !found) return false;
    // One whose beginning was refused is here alone.
    const isThere = answer !== null && this.entries.hasBegun(answer.entry);
    if (isThere) {
      this.entry.set(answer.entry);
      this.known = draftOf(answer.entry);
      this.isAtPlatform = true;
      this.isDraft = answer.entry.draft;
    } else {
      this.isAtPlatform = !answer && found?.base != null;
      this.isDraft = !this.isAtPlatform;
    }
    this.isNew.set(this.isDraft);
    const differs = found !== null && this.known !== null && difference(this.known, found, found.title) !== null;
    this.wasFound.set(differs);
    const here = this.known ?? (answer && draftOf(answer.entry));
    this.now.set(found && (differs || !this.known) ? found : here);
    if (differs) this.progress.set('kept');
    const isLate = found !== null && found.base !== null && answer !== null && answer.entry.version > found.base;
    if (differs && isLate && answer?.from === 'platform') this.differs.set({ item: null, theirs: answer.entry });
    await this.look(found === null);
    if (this.isDraft && this.refusal() === null) this.sendLater();
    await this.findUploads();
    return true;
  }

  /** Reads which files the entry has, where that could not be read with it. */
  async readFiles(): Promise<void> {
    const id = this.now()?.entryId;
    const attachments = id ? (await this.entries.get(id))?.entry.attachments : null;
    if (!attachments || this.now()?.entryId !== id) return;
    const attachmentIds = attachments.map(media => media.id);
    this.entry.update(entry => entry && { ...entry, attachments });
    if (this.known) this.known = { ...this.known, attachmentIds };
    this.now.update(draft => draft && { ...draft, attachmentIds });
  }

  /** Takes an upload in. */
  attach(media: MediaFieldsFragment): void {
    this.added.update(added => [...added, media]);
    const ids = this.now()?.attachmentIds;
    if (ids && !ids.includes(media.id)) this.change({ attachmentIds: [...ids, media.id] });
  }

  /** Takes an upload out, with where the text shows it. */
  detach(media: MediaFieldsFragment): void {
    const draft = this.now();
    if (!draft) return;
    const attachmentIds = draft.attachmentIds?.filter(id => id !== media.id) ?? null;
    this.change({ attachmentIds, content: withoutMedia(draft.content, media.reference) });
  }

  /** Reads the uploads of a text that was found on this device, which the entry at the platform does not have. */
  private async findUploads(): Promise<void> {
    const known = new Set(this.media().map(each => each.id));
    const others = (this.now()?.attachmentIds ?? []).filter(id => !known.has(id));
    for (const id of others) {
      const media = await this.uploaded.byId(id).catch(() => undefined);
      if (media) this.added.update(added => [...added, media]);
      // It was never in an entry, so it is there no more.
      if (media === null)
        this.change({ attachmentIds: this.now()?.attachmentIds?.filter(each => each !== id) ?? null });
    }
  }

  change(change: Partial<Draft>): void {
    const draft = this.now();
    if (!draft) return;
    this.now.set({ ...draft, ...change });
    this.progress.set('typing');
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => void this.keep(), KEEP_MS);
    if (this.isDraft) this.sendLater();
  }

  /** Keeps what was typed on this device. */
  async keep(): Promise<void> {
    clearTimeout(this.keeping);
    const draft = this.now();
    if (!draft || this.progress() !== 'typing') return;
    const kept = await this.drafts.keep({ ...draft, keptAt: new Date().toISOString() });
    if (this.now() === draft) this.progress.set(kept ? 'kept' : 'unkept');
  }

  /** Sends what was written: a new entry is published, an old one changed. */
  async finish(): Promise<Outcome | null> {
    clearTimeout(this.sending);
    await this.keep();
    return await this.inTurn(async () => {
      const draft = this.now();
      if (!draft || (isBlank(draft) && !this.isAtPlatform)) return null;
      // Also without a network: later, nothing would be left to be mended on the page.
      if (draft.content.trim() === '' && draft.attachmentIds?.length === 0) {
        this.refused(WITHOUT_TEXT);
        return { kind: 'refused', refusal: WITHOUT_TEXT, itemId: '' };
      }
      await this.makeRoom(draft);
      const title = titleOf(draft, this.dates.day(draft.entryDate));
      let outcome: Outcome | null;
      if (!this.isAtPlatform)
        outcome = await this.send(draft, title, () => this.entries.create(creation(draft, title, false)));
      else {
        outcome = await this.sendChange(draft, title);
        if (this.isDraft && outcome?.kind !== 'refused') outcome = await this.entries.publish(draft.entryId, title);
      }
      if (outcome?.kind === 'refused') this.refused(outcome.refusal);
      else {
        this.isDraft = false;
        // What was typed meanwhile stays.
        if (this.now() === draft) await this.drafts.drop(draft.entryId);
      }
      return outcome;
    });
  }

  /** Keeps a new entry as a draft. One that is blank is forgotten. */
  async leave(): Promise<void> {
    clearTimeout(this.sending);
    await this.keep();
    const draft = this.now();
    if (!draft || !this.isDraft) return;
    if (isBlank(draft) && !this.isAtPlatform) await this.drafts.drop(draft.entryId);
    else void this.sendDraft();
  }

  /** Sends a new entry as it is, so that it can come back from the trash, and forgets what is kept of it here. */
  async putAway(): Promise<void> {
    clearTimeout(this.sending);
    await this.keep();
    await this.sendDraft();
    await this.forget();
  }

  /** Forgets a text that the platform does not take. */
  async forget(): Promise<void> {
    clearTimeout(this.keeping);
    clearTimeout(this.sending);
    const id = this.now()?.entryId;
    this.progress.set('clean');
    if (id) await this.inTurn(() => this.drafts.drop(id));
  }

  /** Takes back what was typed since the entry was saved. */
  async revert(): Promise<void> {
    const draft = this.now();
    if (!draft || !this.known) return;
    clearTimeout(this.keeping);
    await this.drafts.drop(draft.entryId);
    await this.entries.giveWay(draft.entryId);
    this.failed.set(null);
    this.now.set(this.known);
    this.wasFound.set(false);
    this.progress.set('clean');
  }

  /** The own text instead of the other device's. */
  async keepMine(): Promise<Outcome | null> {
    const conflict = this.differs();
    const draft = this.now();
    if (!conflict || !draft) return null;
    this.differs.set(null);
    await this.settle(conflict);
    return await this.finish();
  }

  /** The other device's text instead of the own one. */
  async takeTheirs(): Promise<void> {
    const conflict = this.differs();
    if (!conflict) return;
    this.differs.set(null);
    await this.settle(conflict);
    await this.drafts.drop(conflict.theirs.id);
    this.now.set(this.known);
    this.wasFound.set(false);
    this.progress.set('clean');
  }

  /** Both texts, one below the other, to be made one by hand. */
  async takeBoth(): Promise<void> {
    const conflict = this.differs();
    const draft = this.now();
    if (!conflict || !draft) return;
    this.differs.set(null);
    await this.settle(conflict);
    this.change({ ...both(draft, draftOf(conflict.theirs)), base: conflict.theirs.version });
  }

  private async settle({ item, theirs }: Conflict): Promise<void> {
    if (item) await this.outbox.discard(item.id);
    this.known = draftOf(theirs);
    this.entry.set(theirs);
    this.failed.set(null);
  }

  private sendLater(): void {
    clearTimeout(this.sending);
    this.sending = setTimeout(() => void this.keep().then(() => this.sendDraft()), SEND_MS);
  }

  private async sendDraft(): Promise<void> {
    await this.inTurn(async () => {
      const draft = this.now();
      if (!draft || !this.isDraft || this.differs() || (isBlank(draft) && !this.isAtPlatform)) return null;
      await this.makeRoom(draft);
      if (this.isAtPlatform) return await this.sendChange(draft, draft.title.trim());
      return await this.send(draft, draft.title.trim(), () =>
        this.entries.create(creation(draft, draft.title.trim(), true)),
      );
    });
  }

  private async sendChange(draft: Draft, title: string): Promise<Outcome | null> {
    const before = this.known ?? blankDraft(draft.entryId, '', null);
    const change = difference(before, draft, title);
    if (!change) return null;
    return await this.send(draft, title, () => this.entries.update(draft.entryId, title, change, before.base));
  }

  /** What was refused of the entry gives way to what is sent now, which says all that it said. */
  private async makeRoom(draft: Draft): Promise<void> {
    if (!(await this.entries.giveWay(draft.entryId))) return;
    this.isAtPlatform = false;
    this.known = null;
  }

  /** What waited was sent: the next change is made on the version that it has made. */
  private confirmed(outcome: Outcome): void {
    if (outcome.kind === 'refused') {
      this.refused(outcome.refusal);
      void this.look(false);
    } else if (outcome.kind === 'sent' && outcome.entry) {
      const { version } = outcome.entry;
      this.entry.set(outcome.entry);
      if (this.known) this.known = { ...this.known, base: version };
      if (this.progress() === 'waiting' && this.unconfirmed.size === 0) this.progress.set('saved');
    }
  }

  private refused(refusal: Refusal): void {
    this.failed.set(refusal);
    this.progress.set('refused');
  }

  private async send(draft: Draft, title: string, write: () => Promise<Outcome>): Promise<Outcome> {
    this.progress.set('sending');
    const outcome = await write();
    if (outcome.kind === 'refused') {
      this.refused(outcome.refusal);
      await this.look(false);
      return outcome;
    }
    this.failed.set(null);
    this.isAtPlatform = true;
    if (outcome.kind === 'waiting') this.unconfirmed.add(outcome.itemId);
    const version = outcome.kind === 'sent' ? (outcome.entry?.version ?? null) : null;
    if (outcome.kind === 'sent' && outcome.entry) this.entry.set(outcome.entry);
    this.known = { ...draft, title, base: version ?? this.known?.base ?? null };
    if (this.now() === draft) {
      this.progress.set(outcome.kind === 'sent' ? 'saved' : 'waiting');
      if (outcome.kind === 'sent') await this.drafts.drop(draft.entryId);
    } else {
      this.progress.set('typing');
    }
    return outcome;
  }

  /**
   * Whether something of this entry was refused, as because another device was faster. `takesText`: what was refused has the only copy of
   * what was typed.
   */
  private async look(takesText: boolean): Promise<void> {
    const id = this.now()?.entryId;
    const items = id ? this.outbox.ofEntry(id).filter(each => each.refusal !== null) : [];
    const isLate = ({ refusal, change }: OutboxItem) => refusal?.code === 'CONFLICT' && change.kind === 'update';
    const item = items.find(isLate) ?? items[0];
    if (!item?.refusal) return;
    if (takesText && item.change.kind === 'update') {
      const input = Object.fromEntries(Object.entries(item.change.input).filter(([, value]) => value !== undefined));
      this.now.update(draft => draft && ({ ...draft, ...input, entryId: draft.entryId } as Draft));
    }
    this.refused(item.refusal);
    if (!isLate(item)) return;
    const answer = await this.entries.get(item.entryId).catch(() => null);
    if (answer?.from === 'platform') this.differs.set({ item, theirs: answer.entry });
  }

  /** One write after the other: the next one is made on what the one before has made. */
  private inTurn<T>(action: () => Promise<T>): Promise<T> {
    const next = this.queue.then(action, action);
    this.queue = next.catch(() => undefined);
    return next;
  }
}
