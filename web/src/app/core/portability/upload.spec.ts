import { TestBed } from '@angular/core/testing';
import { Auth } from '../auth/auth';
import { PIECE_BYTES, Uploads } from './upload';

/** A platform that keeps what arrives. `breaks`: requests of which the answer is lost after the piece was kept. */
function platform(breaks: readonly number[] = []) {
  const state = { bytes: 0, begun: 0, requests: 0 };
  vi.stubGlobal('fetch', async (path: string, init: { method: string; body: Blob }) => {
    const request = ++state.requests;
    if (init.method === 'POST') {
      state.bytes = 0;
      state.begun++;
    } else if (new URL(path, 'http://x').searchParams.get('offset') !== String(state.bytes)) {
      const errors = [{ field: 'offset', rule: 'range', params: { min: state.bytes, max: state.bytes }, message: '' }];
      return new Response(JSON.stringify({ status: 422, errors }), { status: 422 });
    }
    state.bytes += init.body.size;
    if (breaks.includes(request)) throw new TypeError('Failed to fetch');
    return new Response(JSON.stringify({ uploadId: 'u', bytes: state.bytes }), { status: 201 });
  });
  return state;
}

const large = () => new File([new Uint8Array(PIECE_BYTES * 2 + 10)], 'journal.zip', { lastModified: 1 });
const never = new AbortController().signal;

describe('an upload in pieces', () => {
  beforeEach(() => {
    localStorage.clear();
    TestBed.configureTestingModule({ providers: [{ provide: Auth, useValue: { token: async () => 't' } }] });
  });
  afterEach(() => vi.unstubAllGlobals());

  it('says how far it is', async () => {
    const state = platform();
    const seen: number[] = [];
    expect(await TestBed.inject(Uploads).send(large(), ({ sent }) => seen.push(sent), never)).toBe('u');
    expect(seen).toEqual([0, PIECE_BYTES, PIECE_BYTES * 2, PIECE_BYTES * 2 + 10]);
    expect(state).toMatchObject({ begun: 1, bytes: PIECE_BYTES * 2 + 10 });
  });

  it('goes on behind a piece whose answer was lost', async () => {
    const state = platform([2]);
    await TestBed.inject(Uploads).send(large(), () => undefined, never);
    expect(state).toMatchObject({ begun: 1, bytes: PIECE_BYTES * 2 + 10 });
  });

  it('goes on when the same file is chosen after the page was closed', async () => {
    const state = platform();
    const closed = new AbortController();
    const first = TestBed.inject(Uploads).send(large(), ({ sent }) => sent > 0 && closed.abort(), closed.signal);
    // The stub answers without looking at the signal, so the page is closed between two pieces.
    vi.stubGlobal(
      'fetch',
      (
        (before: typeof fetch) =>
        async (...given: Parameters<typeof fetch>) => {
          if (closed.signal.aborted) throw new DOMException('closed', 'AbortError');
          return await before(...given);
        }
      )(fetch),
    );
    await expect(first).rejects.toMatchObject({ code: 'OFFLINE' });
    vi.unstubAllGlobals();
    const there = state.bytes;
    const again = platform();
    again.bytes = there;
    await TestBed.inject(Uploads).send(large(), () => undefined, never);
    expect(again).toMatchObject({ begun: 0, bytes: PIECE_BYTES * 2 + 10 });
  });
});
