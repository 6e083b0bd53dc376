import { Injectable, inject, signal } from '@angular/core';
import { PushKeyDocument, RegisterPushDocument, UnregisterPushDocument } from '@/gql/generated';
import { Auth } from '../auth/auth';
import { Failure } from '../failure';
import { GraphQL } from '../graphql/graphql';
import { LocalSettings } from '../settings/local-settings';

/**
 * - `unknown`: not looked yet;
 * - `unsupported`: this browser has none, or no service worker runs;
 * - `blocked`: the user has refused notifications in the browser, and only there can allow them;
 * - `off`, `on`.
 */
export type PushState = 'unknown' | 'unsupported' | 'blocked' | 'off' | 'on';

/** Who has switched push on in this browser: another person who signs in here gets none by it. */
const OWNER = 'push';
/** How long the service worker of a page that has just been opened may take to be there, in milliseconds. */
const WORKER_MS_MAX = 8_000;

/** Web push on this device: docs/notifications.md. The service worker of the client shows what comes. */
@Injectable({ providedIn: 'root' })
export class Push {
  private readonly graphql = inject(GraphQL);
  private readonly auth = inject(Auth);
  private readonly settings = inject(LocalSettings);
  private readonly current = signal<PushState>('unknown');
  readonly state = this.current.asReadonly();

  /** Finds out whether it is on. The platform may have forgotten this browser, as after a reset of the password: it is registered again. */
  async look(): Promise<void> {
    const registration = await this.registration();
    if (!registration) return this.current.set('unsupported');
    if (Notification.permission === 'denied') return this.current.set('blocked');
    const subscription = await registration.pushManager.getSubscription();
    if (!subscription || this.settings.read(OWNER) !== this.auth.person()?.id) return this.current.set('off');
    this.current.set('on');
    await this.register(subscription).catch(() => undefined);
  }

  /** Asks the browser for its leave. Throws a `Failure`. */
  async on(): Promise<void> {
    const registration = await this.registration();
    if (!registration) return this.current.set('unsupported');
    if ((await Notification.requestPermission()) !== 'granted')
      return this.current.set(Notification.permission === 'denied' ? 'blocked' : 'off');
    const { pushPublicKey } = await this.graphql.query(PushKeyDocument, {});
    const subscription = await subscribed(registration, pushPublicKey ?? '');
    await this.register(subscription);
    this.settings.write(OWNER, this.auth.person()?.id ?? null);
    this.current.set('on');
  }

  /** Here and at the platform. */
  async off(): Promise<void> {
    if (this.settings.read(OWNER) === null) return;
    const registration = await this.registration();
    const subscription = await registration?.pushManager.getSubscription();
    if (subscription) {
      // The browser's end is what stops messages: it does not wait for the platform.
      await subscription.unsubscribe();
      await this.graphql.mutate(UnregisterPushDocument, { endpoint: subscription.endpoint });
    }
    this.settings.write(OWNER, null);
    this.current.set('off');
  }

  private async register(subscription: PushSubscription): Promise<void> {
    const { endpoint, keys } = subscription.toJSON();
    await this.graphql.mutate(RegisterPushDocument, {
      endpoint: endpoint ?? subscription.endpoint,
      p256dh: keys?.['p256dh'] ?? '',
      auth: keys?.['auth'] ?? '',
    });
  }

  private async registration(): Promise<ServiceWorkerRegistration | null> {
    if (!('serviceWorker' in navigator) || !('PushManager' in globalThis) || !('Notification' in globalThis))
      return null;
    const late = new Promise<null>(resolve => setTimeout(() => resolve(null), WORKER_MS_MAX));
    return await Promise.race([navigator.serviceWorker.ready, late]);
  }
}

/** A subscription under the platform's key; one under another key is replaced. */
async function subscribed(registration: ServiceWorkerRegistration, key: string): Promise<PushSubscription> {
  const options = { userVisibleOnly: true, applicationServerKey: key };
  try {
    return await registration.pushManager.subscribe(options);
  } catch (error) {
    const former = error instanceof DOMException && error.name === 'InvalidStateError';
    if (former && (await (await registration.pushManager.getSubscription())?.unsubscribe()))
      return await registration.pushManager.subscribe(options);
    // The browser's own push service could not be reached, or this browser has none.
    throw Object.assign(new Failure({ code: 'UNAVAILABLE', message: String(error) }), { cause: error });
  }
}
