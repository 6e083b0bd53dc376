import { ChangeDetectionStrategy, Component, DestroyRef, inject, resource, signal } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { failureOf } from '@/core/failure';
import { GraphQL } from '@/core/graphql/graphql';
import { type Progress, Uploads } from '@/core/portability/upload';
import { FailureText } from '@/core/text/failure-text';
import { Sizes } from '@/core/text/sizes';
import { Dates } from '@/core/time/dates';
import { BeginImportDocument, CancelImportDocument, ImportsDocument } from '@/gql/generated';
import { Doing } from '@/ui/doing';
import { Control, Field } from '@/ui/field';
import { Skeleton, Trouble } from '@/ui/states';
import { Toasts } from '@/ui/toasts';
import { ImportReport } from './import-report';
import { JobFailureText } from './job-failure';
import { followed, isUnderWay, shareOf } from './jobs';
import { ProgressBar } from './progress-bar';

/** What other products have written: sent in pieces, read without writing first, and then imported. */
@Component({
  selector: 'mf-import-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Field, Control, Skeleton, Trouble, ProgressBar, ImportReport, TranslocoPipe],
  providers: [Doing],
  template: `
    <section class="section" aria-labelledby="import">
      <h2 class="section__heading" id="import">{{ 'settings.import.heading' | transloco }}</h2>
      <p class="section__text">{{ 'settings.import.text' | transloco }}</p>
      @if (progress(); as progress) {
        <div class="settings__panel" role="status">
          <p>
            {{
              'settings.import.sending' | transloco: { sent: sizes.of(progress.sent), total: sizes.of(progress.total) }
            }}
          </p>
          <mf-progress [label]="'settings.import.upload' | transloco" [share]="share(progress.sent, progress.total)" />
          <div class="row__actions">
            <button type="button" class="button" (click)="stop()">{{ 'settings.import.pause' | transloco }}</button>
          </div>
        </div>
      } @else {
        <form class="form" (submit)="send($event)">
          <mf-field [label]="'settings.import.file' | transloco" [hint]="'settings.import.fileHint' | transloco">
            <input mfControl type="file" name="file" accept=".zip,.daylio,.csv,.json,.md" required />
          </mf-field>
          <button class="button button--primary" [disabled]="doing.busy() || runs()">
            {{ 'settings.import.check' | transloco }}
          </button>
        </form>
      }
      @if (jobs.hasValue()) {
        <ul class="rows" aria-live="polite">
          @for (job of jobs.value(); track job.id) {
            <li class="row">
              <div class="row__text settings__wide">
                <span class="row__title">
                  {{ (job.dryRun ? 'settings.import.trial' : 'settings.import.real') | transloco }}
                  @if (job.format; as format) {
                    <span class="badge">{{ 'settings.import.formats.' + format | transloco }}</span>
                  }
                </span>
                <span class="row__note"
                  >{{ 'settings.job.status.' + job.status | transloco }} · {{ dates.moment(job.createdAt) }}</span
                >
                @if (isUnderWay(job)) {
                  <mf-progress
                    [label]="'settings.import.progress' | transloco"
                    [share]="share(job.recordsDone, job.recordsTotal)"
                  />
                }
                @if (failures.of('import', job); as error) {
                  <span class="row__wrong">{{ error }}</span>
                }
                @if (!isUnderWay(job)) {
                  <mf-import-report [report]="job.report" [isTrial]="job.dryRun" />
                }
              </div>
              <div class="row__actions">
                @if (isUnderWay(job)) {
                  <button type="button" class="button button--small" [disabled]="doing.busy()" (click)="end(job.id)">
                    {{ 'settings.job.cancel' | transloco }}
                  </button>
                } @else if (job.dryRun && job.status === 'READY' && uploads()[job.id]; as uploadId) {
                  <button
                    type="button"
                    class="button button--primary"
                    [disabled]="doing.busy() || runs()"
                    (click)="begin(uploadId, false)"
                  >
                    {{ 'settings.import.begin' | transloco }}
                  </button>
                }
              </div>
            </li>
          }
        </ul>
      } @else if (jobs.error(); as error) {
        <mf-trouble [text]="texts.of(error)" (again)="jobs.reload()" />
      } @else {
        <mf-skeleton [lines]="2" />
      }
    </section>
  `,
})
export class ImportSection {
  private readonly graphql = inject(GraphQL);
  private readonly uploading = inject(Uploads);
  private readonly toasts = inject(Toasts);
  protected readonly texts = inject(FailureText);
  protected readonly failures = inject(JobFailureText);
  protected readonly sizes = inject(Sizes);
  protected readonly dates = inject(Dates);
  protected readonly doing = inject(Doing);
  protected readonly isUnderWay = isUnderWay;
  protected readonly share = shareOf;
  protected readonly progress = signal<Progress | null>(null);
  /** Of trials of this page, what they have read: the same upload is imported afterwards. */
  protected readonly uploads = signal<Readonly<Record<string, string>>>({});
  protected readonly jobs = resource({
    loader: async ({ abortSignal }) =>
      (await this.graphql.query(ImportsDocument, {}, { signal: abortSignal })).imports ?? [],
  });
  protected readonly runs = followed(this.jobs);
  private stopping: AbortController | null = null;

  constructor() {
    inject(DestroyRef).onDestroy(() => this.stop());
  }

  protected async send(event: Event): Promise<void> {
    event.preventDefault();
    const file = new FormData(event.target as HTMLFormElement).get('file');
    if (!(file instanceof File)) return;
    const stopping = (this.stopping = new AbortController());
    try {
      const uploadId = await this.uploading.send(file, progress => this.progress.set(progress), stopping.signal);
      await this.begin(uploadId, true);
    } catch (error) {
      // Who stops it needs no message: the same file goes on where it was.
      if (!stopping.signal.aborted) this.toasts.show(this.texts.of(failureOf(error)), { tone: 'bad' });
    } finally {
      this.progress.set(null);
      this.stopping = null;
    }
  }

  protected stop(): void {
    this.stopping?.abort();
  }

  protected async begin(uploadId: string, dryRun: boolean): Promise<void> {
    await this.doing.run(async () => {
      const { beginImport } = await this.graphql.mutate(BeginImportDocument, { input: { uploadId, dryRun } });
      if (beginImport && dryRun) this.uploads.update(known => ({ ...known, [beginImport.id]: uploadId }));
    });
    this.jobs.reload();
  }

  protected async end(id: string): Promise<void> {
    await this.doing.run(() => this.graphql.mutate(CancelImportDocument, { id }));
    this.jobs.reload();
  }
}
