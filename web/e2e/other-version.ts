import { createHash, randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** The page's colour in the dark, which becomes another one. */
const COLOUR = /#[0-9a-f]{6}(?=" media="\(prefers-color-scheme: ?dark\)")/u;
/** Of a page, and for each of these of the list that has the page's hash. */
const TRIES_MAX = 200;

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
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    let colour = '';
    const otherPage = page.with(html => html.replace(COLOUR, (colour = `#${randomBytes(3).toString('hex')}`)));
    const otherList = otherPage && list.with(text => listOf(text, page.plain, otherPage.plain));
    if (!otherList) continue;
    const other = Buffer.from(wasm);
    page.replaceBy(otherPage, other);
    list.replaceBy(otherList, other);
    return { wasm: other, colour };
  }
  throw new Error('no other page and list are as long in all their forms');
}

/** The service worker's list, of another page and another time. */
function listOf(text: string, page: Buffer, other: Buffer): string {
  return text
    .replace(digest('sha1', page), digest('sha1', other))
    .replace(
      /("timestamp": ?\d{9})\d{4}/u,
      (_all, first: string) => first + String(1_000 + Math.floor(Math.random() * 9_000)),
    );
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

  /** The same with another text, one whose forms are as long; null where none was found. `change` is asked for another one each time. */
  with(change: (text: string) => string): Served | null {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const plain = Buffer.from(change(this.plain.toString('utf8')));
      const gzip = gzipSync(plain, { level: 9 });
      if (plain.equals(this.plain) || gzip.length !== this.gzip.length) continue;
      const brotli = brotliCompressSync(plain, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
      });
      if (brotli.length === this.brotli.length) return new Served(this.path, plain, brotli, gzip);
    }
    return null;
  }

  /** Puts another one in its place. */
  replaceBy(other: Served, wasm: Buffer): void {
    this.put(wasm, this.gzip, other.gzip);
    this.put(wasm, this.brotli, other.brotli);
    // Its tag: the first digits of its digest.
    const tag = ({ plain }: Served) => Buffer.from(digest('sha256', plain).slice(0, 32));
    this.put(wasm, tag(this), tag(other));
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
