import { DestroyRef, Injectable, effect, inject, signal, untracked } from '@angular/core';
import { Subject } from 'rxjs';
import type { MediaFieldsFragment } from '@/gql/generated';
import { Auth } from '../auth/auth';
import { Failure, failureOf, failureOfProblem, offline } from '../failure';
import { Reachability } from '../graphql/reachability';
import { Media } from './media';

/** docs/media.md: a larger file is refused, so it is not sent. */
export const FILE_BYTES_MAX = 10 * 1024 * 1024;
/** Files that are sent side by side; the others wait. */
const SIDE_BY_SIDE = 2;

export interface Upload {
  /** Of this page. */
  readonly key: string;
  readonly file: File;
  /** `reading`: it was sent, and the platform looks at it. */
  readonly state: 'waiting' | 'sending' | 'reading' | 'failed';
  /** From 0 to 1. */
  readonly sent: number;
  readonly failure: Failure | null;
}

/** A file that arrived. */
export interface Uploaded {
  readonly key: string;
  readonly media: MediaFieldsFragment;
}

let last = 0;

/** Files on their way to `POST /media`. One that met no network, or no session, is sent again by itself when there is one. */
@Injectable()
export class Uploads {
  private readonly auth = inject(Auth);
  private readonly media = inject(Media);
  private readonly list = signal<readonly Upload[]>([]);
  private readonly arrivals = new Subject<Uploaded>();
  private readonly ends = new Map<string, AbortController>();

  /** Those that did not arrive yet. */
  readonly all = this.list.asReadonly();
  readonly arrived = this.arrivals.asObservable();

  constructor() {
    const reachability = inject(Reachability);
    effect(() => {
      if (!reachability.online() || this.auth.state() !== 'in') return;
      untracked(() =>
        this.list()
          .filter(isToGoAgain)
          .forEach(upload => this.again(upload.key)),
      );
    });
    inject(DestroyRef).onDestroy(() => this.ends.forEach(end => end.abort()));
  }

  /** Answers their keys, in the order of the files. */
  add(files: readonly File[]): readonly string[] {
    const added = files.map((file): Upload => {
      const key = `upload-${++last}`;
      const failure = file.size > FILE_BYTES_MAX ? tooLarge(file) : null;
      return { key, file, state: failure ? 'failed' : 'waiting', sent: 0, failure };
    });
    this.list.update(list => [...list, ...added]);
    this.sendNext();
    return added.map(upload => upload.key);
  }

  again(key: string): void {
    this.change(key, { state: 'waiting', sent: 0, failure: null });
    this.sendNext();
  }

  /** Ends it, wherever it is. */
  cancel(key: string): void {
    this.ends.get(key)?.abort();
    this.list.update(list => list.filter(upload => upload.key !== key));
    this.sendNext();
  }

  private sendNext(): void {
    const going = this.list().filter(upload => upload.state === 'sending' || upload.state === 'reading').length;
    const next = this.list()
      .filter(upload => upload.state === 'waiting')
      .slice(0, Math.max(0, SIDE_BY_SIDE - going));
    for (const upload of next) void this.send(upload);
  }

  private async send({ key, file }: Upload): Promise<void> {
    const end = new AbortController();
    this.ends.set(key, end);
    this.change(key, { state: 'sending', sent: 0 });
    try {
      const media = await this.media.byId(await this.post(key, file, end.signal));
      if (!media) throw new Failure({ code: 'NOT_FOUND', message: 'The file is not there.' });
      if (end.signal.aborted) return;
      this.list.update(list => list.filter(upload => upload.key !== key));
      this.arrivals.next({ key, media });
    } catch (error) {
      if (!end.signal.aborted) this.change(key, { state: 'failed', failure: failureOf(error) });
    } finally {
      this.ends.delete(key);
      this.sendNext();
    }
  }

  /** Answers the file's id. With a token that was refused once more. */
  private async post(key: string, file: File, signal: AbortSignal): Promise<string> {
    const progress = (sent: number): void => this.change(key, { sent, state: sent >= 1 ? 'reading' : 'sending' });
    const token = await this.auth.token();
    try {
      return await sendFile(file, token, progress, signal);
    } catch (error) {
      if (failureOf(error).code !== 'UNAUTHENTICATED') throw error;
      return await sendFile(file, await this.auth.tokenAfter(token), progress, signal);
    }
  }

  private change(key: string, change: Partial<Upload>): void {
    this.list.update(list => list.map(upload => (upload.key === key ? { ...upload, ...change } : upload)));
  }
}

/** It met no network, or the session had ended. */
function isToGoAgain({ state, failure }: Upload): boolean {
  return state === 'failed' && (failure?.code === 'OFFLINE' || failure?.code === 'UNAUTHENTICATED');
}

function tooLarge(file: File): Failure {
  return new Failure({ code: 'TOO_LARGE', message: `${file.name} has more than ${FILE_BYTES_MAX} bytes.` });
}

/** By `XMLHttpRequest`, since `fetch` does not say how much was sent. Answers the file's id. Throws a `Failure`. */
export function sendFile(
  file: File,
  token: string | null,
  progress: (sent: number) => void,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/media');
    request.setRequestHeader('accept', 'application/json');
    // Through the service worker there would be no progress.
    request.setRequestHeader('ngsw-bypass', 'true');
    if (token !== null) request.setRequestHeader('authorization', `Bearer ${token}`);
    request.upload.onprogress = event => progress(event.total > 0 ? event.loaded / event.total : 0);
    request.onerror = request.ontimeout = request.onabort = () => reject(offline());
    request.onload = () => {
      const answer = parsed(request.responseText);
      const id = (answer as { id?: unknown } | null)?.id;
      if (request.status === 201 && typeof id === 'string') resolve(id);
      // The service worker answers so where there is no network, and a proxy where there is no platform.
      else if (request.status >= 502 && answer === null) reject(offline());
      else reject(failureOfProblem(request.status, answer, request.getResponseHeader('retry-after')));
    };
    signal.addEventListener('abort', () => request.abort(), { once: true });
    const form = new FormData();
    form.append('file', file, file.name);
    request.send(form);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
