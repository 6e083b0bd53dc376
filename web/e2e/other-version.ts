import { createHash, randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** The page's colour in the dark, which becomes another one. */
const COLOUR = /#[0-9a-f]{6}(?=" media="\(prefers-color-scheme: ?dark\)")/u;
const TRIES_MAX = 5_000;

export interface OtherVersion {
  readonly wasm: Buffer;
  /** Of its page, in the dark. */
  readonly colour: string;
}

/**
 * The component with another page in it, and so another version of the client for the service worker: what a later build would be,
 * without one. The files are in the component's data as they are sent, so others of the same length take their places.
 *
 * @param wasm the component that serves at `url`
 */
export async function otherVersion(wasm: Buffer, url: string): Promise<OtherVersion> {
  const page = await Served.of(url, '/index.html');
  const list = await Served.of(url, '/ngsw.json');
  const other = Buffer.from(wasm);
  let colour = '';
  const changed = page.replace(other, html => {
    colour = `#${randomBytes(3).toString('hex')}`;
    return html.replace(COLOUR, colour);
  });
  list.replace(other, text =>
    text
      .replace(digest('sha1', page.plain), digest('sha1', changed))
      .replace(
        /("timestamp": ?\d{9})\d{4}/u,
        (_all, first: string) => first + String(1_000 + Math.floor(Math.random() * 9_000)),
      ),
  );
  return { wasm: other, colour };
}

const digest = (algorithm: string, of: Buffer) => createHash(algorithm).update(of).digest('hex');

/** A file in the forms that it is sent in. */
class Served {
  private constructor(
    readonly path: string,
    readonly plain: Buffer,
    private readonly brotli: Buffer,
    private readonly gzip: Buffer,
  ) {}

  static async of(url: string, path: string): Promise<Served> {
    const [plain, brotli, gzip] = await Promise.all(['identity', 'br', 'gzip'].map(form => bytes(url + path, form)));
    return new Served(path, plain ?? Buffer.alloc(0), brotli ?? Buffer.alloc(0), gzip ?? Buffer.alloc(0));
  }

  /** Puts another text in its place, one whose forms are as long: `change` is asked until it has one. */
  replace(wasm: Buffer, change: (text: string) => string): Buffer {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const plain = Buffer.from(change(this.plain.toString('utf8')));
      const gzip = gzipSync(plain, { level: 9 });
      if (plain.equals(this.plain) || gzip.length !== this.gzip.length) continue;
      const brotli = brotliCompressSync(plain, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
      });
      if (brotli.length !== this.brotli.length) continue;
      this.put(wasm, this.gzip, gzip);
      this.put(wasm, this.brotli, brotli);
      // Its tag: the first digits of its digest.
      const tag = (of: Buffer) => Buffer.from(digest('sha256', of).slice(0, 32));
      this.put(wasm, tag(this.plain), tag(plain));
      return plain;
    }
    throw new Error(`no other ${this.path} is as long in all its forms`);
  }

  private put(wasm: Buffer, known: Buffer, other: Buffer): void {
    const at = wasm.indexOf(known);
    if (at < 0) throw new Error(`${this.path} is not in the component as it is sent`);
    other.copy(wasm, at);
  }
}

/** As it is sent: `fetch` would unpack it. */
function bytes(url: string, form: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': form } }, answer => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => resolve(Buffer.concat(parts)));
      answer.on('error', reject);
    }).on('error', reject);
  });
}
