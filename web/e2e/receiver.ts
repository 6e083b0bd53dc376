import { createHmac } from 'node:crypto';
import { type Server, createServer } from 'node:http';
import { RECEIVERS } from './receivers';
import { test } from './support';

export interface Delivery {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A receiver of webhooks. It answers each call as the story says. */
export class Receiver {
  readonly deliveries: Delivery[] = [];
  status = 204;
  private server: Server | null = null;
  /** The worker's address is one story's at a time. */
  private static last: Receiver | null = null;

  private constructor(private readonly address: string) {}

  get url(): string {
    return `http://${this.address}/journal`;
  }

  static async start(): Promise<Receiver> {
    const address = RECEIVERS[test.info().parallelIndex];
    test.skip(!address, 'MINDFLOW_RECEIVERS names addresses of this machine that the host may call');
    await Receiver.last?.end();
    const receiver = new Receiver(address ?? '');
    Receiver.last = receiver;
    await receiver.listen();
    return receiver;
  }

  async listen(): Promise<void> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (part: string) => (body += part));
      request.on('end', () => {
        this.deliveries.push({ headers: request.headers, body });
        response.writeHead(this.status, { connection: 'close' }).end();
      });
    });
    const [host, port] = this.address.split(':');
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(Number(port), host, resolve);
    });
    this.server = server;
  }

  /** From now on nothing answers there. */
  async end(): Promise<void> {
    const server = this.server;
    this.server = null;
    await new Promise<void>(resolve => (server ? server.close(() => resolve()) : resolve()));
  }
}

/** Whether a delivery was signed with this secret, as docs/notifications.md says how. */
export function isSigned({ headers, body }: Delivery, secret: string): boolean {
  const [, time, signature] = /^t=(\d+),v1=([0-9a-f]+)$/u.exec(String(headers['x-mindflow-signature'])) ?? [];
  return createHmac('sha256', secret).update(`${time}.${body}`).digest('hex') === signature;
}
