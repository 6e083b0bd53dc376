import type { Role } from '@/gql/generated';

/** Who is signed in, as `/auth` answers it. */
export interface Person {
  readonly id: string;
  readonly email: string;
  readonly displayName: string;
  readonly roles: readonly Role[];
  readonly timezone: string;
  readonly createdAt: string;
  readonly emailConfirmed: boolean;
  readonly secondFactor: boolean;
}

export interface Grant {
  readonly accessToken: string;
  readonly tokenType: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly user: Person;
}

/** What a sign-in is answered with where the password alone is not enough. */
export interface Challenge {
  readonly secondFactor: 'TOTP';
  readonly challenge: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** Before its end a token is renewed, so that no request meets it: clocks and ways differ. */
export const RENEWED_BEFORE_MS = 45_000;

/** An access token with the moment of this device's clock at which it ends. */
export class Token {
  constructor(
    readonly value: string,
    readonly endsAt: number,
  ) {}

  static of(grant: Grant, now: number): Token {
    return new Token(grant.accessToken, now + grant.expiresIn * 1000);
  }

  isGood(now: number): boolean {
    return now < this.endsAt - RENEWED_BEFORE_MS;
  }
}

/** What tabs of one browser tell each other. */
export type TabMessage =
  | { readonly kind: 'granted'; readonly token: string; readonly endsAt: number; readonly person: Person }
  | { readonly kind: 'signed-out' };
