// Two servers of invited that share one Redis, on ports they come back to, with the service that says who calls beside them.

import { randomBytes } from 'node:crypto';
import { type Client, createClient } from '../support/client.js';
import { asService } from '../support/directory.js';
import { freePort } from '../support/free-port.js';
import { snowflake } from '../support/ids.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';
import { startServer, type TestServer } from '../support/server.js';
import { type AuthService, startAuthService } from './auth-service.js';
import type { GatewaySettings, Upstream } from './gateway.js';

/** Longer than HAProxy's checks take to notice. */
const DRAIN_DELAY_MS = 3000;

export interface OpenInvite {
  readonly guildId: string;
  readonly code: string;
}

export class Instances {
  readonly settings: GatewaySettings;
  readonly #redis: LocalRedis;
  readonly #auth: AuthService;
  readonly #running: TestServer[] = [];

  private constructor(redis: LocalRedis, settings: GatewaySettings, auth: AuthService) {
    this.#redis = redis;
    this.settings = settings;
    this.#auth = auth;
  }

  static async start(): Promise<Instances> {
    const tokenSecret = randomBytes(32).toString('base64url');
    const auth = await startAuthService(tokenSecret);
    const place = async (): Promise<Upstream> => ({ port: await freePort(), adminPort: await freePort() });
    const instances = new Instances(
      await startLocalRedis([]),
      {
        servers: [await place(), await place()],
        gatewayKey: randomBytes(24).toString('base64url'),
        tokenSecret,
        authPort: auth.port,
      },
      auth,
    );
    for (const at of [0, 1] as const) instances.#running[at] = await instances.#startOne(at);
    return instances;
  }

  #startOne(at: 0 | 1): Promise<TestServer> {
    const { servers, gatewayKey, tokenSecret } = this.settings;
    return startServer({
      INVITED_REDIS_URL: this.#redis.url,
      INVITED_PORT: String(servers[at].port),
      INVITED_ADMIN_PORT: String(servers[at].adminPort),
      INVITED_JWT_SECRET: tokenSecret,
      INVITED_GATEWAY_KEYS: gatewayKey,
      INVITED_DRAIN_DELAY_MS: String(DRAIN_DELAY_MS),
    });
  }

  /** SIGTERM, its end with exit code 0, and the start of another in its place. */
  async restart(at: 0 | 1): Promise<void> {
    await this.#running[at]?.stop();
    this.#running[at] = await this.#startOne(at);
  }

  /** A guild of its own with an invite that anyone may use any number of times. */
  async openInvite(): Promise<OpenInvite> {
    const [guildId, channelId] = [snowflake(), snowflake()];
    const admin = this.#client(this.settings.servers[0].adminPort);
    const api = this.#client(this.settings.servers[0].port);
    try {
      const guild = { name: 'Guild', owner_id: snowflake() };
      const channel = { name: 'general', type: 0, position: 0 };
      await mustBe(200, admin.put(`/internal/v1/guilds/${guildId}`, asService({ json: guild })));
      await mustBe(
        200,
        admin.put(`/internal/v1/guilds/${guildId}/channels/${channelId}`, asService({ json: channel })),
      );
      const created = await mustBe(
        200,
        api.post(`/api/v1/channels/${channelId}/invites`, asService({ json: { max_age: 0 } })),
      );
      return { guildId, code: String(created.object()['code']) };
    } finally {
      admin.close();
      api.close();
    }
  }

  async banAddress(guildId: string, address: string): Promise<void> {
    const admin = this.#client(this.settings.servers[0].adminPort);
    await mustBe(200, admin.put(`/internal/v1/guilds/${guildId}/ip-bans/${address}`, asService())).finally(
      admin.close,
    );
  }

  /** By the engine's own account. */
  async usesOf({ code }: OpenInvite): Promise<number> {
    const api = this.#client(this.settings.servers[1].port);
    const answer = await mustBe(200, api.get(`/api/v1/invites/${code}`, asService())).finally(api.close);
    return Number(answer.object()['uses']);
  }

  #client(port: number): Client {
    return createClient(`http://127.0.0.1:${port}`, this.settings.tokenSecret, null);
  }

  async stop(): Promise<void> {
    for (const server of this.#running) await server.stop();
    this.#auth.close();
    await this.#redis.stop();
  }
}

async function mustBe<A extends { readonly status: number; readonly text: string }>(
  status: number,
  asked: Promise<A>,
): Promise<A> {
  const answer = await asked;
  if (answer.status !== status) throw new Error(`${answer.status} instead of ${status}: ${answer.text}`);
  return answer;
}
