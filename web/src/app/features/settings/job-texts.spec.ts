import { TestBed } from '@angular/core/testing';
import errors from '@i18n/de/errors.json';
import jobs from '@i18n/de/jobs.json';
import { TranslocoService } from '@jsverse/transloco';
import { Account } from '@/core/auth/account';
import { Languages } from '@/core/text/languages';
import { Dates } from '@/core/time/dates';
import { JobFailureText } from './job-failure';
import { ProblemText } from './problem-text';

interface Tree {
  readonly [name: string]: string | Tree;
}

function textAt(key: string): string | null {
  const found = key
    .split('.')
    .reduce<string | Tree | undefined>((tree, name) => (typeof tree === 'object' ? tree[name] : undefined), {
      ...errors,
      ...jobs,
    });
  return typeof found === 'string' ? found : null;
}

const transloco = {
  getActiveLang: () => 'de',
  translate: (key: string, params: Record<string, unknown> = {}) =>
    (textAt(key) ?? key).replace(/\{\{(\w+)\}\}/gu, (_, name: string) => String(params[name] ?? '')),
} as unknown as TranslocoService;

function inGerman<T>(of: new () => T): T {
  TestBed.configureTestingModule({
    providers: [
      { provide: TranslocoService, useValue: transloco },
      { provide: Languages, useValue: { locale: () => 'de' } },
      { provide: Dates, useValue: {} },
      { provide: Account, useValue: { me: () => null } },
    ],
  });
  return TestBed.inject(of);
}

describe('a record of an import that is left out', () => {
  const problem = (of: Partial<Parameters<ProblemText['of']>[0]>) => ({
    record: 'Travels.json, entry 2',
    field: null,
    rule: 'damaged',
    params: {},
    message: 'Said in English.',
    ...of,
  });

  it('is named in the language of the page', () => {
    const texts = inGerman(ProblemText);
    for (const [record, shown] of [
      ['Travels.json, entry 2', 'Travels.json, Eintrag 2'],
      ['daylio.csv, line 4', 'daylio.csv, Zeile 4'],
      ['data.json, journal `Work`, entry 3', 'data.json, Tagebuch „Work“, Eintrag 3'],
      ['a.md, record 1, img/entry 7.png', 'a.md, Stück 1, img/entry 7.png'],
      ['mindflow.json', 'mindflow.json'],
    ] as const) {
      expect(texts.place(problem({ record }))).toBe(shown);
    }
  });

  it('is explained with the values of its rule', () => {
    const texts = inGerman(ProblemText);
    const date = { field: 'entryDate', rule: 'format', params: { expected: 'date', value: '31. Mai' } };
    const long = { field: 'title', rule: 'too-long', params: { max: 200, actual: 201, unit: 'characters' } };
    const tag = { field: 'tags[3]', rule: 'blank', params: {} };
    expect(texts.of(problem(date))).toBe('„31. Mai“ ist kein Datum.');
    expect(texts.of(problem(long))).toBe('Titel: Höchstens 200 Zeichen sind möglich.');
    expect(texts.of(problem(tag))).toBe('Schlagwörter: Schreibe mindestens ein Zeichen.');
    expect(texts.of(problem({ rule: 'too-many', params: { max: 200_000 } }))).toBe(
      'Höchstens 200.000 Zeilen werden gelesen.',
    );
    expect(texts.of(problem({ rule: 'too-many', params: { max: 50, quota: 'journals' } }))).toBe(
      'Du hast 50 Tagebücher, mehr passen nicht.',
    );
  });

  it('is as the platform says it where the rule is not known', () => {
    expect(inGerman(ProblemText).of(problem({ rule: 'of-a-later-release' }))).toBe('Said in English.');
  });
});

describe('a job that failed', () => {
  const failed = (failure: Parameters<JobFailureText['of']>[1]['failure']) => ({ error: 'Said in English.', failure });

  it('says why with names and sizes', () => {
    const texts = inGerman(JobFailureText);
    const two = failed({ reason: 'OVERLAPS', files: ['a.json', 'b.json'], max: null });
    const large = failed({ reason: 'TOO_LARGE', files: ['a.json'], max: 1_048_576 });
    const full = failed({ reason: 'DAY_FULL', files: [], max: 20_000 });
    expect(texts.of('import', two)).toContain('an derselben Stelle: a.json und b.json.');
    expect(texts.of('import', large)).toMatch(/^Diese Datei ist größer als 1\sMB: a\.json\.$/u);
    expect(texts.of('import', full)).toContain('höchstens 20.000 Einträge und Stimmungen');
    expect(texts.of('export', failed({ reason: 'GAVE_UP', files: [], max: null }))).toContain('Beginne den Export');
  });

  it('says what the platform does where it gives no reason or an unknown one', () => {
    const texts = inGerman(JobFailureText);
    expect(texts.of('import', failed(null))).toBe('Said in English.');
    const later = failed({ reason: 'OF_A_LATER_RELEASE' as 'GAVE_UP', files: [], max: null });
    expect(texts.of('import', later)).toBe('Said in English.');
    expect(texts.of('import', { error: null, failure: null })).toBeNull();
  });
});
