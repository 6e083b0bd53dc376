import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import type { MediaFieldsFragment } from '@/gql/generated';
import { Auth } from '../auth/auth';
import { Reachability } from '../graphql/reachability';
import { Media } from './media';
import { FILE_BYTES_MAX, type Uploaded, Uploads } from './uploads';

/** A request that the test answers. */
class Request {
  static all: Request[] = [];
  upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {};
  onload?: () => void;
  onerror?: () => void;
  onabort?: () => void;
  status = 0;
  responseText = '';
  headers: Record<string, string> = {};

  open(): void {
    Request.all.push(this);
  }
  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }
  getResponseHeader(): null {
    return null;
  }
  send(): void {
    // The test answers.
  }
  abort(): void {
    this.onabort?.();
  }
  answer(status: number, body: unknown): void {
    this.status = status;
    this.responseText = JSON.stringify(body);
    this.onload?.();
  }
}

const file = (name: string) => new File(['x'], name, { type: 'image/png' });
/** Waits until something is so, for at most a second. */
const until = (condition: () => boolean) => vi.waitFor(() => expect(condition()).toBe(true), 1_000);

describe('files on their way', () => {
  const online = signal(true);

  function world() {
    Request.all = [];
    online.set(true);
    vi.stubGlobal('XMLHttpRequest', Request);
    TestBed.configureTestingModule({
      providers: [
        Uploads,
        {
          provide: Auth,
          useValue: { state: signal('in'), token: async () => 'first', tokenAfter: async () => 'second' },
        },
        { provide: Reachability, useValue: { online } },
        { provide: Media, useValue: { byId: async (id: string) => ({ id }) as MediaFieldsFragment } },
      ],
    });
    const uploads = TestBed.inject(Uploads);
    const arrived: Uploaded[] = [];
    uploads.arrived.subscribe(each => arrived.push(each));
    return { uploads, arrived };
  }

  afterEach(() => vi.unstubAllGlobals());

  it('say how much was sent, and are gone from the list when they arrived', async () => {
    const { uploads, arrived } = world();
    const [key] = uploads.add([file('a.png')]);
    await until(() => Request.all.length === 1);
    expect(Request.all[0]?.headers['authorization']).toBe('Bearer first');
    Request.all[0]?.upload.onprogress?.({ loaded: 1, total: 4 });
    expect(uploads.all()[0]).toMatchObject({ state: 'sending', sent: 0.25 });
    Request.all[0]?.upload.onprogress?.({ loaded: 4, total: 4 });
    expect(uploads.all()[0]?.state).toBe('reading');
    Request.all[0]?.answer(201, { id: 'm' });
    await until(() => arrived.length === 1);
    expect(arrived[0]).toMatchObject({ key, media: { id: 'm' } });
    expect(uploads.all()).toEqual([]);
  });

  it('go two by two', async () => {
    const { uploads, arrived } = world();
    uploads.add(['a', 'b', 'c'].map(file));
    await until(() => Request.all.length === 2);
    Request.all[0]?.answer(201, { id: '1' });
    await until(() => Request.all.length === 3);
    expect(arrived).toHaveLength(1);
  });

  it('are sent once more with a new token', async () => {
    const { uploads, arrived } = world();
    uploads.add([file('a.png')]);
    await until(() => Request.all.length === 1);
    Request.all[0]?.answer(401, {});
    await until(() => Request.all.length === 2);
    expect(Request.all[1]?.headers['authorization']).toBe('Bearer second');
    Request.all[1]?.answer(201, { id: 'm' });
    await until(() => arrived.length === 1);
  });

  it('are not sent where they are too large', () => {
    const { uploads } = world();
    const large = file('a.png');
    Object.defineProperty(large, 'size', { value: FILE_BYTES_MAX + 1 });
    uploads.add([large]);
    expect(uploads.all()[0]).toMatchObject({ state: 'failed', failure: { code: 'TOO_LARGE' } });
    expect(Request.all).toEqual([]);
  });

  it('are sent again by themselves when there is a network', async () => {
    const { uploads, arrived } = world();
    uploads.add([file('a.png')]);
    await until(() => Request.all.length === 1);
    online.set(false);
    TestBed.tick();
    Request.all[0]?.onerror?.();
    await until(() => uploads.all()[0]?.state === 'failed');
    online.set(true);
    TestBed.tick();
    await until(() => Request.all.length === 2);
    Request.all[1]?.answer(201, { id: 'm' });
    await until(() => arrived.length === 1);
  });

  it('end when they are cancelled', async () => {
    const { uploads, arrived } = world();
    const [key] = uploads.add([file('a.png')]);
    await until(() => Request.all.length === 1);
    uploads.cancel(key ?? '');
    expect(uploads.all()).toEqual([]);
    expect(arrived).toEqual([]);
  });
});
