import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';

/** argon2id, the library's default, with OWASP's first recommendation: 19 MiB, two passes, one lane. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

@Injectable()
export class Passwords {
  /** The hash of a password nobody knows: a login for an unknown name is checked against it and takes as long. */
  private readonly decoy: Promise<string> = hash(randomBytes(24), PARAMETERS);

  hash(password: string): Promise<string> {
    return hash(password.normalize('NFKC'), PARAMETERS);
  }

  /** False for a wrong password, and for no user at all after the same work. */
  async matches(passwordHash: string | null, password: string): Promise<boolean> {
    const isRight = await verify(passwordHash ?? (await this.decoy), password.normalize('NFKC'));
    return isRight && passwordHash !== null;
  }
}
