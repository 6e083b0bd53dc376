import { Injectable, computed, inject } from '@angular/core';
import { Auth } from '../auth/auth';
import { Languages } from '../text/languages';

/** Days are texts, `YYYY-MM-DD`, in the time zone of the account; moments are RFC 3339. */
@Injectable({ providedIn: 'root' })
export class Dates {
  private readonly auth = inject(Auth);
  private readonly languages = inject(Languages);

  /** Making one takes longer than using it a thousand times. */
  private readonly formats = new Map<string, Intl.DateTimeFormat>();

  readonly zone = computed(() => knownZone(this.auth.person()?.timezone));

  /** Today in the account's time zone. */
  today(): string {
    return dayOf(new Date(), this.zone());
  }

  /** `HH:MM` of now on a clock of the account's time zone. */
  timeNow(): string {
    return timeOf(new Date(), this.zone());
  }

  /** Such as `Monday, 30 November`; with the year if it is not the present one. */
  day(date: string): string {
    const thisYear = date.slice(0, 4) === this.today().slice(0, 4);
    return this.format(
      noon(date),
      { weekday: 'long', day: 'numeric', month: 'long', ...(thisYear ? {} : { year: 'numeric' }) },
      'UTC',
    );
  }

  /** Such as `30 Nov 2026`. */
  shortDay(date: string): string {
    return this.format(noon(date), { day: 'numeric', month: 'short', year: 'numeric' }, 'UTC');
  }

  /** Such as `30 Nov`. */
  dayAndMonth(date: string): string {
    return this.format(noon(date), { day: 'numeric', month: 'short' }, 'UTC');
  }

  dayOfMonth(date: string): string {
    return String(Number(date.slice(8, 10)));
  }

  /** Such as `Mon`. */
  weekday(date: string, width: 'short' | 'long' | 'narrow' = 'short'): string {
    return this.format(noon(date), { weekday: width }, 'UTC');
  }

  /** Such as `November 2026`. */
  month(date: string): string {
    return this.format(noon(date), { month: 'long', year: 'numeric' }, 'UTC');
  }

  /** Such as `Nov`; with the year if it is not the present one. */
  monthShort(date: string): string {
    const thisYear = date.slice(0, 4) === this.today().slice(0, 4);
    return this.format(noon(date), { month: 'short', ...(thisYear ? {} : { year: 'numeric' }) }, 'UTC');
  }

  /** The clock time of a moment. */
  time(moment: string): string {
    return this.format(new Date(moment), { hour: 'numeric', minute: '2-digit' }, this.zone());
  }

  /** `HH:MM` as the language writes it. */
  clock(time: string): string {
    return this.format(new Date(`2000-01-01T${time}:00Z`), { hour: 'numeric', minute: '2-digit' }, 'UTC');
  }

  moment(moment: string): string {
    return this.format(new Date(moment), { dateStyle: 'medium', timeStyle: 'short' }, this.zone());
  }

  /** The clock time of a moment to the second. */
  clockWithSeconds(moment: string): string {
    return this.format(new Date(moment), { timeStyle: 'medium' }, this.zone());
  }

  /** A short duration, such as `340 ms` or `12 min`. */
  milliseconds(milliseconds: number): string {
    const [value, unit] =
      milliseconds < 1_000
        ? [milliseconds, 'millisecond']
        : milliseconds < 120_000
          ? [milliseconds / 1_000, 'second']
          : milliseconds < 7_200_000
            ? [milliseconds / 60_000, 'minute']
            : [milliseconds / 3_600_000, 'hour'];
    const options: Intl.NumberFormatOptions = { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 };
    return new Intl.NumberFormat(this.languages.locale(), options).format(value);
  }

  /** Such as `5 minutes ago`. */
  ago(moment: string): string {
    const seconds = (new Date(moment).getTime() - Date.now()) / 1000;
    const format = new Intl.RelativeTimeFormat(this.languages.locale(), { numeric: 'auto' });
    for (const [unit, size] of UNITS) {
      if (Math.abs(seconds) >= size || unit === 'second') return format.format(Math.round(seconds / size), unit);
    }
    return '';
  }

  /** A duration in words, such as `15 minutes`. */
  seconds(seconds: number): string {
    const [value, unit] =
      seconds < 90 ? [seconds, 'second'] : seconds < 5400 ? [seconds / 60, 'minute'] : [seconds / 3600, 'hour'];
    return new Intl.NumberFormat(this.languages.locale(), { style: 'unit', unit, unitDisplay: 'long' }).format(
      Math.ceil(value),
    );
  }

  private format(at: Date, options: Intl.DateTimeFormatOptions, timeZone: string): string {
    const language = this.languages.locale();
    const key = `${language} ${timeZone} ${JSON.stringify(options)}`;
    let format = this.formats.get(key);
    if (!format) this.formats.set(key, (format = new Intl.DateTimeFormat(language, { ...options, timeZone })));
    return format.format(at);
  }
}

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

const noon = (date: string): Date => new Date(`${date}T12:00:00Z`);

/** The day of a moment in a time zone. */
export function dayOf(at: Date, timeZone: string): string {
  const parts = partsOf(at, timeZone);
  return `${parts['year']}-${parts['month']}-${parts['day']}`;
}

export function timeOf(at: Date, timeZone: string): string {
  const parts = partsOf(at, timeZone);
  return `${parts['hour']}:${parts['minute']}`;
}

/** The day so many days later. */
export function daysAfter(date: string, days: number): string {
  const at = noon(date);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

function partsOf(at: Date, timeZone: string): Record<string, string> {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return Object.fromEntries(format.formatToParts(at).map(part => [part.type, part.value]));
}

/** The zone of the account; that of this device where there is none, or this browser does not know it. */
function knownZone(zone: string | undefined): string {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone) return here;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return zone;
  } catch {
    return here;
  }
}
