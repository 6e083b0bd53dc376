import { Injectable, inject } from '@angular/core';
import { TranslocoService } from '@jsverse/transloco';
import type { Params } from '@/core/failure';
import { FailureText } from '@/core/text/failure-text';
import { known } from '@/core/text/known';
import type { ImportFieldsFragment } from '@/gql/generated';

type Problem = ImportFieldsFragment['report']['problems'][number];

/** A record of a file in the place of a problem, such as `Travels.json, entry 2`. */
const NUMBERED = /, (entry|mood|line|record) (\d+)(?=,|$)/gu;
/** A journal in it: `data.json, journal `Travels`, entry 2`. */
const JOURNAL = /, journal `([^`]*)`(?=,|$)/u;

/** Which record of an import was left out, and why. */
@Injectable({ providedIn: 'root' })
export class ProblemText {
  private readonly transloco = inject(TranslocoService);
  private readonly texts = inject(FailureText);

  place({ record }: Problem): string {
    return record
      .replace(NUMBERED, (said, kind: string, number: string) => this.part(kind, { number }, said))
      .replace(JOURNAL, (said, name: string) => this.part('journal', { name }, said));
  }

  /** By what it is about and its rule; else as any input that breaks the rule. */
  of({ field, rule, params, message }: Problem): string {
    const values = this.texts.values(params as Params);
    const quota = values['quota'];
    if (quota) return known(this.transloco, `errors.quota.${quota}`, { limit: values['max'] }) ?? message;
    const usual = this.texts.ofPart({ field: field ?? '', rule, params: params as Params, message });
    return known(this.transloco, `jobs.problem.${field ?? 'record'}.${rule}`, values) ?? usual;
  }

  private part(kind: string, params: Params, said: string): string {
    const text = known(this.transloco, `jobs.place.${kind}`, params);
    return text ? `, ${text}` : said;
  }
}
