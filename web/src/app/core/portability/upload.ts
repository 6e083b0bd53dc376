import { Injectable, inject } from '@angular/core';
import { Auth } from '../auth/auth';
import { Failure, failureOf, failureOfProblem, offline } from '../failure';
import { LocalSettings } from '../settings/local-settings';

/** Below the 8 MiB that the platform takes in one request, so that one that breaks off costs little. */
export const PIECE_BYTES = 4 * 1024 * 1024;
/** How long the platform may take for a piece, in milliseconds: a slow line has 35 kB a second. */
const PIECE_MS_MAX = 120_000;
/** How often a piece is sent again while nothing arrives, and the first rest before it, in milliseconds; each further one is twice as long. */
const ATTEMPTS_MAX = 6;
const REST_MS = 1_000;
/** The upload that is under way on this device. */
const KEPT = 'upload';

interface Kept {
  readonly uploadId: string;
  readonly file: string;
}

export interface Progress {
  readonly sent: number;
  readonly total: number;
}

/**
 * Sends a file in pieces. What broke off goes on where the platform has it: after a pause of the network, and when the same file is chosen
 * again after the page was closed. docs/portability.md has the protocol.
 */
@Injectable({ providedIn: 'root' })
export class Uploads {
  private readonly auth = inject(Auth);
  private readonly settings = inject(LocalSettings);

  /** Answers the id of the upload. Throws a `Failure`. */
  async send(file: File, tell: (progress: Progress) => void, signal: AbortSignal): Promise<string> {
    const total = file.size;
    let { uploadId, sent } = await this.begun(file, signal);
    tell({ sent, total });
    // An empty file is sent as well: the platform says what is not right with it.
    while (uploadId === null || sent < total) {
      const piece = file.slice(sent, sent + PIECE_BYTES);
      const answer = await this.persistently(uploadId, sent, piece, signal);
      uploadId = answer.uploadId;
      sent = answer.bytes;
      this.settings.write(KEPT, JSON.stringify({ uploadId, file: nameOf(file) } satisfies Kept));
      tell({ sent, total });
    }
    this.settings.write(KEPT, null);
    return uploadId;
  }

  /** Where the platform is with this file. */
  private async begun(file: File, signal: AbortSignal): Promise<{ uploadId: string | null; sent: number }> {
    const kept = this.kept();
    if (!kept || kept.file !== nameOf(file)) return { uploadId: null, sent: 0 };
    try {
      // A piece for a place where none can begin: the refusal says how much is there.
      await this.once(kept.uploadId, 0, new Blob(['-']), signal);
    } catch (error) {
      const sent = bytesThere(failureOf(error));
      if (sent !== null && sent <= file.size) return { uploadId: kept.uploadId, sent };
      if (failureOf(error).code === 'OFFLINE') throw error;
    }
    return { uploadId: null, sent: 0 };
  }

  private async persistently(
    uploadId: string | null,
    offset: number,
    piece: Blob,
    signal: AbortSignal,
  ): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(uploadId, offset, piece, signal);
      } catch (error) {
        const failure = failureOf(error);
        // The piece had arrived, and its answer had not.
        const there = bytesThere(failure);
        if (uploadId !== null && there !== null && there > offset) return { uploadId, bytes: there };
        if (signal.aborted || !failure.isPassing || attempt >= ATTEMPTS_MAX) throw failure;
        const rest = failure.retryAfter === null ? REST_MS * 2 ** (attempt - 1) : failure.retryAfter * 1000;
        await new Promise(resolve => setTimeout(resolve, rest));
      }
    }
  }

  private async once(uploadId: string | null, offset: number, piece: Blob, signal: AbortSignal): Promise<Answer> {
    const token = await this.auth.token();
    const path = uploadId === null ? '' : `/${uploadId}?offset=${offset}`;
    let response: Response;
    try {
      response = await fetch(`/portability/uploads${path}`, {
        method: uploadId === null ? 'POST' : 'PATCH',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
        body: piece,
        signal: AbortSignal.any([signal, AbortSignal.timeout(PIECE_MS_MAX)]),
      });
    } catch (error) {
      throw offline(error);
    }
    const body: unknown = await response.json().catch(() => null);
    if (!response.ok) {
      if (response.status === 401) await this.auth.tokenAfter(token);
      throw failureOfProblem(response.status, body, response.headers.get('retry-after'));
    }
    return body as Answer;
  }

  private kept(): Kept | null {
    try {
      return JSON.parse(this.settings.read(KEPT) ?? 'null') as Kept | null;
    } catch {
      return null;
    }
  }
}

interface Answer {
  readonly uploadId: string;
  /** How much of the file is there. */
  readonly bytes: number;
}

/** What makes two choices of a file the same. */
const nameOf = (file: File): string => `${file.name} ${file.size} ${file.lastModified}`;

/** How much the platform has, where it refuses a piece because it begins elsewhere. */
export function bytesThere(failure: Failure): number | null {
  const broken = failure.of('offset');
  const bytes = broken?.rule === 'range' ? broken.params['min'] : null;
  return typeof bytes === 'number' ? bytes : null;
}
