import { Injectable, effect, inject, signal, untracked } from '@angular/core';
import {
  ConfirmEmailChangeDocument,
  ConfirmEmailDocument,
  MeDocument,
  RequestEmailConfirmationDocument,
  RequestPasswordResetDocument,
  ResetPasswordDocument,
} from '@/gql/first';
import type { MeQuery } from '@/gql/generated';
import { GraphQL } from '../graphql/graphql';
import { Auth } from './auth';

/** What the account has besides its session, and how its user gets it back. */
@Injectable({ providedIn: 'root' })
export class Account {
  private readonly graphql = inject(GraphQL);
  private readonly auth = inject(Auth);
  private readonly answered = signal<MeQuery['me'] | null>(null);

  /** As the platform answered it last; null before. */
  readonly me = this.answered.asReadonly();

  constructor() {
    effect(() => {
      const person = this.auth.state() === 'in' ? this.auth.person()?.id : null;
      untracked(() => {
        if (person && this.answered()?.id !== person) void this.load().catch(() => undefined);
        if (!this.auth.person()) this.answered.set(null);
      });
    });
  }

  /** Reads it again, as after a change. Throws a `Failure`. */
  async load(): Promise<MeQuery['me']> {
    const { me } = await this.graphql.query(MeDocument, {});
    this.answered.set(me);
    this.auth.knows({
      email: me.email,
      displayName: me.displayName,
      roles: me.roles,
      timezone: me.timezone,
      ...(me.emailConfirmed === null ? {} : { emailConfirmed: me.emailConfirmed }),
      ...(me.secondFactor === null ? {} : { secondFactor: me.secondFactor }),
    });
    return me;
  }

  async requestPasswordReset(email: string): Promise<void> {
    await this.graphql.mutate(RequestPasswordResetDocument, { email });
  }

  /** `token`: of the mailed link. */
  async resetPassword(token: string, newPassword: string): Promise<void> {
    await this.graphql.mutate(ResetPasswordDocument, { token, newPassword });
  }

  async requestConfirmation(): Promise<void> {
    await this.graphql.mutate(RequestEmailConfirmationDocument, {});
  }

  async confirmEmail(token: string): Promise<void> {
    await this.graphql.mutate(ConfirmEmailDocument, { token });
    this.auth.knows({ emailConfirmed: true });
  }

  /** The address becomes the account's. The link can be followed in a browser in which no session is. */
  async confirmEmailChange(token: string): Promise<void> {
    await this.graphql.mutate(ConfirmEmailChangeDocument, { token });
    if (this.auth.state() === 'in') await this.load().catch(() => undefined);
  }
}
