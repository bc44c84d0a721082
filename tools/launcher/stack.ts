import { setTimeout as pause } from 'node:timers/promises';
import { OwnedProcess } from '../servers/owned-process.ts';
import type { RedisServer } from '../servers/redis-server.ts';
import type { Console } from './console.ts';
import type { RunningService } from './data-folder.ts';
import { renderLine } from './log-line.ts';
import { startPrivateRedis } from './private-redis.ts';
import { afterDeath } from './restart-policy.ts';
import { ServiceProcess } from './service-process.ts';
import { SERVICES, WAVES, programOf, serviceEnvironment, simulatorProgram } from './services.ts';
import type { Addresses, ServiceName, StackSettings } from './services.ts';
import { PortTakenError, StartError } from './start-error.ts';

const READY_TIMEOUT_MS = 60_000;
const CARD_READY_TIMEOUT_MS = 20_000;
const CARD_GRACE_MS = 3_000;
/** Another stack may start at this very moment and choose as we do. */
const PORT_ATTEMPTS = 4;

/** Everything that the launcher started, in the order in which it has to end. */
export class Stack {
  readonly #console: Console;
  readonly #services = new Map<ServiceName, ServiceProcess>();
  readonly #deaths = new Map<string, number[]>();
  readonly #stopping = new AbortController();
  readonly #failure = Promise.withResolvers<string>();
  #onRestart: () => void = () => undefined;
  #redis: RedisServer | null = null;
  #card: OwnedProcess | null = null;

  constructor(console: Console) {
    this.#console = console;
  }

  /** Resolves, if ever, with the reason why the stack cannot go on. */
  get failed(): Promise<string> {
    return this.#failure.promise;
  }

  /** Calls `listener` whenever something that had ended runs again. */
  onRestart(listener: () => void): void {
    this.#onRestart = listener;
  }

  /** The services that run now, by name. */
  services(addresses: Addresses): Record<string, RunningService> {
    const entries = SERVICES.map((name): [string, RunningService] => {
      const { host, httpPort, rpcPort } = addresses[name];
      const reachable = reachableHost(host);
      return [
        name,
        {
          pid: this.#services.get(name)?.pid ?? 0,
          http: `http://${reachable}:${httpPort}`,
          rpc: rpcPort === null ? null : `${reachable}:${rpcPort}`,
        },
      ];
    });
    return Object.fromEntries(entries);
  }

  /** Starts a Redis in `dir` and keeps it running. Resolves with its address. */
  async startRedis(dir: string): Promise<string> {
    const start = (again?: { port: number; password: string }): Promise<RedisServer> =>
      startPrivateRedis({
        dir,
        say: (text) => this.#console.say(text),
        onLine: this.#console.quietListenerFor('redis'),
        ...(again === undefined ? {} : { again }),
      });
    const keep = (server: RedisServer): void => {
      this.#redis = server;
      void server.process.exited.then(({ code, signal }) =>
        this.#onDeath('redis', signal ?? `exit code ${code ?? '?'}`, async () => {
          keep(await start({ port: server.port, password: server.password }));
        }),
      );
    };
    const server = await start();
    keep(server);
    this.#refuseWhenStopping();
    return server.url;
  }

  /** Starts the card that simulated engines share. Resolves with its address. */
  async startCard(root: string): Promise<string> {
    const card = new OwnedProcess({
      name: 'simulated card',
      command: [process.execPath, simulatorProgram(root), 'card', '--host', '127.0.0.1', '--port', '0'],
      graceMs: CARD_GRACE_MS,
      onLine: this.#console.quietListenerFor('card'),
    });
    this.#card = card;
    const line = await card.waitForLine(/"listening"/, CARD_READY_TIMEOUT_MS);
    // The engines know the ledger's address and it keeps no state on disk: without it there is nothing to go on with.
    void card.exited.then(() => this.#failure.resolve('the simulated card ended.'));
    return (JSON.parse(line) as { listening: string }).listening;
  }

  /**
   * As `startServices`, with addresses that are chosen now; should somebody take one before it is used, all services are
   * stopped and others are chosen. Resolves with the addresses.
   */
  async startServicesAt(
    choose: () => Promise<Addresses>,
    settings: Omit<StackSettings, 'addresses'>,
    base: NodeJS.ProcessEnv,
  ): Promise<Addresses> {
    for (let attempt = 1; ; attempt += 1) {
      const addresses = await choose();
      try {
        await this.startServices({ ...settings, addresses }, base);
        return addresses;
      } catch (error) {
        if (!(error instanceof PortTakenError) || attempt >= PORT_ATTEMPTS) throw error;
        this.#refuseWhenStopping();
        this.#console.say('Another program took a port meanwhile; the services start again with others.');
        await this.#stopServices();
      }
    }
  }

  /** Starts all services at once and resolves when each is ready. @throws StartError naming the one that is not */
  async startServices(settings: StackSettings, base: NodeJS.ProcessEnv): Promise<void> {
    await Promise.all(SERVICES.map((service) => this.#startService(service, settings, base)));
    for (const service of SERVICES) this.#watch(service, settings, base);
  }

  /** Ends everything, the ones that need others first. Never rejects; says what had to be forced. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#stopServices();
    await this.#card?.stop();
    await this.#redis?.process.stop();
  }

  async #stopServices(): Promise<void> {
    for (const wave of WAVES.toReversed()) {
      await Promise.all(wave.map((service) => this.#stopService(service)));
    }
  }

  async #startService(service: ServiceName, settings: StackSettings, base: NodeJS.ProcessEnv): Promise<void> {
    this.#refuseWhenStopping();
    const running = new ServiceProcess({
      name: service,
      program: programOf(settings.root, service),
      env: serviceEnvironment(service, settings, base),
      onLine: this.#console.listenerFor(service),
    });
    this.#services.set(service, running);
    const { host, httpPort } = settings.addresses[service];
    try {
      await running.ready(`http://${reachableHost(host)}:${httpPort}`, READY_TIMEOUT_MS);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const lines = running.tail.map((line) => `  | ${renderLine(service, line, 'verbose') ?? line}`);
      const Failure = running.tail.some((line) => line.includes('EADDRINUSE')) ? PortTakenError : StartError;
      throw new Failure([`${service} did not start: ${why}`, 'Its last lines:', ...lines].join('\n'));
    }
  }

  #watch(service: ServiceName, settings: StackSettings, base: NodeJS.ProcessEnv): void {
    void this.#services.get(service)?.exited.then((how) =>
      this.#onDeath(service, how, async () => {
        await this.#startService(service, settings, base);
        this.#watch(service, settings, base);
      }),
    );
  }

  /** Something that should run has ended: brings it back, or gives the whole stack up. */
  async #onDeath(name: string, how: string, restart: () => Promise<void>): Promise<void> {
    for (let cause = how; !this.#stopping.signal.aborted;) {
      const deaths = [...(this.#deaths.get(name) ?? []), Date.now()];
      this.#deaths.set(name, deaths);
      const next = afterDeath(deaths);
      if (next.do === 'give-up') {
        this.#failure.resolve(
          `${name} ended ${next.deaths} times in a short while, the last time with ${cause}.`,
        );
        return;
      }
      this.#console.say(
        `${name} ended by itself (${cause}); it is started again in ${next.delayMs / 1_000} s.`,
      );
      try {
        await pause(next.delayMs, undefined, { signal: this.#stopping.signal });
        await restart();
        this.#onRestart();
        this.#console.say(`${name} runs again.`);
        return;
      } catch (error) {
        cause = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
      }
    }
  }

  /** Nothing may be started behind the back of a stop under way. */
  #refuseWhenStopping(): void {
    if (this.#stopping.signal.aborted) throw new StartError('Stopped while starting.');
  }

  async #stopService(service: ServiceName): Promise<void> {
    const outcome = await this.#services.get(service)?.stop();
    if (outcome === 'killed') this.#console.say(`${service} did not end in time and was killed.`);
  }
}

/** Where this machine reaches what listens on `host`. */
function reachableHost(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
}
