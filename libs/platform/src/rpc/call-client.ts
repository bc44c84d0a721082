import type { FactoryProvider, InjectionToken, OnApplicationShutdown } from '@nestjs/common';
import { ClientTCP } from '@nestjs/microservices';
import { AppError, isErrorCode } from '@baton/kernel';
import type { CallContract } from '@baton/contracts';
import { firstValueFrom, TimeoutError, timeout } from 'rxjs';
import { z } from 'zod';
import { correlationId } from '../logging/correlation.ts';
import { INTERNAL_SECRET } from '../tokens.ts';
import type { CallEnvelope } from './handle-call.ts';

const callFailure = z.object({
  code: z.string(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).default([]),
});

/** Calls are small and many are under way at once: none waits for the acknowledgement of the one before (Nagle). */
class PromptClient extends ClientTCP {
  override createSocket() {
    const socket = super.createSocket();
    socket.netSocket.setNoDelay(true);
    return socket;
  }
}

export interface CallClientOptions {
  /** `host:port` of the service's TCP edge. */
  readonly address: string;
  readonly secret: string;
}

/**
 * Asks one service. Every call has a deadline, its answer is parsed by the contract, and an error arrives as the
 * `AppError` that the other side threw. The connection is opened by the first call and reopened when it was lost.
 */
export class CallClient implements OnApplicationShutdown {
  private readonly client: ClientTCP;
  private readonly secret: string;
  private readonly address: string;

  constructor({ address, secret }: CallClientOptions) {
    const colon = address.lastIndexOf(':');
    this.address = address;
    this.secret = secret;
    this.client = new PromptClient({
      host: address.slice(0, colon).replace(/^\[|\]$/g, ''),
      port: Number(address.slice(colon + 1)),
    });
  }

  /**
   * @throws AppError with the other side's code, `call.timeout`, `call.unreachable`, or `call.refused` when the answer
   *   does not fit the contract
   */
  async call<Request extends z.ZodType, Reply extends z.ZodType>(
    contract: CallContract<Request, Reply>,
    payload: z.input<Request>,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<z.output<Reply>> {
    const envelope: CallEnvelope = { secret: this.secret, correlationId: correlationId(), payload };
    let answer: unknown;
    try {
      answer = await firstValueFrom(
        this.client
          .send<unknown, CallEnvelope>(contract.name, envelope)
          .pipe(timeout(options.timeoutMs ?? contract.timeoutMs)),
      );
    } catch (error) {
      throw this.translate(contract.name, error);
    }
    const reply = contract.reply.safeParse(answer);
    if (!reply.success) {
      throw new AppError('call.refused', { call: contract.name, side: 'reply' }, { cause: reply.error });
    }
    return reply.data;
  }

  close(): void {
    this.client.close();
  }

  onApplicationShutdown(): void {
    this.close();
  }

  private translate(call: string, error: unknown): AppError {
    const details = { call, address: this.address };
    if (error instanceof TimeoutError) return new AppError('call.timeout', details);
    const failure = callFailure.safeParse(error);
    if (failure.success && isErrorCode(failure.data.code)) {
      return new AppError(failure.data.code, details, { issues: failure.data.issues });
    }
    return new AppError('call.unreachable', details, { cause: error });
  }
}

/** A client for one service under its own token; it closes with the app. */
export function provideCallClient(token: InjectionToken, address: string): FactoryProvider<CallClient> {
  return {
    provide: token,
    inject: [INTERNAL_SECRET],
    useFactory: (secret: string) => new CallClient({ address, secret }),
  };
}
