import { Injectable, inject } from '@angular/core';
import { TranslocoService } from '@jsverse/transloco';
import { Confirm } from '@/ui/confirm';
import { GraphQL } from '../graphql/graphql';
import { Database } from '../offline/database';
import { Drafts } from '../offline/drafts';
import { Outbox } from '../offline/outbox';
import { Push } from '../push/push';
import { pluralText } from '../text/plural';
import { Auth } from './auth';

/** Signing out: what this device keeps of the person goes with the session. */
@Injectable({ providedIn: 'root' })
export class Leaving {
  private readonly auth = inject(Auth);
  private readonly outbox = inject(Outbox);
  private readonly drafts = inject(Drafts);
  private readonly push = inject(Push);
  private readonly database = inject(Database);
  private readonly graphql = inject(GraphQL);
  private readonly confirm = inject(Confirm);
  private readonly transloco = inject(TranslocoService);

  /** False: the user stays, since something is not sent yet. */
  async signOut(): Promise<boolean> {
    const person = this.auth.person()?.id;
    // Texts that were not finished are here alone as well.
    const others = (await this.drafts.all()).filter(({ entryId }) => this.outbox.ofEntry(entryId).length === 0);
    const waiting = this.outbox.items().length + others.length;
    if (waiting > 0) {
      const sure = await this.confirm.ask({
        heading: this.transloco.translate('account.leave.heading'),
        text: pluralText(this.transloco, 'account.leave.text', waiting),
        confirm: this.transloco.translate('account.leave.confirm'),
        danger: true,
      });
      if (!sure) return false;
    }
    // Messages for this person are not for who uses the browser next. Without an answer of the platform the browser's end is enough.
    await this.push.off().catch(() => undefined);
    await this.auth.signOut();
    if (person) await this.database.forget(person);
    this.drafts.forgetLeft();
    await this.graphql.forget();
    await forgetPictures();
    return true;
  }
}

/** Pictures that the service worker keeps of what was seen. */
async function forgetPictures(): Promise<void> {
  if (!('caches' in globalThis)) return;
  const names = await caches.keys().catch(() => []);
  await Promise.all(names.filter(name => name.includes(':data:')).map(name => caches.delete(name)));
}
