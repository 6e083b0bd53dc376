import { Injectable, inject } from '@angular/core';
import { TranslocoService } from '@jsverse/transloco';
import { Account } from '../auth/account';
import { type BrokenRule, type Failure, type Params, failureOf } from '../failure';
import type { Refusal } from '../offline/outbox-item';
import { Dates } from '../time/dates';
import { known } from './known';

/** Sentences for users: what happened, and what to do. Rules of docs/errors.md by their ids; others as the platform says them. */
@Injectable({ providedIn: 'root' })
export class FailureText {
  private readonly transloco = inject(TranslocoService);
  private readonly dates = inject(Dates);
  private readonly account = inject(Account);

  /** Of whatever was thrown. */
  of(error: unknown): string {
    return this.ofRefusal(failureOf(error));
  }

  ofRefusal(
    failure:
      (Pick<Failure, 'code' | 'message' | 'rules' | 'quota' | 'limit'> & { retryAfter?: number | null }) | Refusal,
  ): string {
    const [broken] = failure.rules;
    if (broken && failure.code !== 'QUOTA_EXCEEDED') return this.ofRule(broken);
    const key = failure.quota ? `errors.quota.${failure.quota}` : `errors.code.${failure.code}`;
    const retryAfter = 'retryAfter' in failure ? (failure.retryAfter ?? null) : null;
    const params = {
      limit: failure.limit ?? '',
      wait: retryAfter === null ? '' : this.dates.seconds(retryAfter),
      resets: this.nextPeriod(),
    };
    if (retryAfter !== null) {
      const timed = this.known(`${key}_timed`, params);
      if (timed !== null) return timed;
    }
    return this.known(key, params) ?? this.known(`errors.code.${failure.code}`, params) ?? failure.message;
  }

  /** Of an entry that was refused, with the name of its part that is not right. */
  ofEntry(refusal: Refusal): string {
    const text = this.ofRefusal(refusal);
    const [broken] = refusal.rules;
    return refusal.code === 'QUOTA_EXCEEDED' ? text : this.named(broken?.field ?? '', text);
  }

  /** Of a part of an entry, with its name. */
  ofPart(broken: BrokenRule): string {
    return this.named(broken.field, this.ofRule(broken));
  }

  /** Of a file that did not arrive. */
  ofUpload(error: unknown): string {
    const failure = failureOf(error);
    return failure.code === 'TOO_LARGE' ? this.transloco.translate('errors.file') : this.of(failure);
  }

  /** Of a field, if it is the one that is not right. */
  ofField(error: unknown, field: string): string | null {
    const broken = error == null ? undefined : failureOf(error).of(field);
    return broken ? this.ofRule(broken) : null;
  }

  ofRule({ rule, params, message }: BrokenRule): string {
    if (rule === null) return message;
    const shown = this.values(params);
    const variant =
      typeof params['unit'] === 'string' ? params['unit'] : rule === 'format' ? String(params['expected'] ?? '') : '';
    const bounds = rule === 'range' ? (params['min'] == null ? 'max' : params['max'] == null ? 'min' : '') : '';
    for (const suffix of [variant, bounds]) {
      const text = suffix ? this.known(`errors.rule.${rule}_${suffix}`, shown) : null;
      if (text !== null) return text;
    }
    return this.known(`errors.rule.${rule}`, shown) ?? message;
  }

  /** The values of a rule as texts have them. */
  values(params: Params): Record<string, string> {
    return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, this.value(value)]));
  }

  private named(field: string, text: string): string {
    const part = /(\w+)(?:\[\d+\])?$/u.exec(field)?.[1];
    const name = part ? this.known(`errors.field.${part}`, {}) : null;
    return name === null ? text : `${name}: ${text}`;
  }

  /** When the quota of a month is there again: as the platform says, else by this clock; months are of UTC. */
  private nextPeriod(): string {
    const resetsAt = this.account.me()?.quota?.resetsAt;
    const now = new Date();
    if (resetsAt && new Date(resetsAt) > now) return this.dates.shortDay(resetsAt.slice(0, 10));
    return this.dates.shortDay(
      new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)).toISOString().slice(0, 10),
    );
  }

  private value(value: unknown): string {
    if (typeof value === 'number') return value.toLocaleString(this.transloco.getActiveLang());
    if (Array.isArray(value)) return value.join(', ');
    return String(value ?? '');
  }

  private known(key: string, params: Record<string, unknown>): string | null {
    return known(this.transloco, key, params);
  }
}
