import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { Auth } from '../auth/auth';
import { Drafts, type KeptDraft } from './drafts';

const draft = (entryId: string, content: string): KeptDraft => ({
  entryId,
  base: null,
  title: 'A title',
  content,
  mood: null,
  tags: [],
  entryDate: '2026-11-30',
  entryTime: null,
  place: null,
  attachmentIds: [],
  journalId: null,
  private: false,
  keptAt: '2026-11-30T10:00:00Z',
});

function open(id: string): Drafts {
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({ providers: [{ provide: Auth, useValue: { person: signal({ id }) } }] });
  return TestBed.inject(Drafts);
}

describe('texts that are being written', () => {
  it('are found as the page left them when it went', async () => {
    const page = open('ann');
    await page.keep(draft('e', 'kept'));
    page.leave(draft('e', 'kept, and a word more'));
    const next = open('ann');
    expect((await next.find('e'))?.content).toBe('kept, and a word more');
    await next.keep(draft('e', 'later'));
    expect((await open('ann').find('e'))?.content).toBe('later');
  });

  it('are in the list when the page went before it kept them', async () => {
    open('bea').leave(draft('f', 'a word'));
    expect((await open('bea').all()).map(({ content }) => content)).toEqual(['a word']);
  });

  it('stay when another tab has sent its own text of the same entry', async () => {
    const [first, second] = [open('eve'), open('eve')];
    await first.keep(draft('h', 'of the first tab'));
    await second.keep(draft('h', 'of the second tab'));
    await first.drop('h');
    expect((await second.find('h'))?.content).toBe('of the second tab');
    first.leave(draft('h', 'of the first tab, when it was closed'));
    await second.drop('h');
    expect((await open('eve').find('h'))?.content).toBe('of the first tab, when it was closed');
  });

  it('are no one else’s, and gone when they are dropped', async () => {
    open('cleo').leave(draft('g', 'hers'));
    expect(await open('dan').find('g')).toBeNull();
    const page = open('cleo');
    expect((await page.find('g'))?.content).toBe('hers');
    await page.drop('g');
    expect(await page.find('g')).toBeNull();
  });
});
