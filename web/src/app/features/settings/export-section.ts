import { ChangeDetectionStrategy, Component, inject, resource, signal } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { FailureText } from '@/core/text/failure-text';
import { Sizes } from '@/core/text/sizes';
import { Dates } from '@/core/time/dates';
import {
  CancelExportDocument,
  type ExportFieldsFragment,
  type ExportFormat,
  ExportsDocument,
  RequestExportDocument,
} from '@/gql/generated';
import { Doing } from '@/ui/doing';
import { Icon } from '@/ui/icon';
import { Skeleton, Trouble } from '@/ui/states';
import { JobFailureText } from './job-failure';
import { followed, isUnderWay, shareOf } from './jobs';
import { ProgressBar } from './progress-bar';

const FORMATS: readonly ExportFormat[] = ['MINDFLOW', 'DAY_ONE', 'HTML'];

/** The whole journal as a file. */
@Component({
  selector: 'mf-export-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon, Skeleton, Trouble, ProgressBar, TranslocoPipe],
  providers: [Doing],
  template: `
    <section class="section" aria-labelledby="export">
      <h2 class="section__heading" id="export">{{ 'settings.export.heading' | transloco }}</h2>
      <p class="section__text">{{ 'settings.export.text' | transloco }}</p>
      <fieldset>
        <legend class="field__label">{{ 'settings.export.format' | transloco }}</legend>
        <div class="settings__choices">
          @for (each of formats; track each) {
            <label class="check">
              <input type="radio" name="format" [checked]="format() === each" (change)="format.set(each)" />
              <span
                >{{ 'settings.export.formats.' + each | transloco }}
                <span class="row__note">{{ 'settings.export.formatTexts.' + each | transloco }}</span></span
              >
            </label>
          }
        </div>
      </fieldset>
      <div class="row__actions">
        <button type="button" class="button button--primary" [disabled]="doing.busy() || runs()" (click)="begin()">
          {{ 'settings.export.begin' | transloco }}
        </button>
      </div>
      @if (jobs.hasValue()) {
        <ul class="rows" aria-live="polite">
          @for (job of jobs.value(); track job.id) {
            <li class="row">
              <div class="row__text">
                <span class="row__title">{{ 'settings.export.formats.' + job.format | transloco }}</span>
                <span class="row__note">
                  {{ 'settings.job.status.' + job.status | transloco }} · {{ dates.moment(job.createdAt) }}
                  @if (job.status === 'READY') {
                    · {{ sizes.of(job.bytes) }}
                  }
                </span>
                @if (isUnderWay(job)) {
                  <mf-progress [label]="'settings.export.progress' | transloco" [share]="share(job)" />
                }
                @if (failures.of('export', job); as error) {
                  <span class="row__wrong">{{ error }}</span>
                }
                @if (job.expiresAt && job.status === 'READY') {
                  <span class="row__note">{{
                    'settings.export.until' | transloco: { day: dates.moment(job.expiresAt) }
                  }}</span>
                }
              </div>
              <div class="row__actions">
                @if (job.url; as url) {
                  <a class="button button--small" [href]="url" download>
                    <mf-icon name="down" /><span>{{ 'settings.export.download' | transloco }}</span>
                  </a>
                }
                @if (isUnderWay(job)) {
                  <button type="button" class="button button--small" [disabled]="doing.busy()" (click)="end(job)">
                    {{ 'settings.job.cancel' | transloco }}
                  </button>
                } @else if (job.status === 'READY') {
                  <button
                    type="button"
                    class="icon-button"
                    [attr.aria-label]="'settings.export.remove' | transloco"
                    [disabled]="doing.busy()"
                    (click)="end(job)"
                  >
                    <mf-icon name="trash" />
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
export class ExportSection {
  private readonly graphql = inject(GraphQL);
  protected readonly texts = inject(FailureText);
  protected readonly failures = inject(JobFailureText);
  protected readonly sizes = inject(Sizes);
  protected readonly dates = inject(Dates);
  protected readonly doing = inject(Doing);
  protected readonly formats = FORMATS;
  protected readonly format = signal<ExportFormat>('MINDFLOW');
  protected readonly isUnderWay = isUnderWay;
  protected readonly jobs = resource({
    loader: async ({ abortSignal }) =>
      (await this.graphql.query(ExportsDocument, {}, { signal: abortSignal })).exports ?? [],
  });
  protected readonly runs = followed(this.jobs);

  protected share(job: ExportFieldsFragment): number | null {
    return shareOf(job.entriesDone + job.mediaDone, job.entriesTotal + job.mediaTotal);
  }

  protected async begin(): Promise<void> {
    await this.doing.run(() => this.graphql.mutate(RequestExportDocument, { format: this.format() }));
    this.jobs.reload();
  }

  protected async end({ id }: ExportFieldsFragment): Promise<void> {
    await this.doing.run(() => this.graphql.mutate(CancelExportDocument, { id }));
    this.jobs.reload();
  }
}
