// Drives a server with autocannon, where there is no wrk. It costs several times as much processor time as wrk, on the
// same cores as the server: its figures are lower for everyone, and no more than an orientation.

import autocannon from 'autocannon';
import {
  firstUser,
  type LoadOptions,
  type LoadResult,
  type LoadTarget,
  type RequestShape,
  signToken,
  type Traffic,
} from './traffic.js';

const CLIENT_IP = '203.0.113.7';

export async function runAutocannon(
  target: LoadTarget,
  traffic: Traffic,
  options: LoadOptions,
): Promise<LoadResult> {
  const first = firstUser(traffic, options.run);
  let taken = 0;
  const nextUser = (): string => {
    const number = traffic.members === null ? taken : taken % traffic.members;
    taken += 1;
    return String(first + BigInt(number));
  };
  const identify = (shape: RequestShape): Record<string, string> => {
    if (shape.user === 'nobody') return {};
    const userId = shape.user === 'next' ? nextUser() : shape.user.id;
    return traffic.auth === 'token'
      ? { authorization: `Bearer ${signToken(userId, target)}` }
      : {
          'x-invited-gateway-key': target.gatewayKey,
          'x-invited-client-ip': CLIENT_IP,
          'x-invited-user': userId,
        };
  };
  let at = 0;
  const result = await autocannon({
    url: `http://${target.host}:${target.port}`,
    connections: options.connections,
    duration: options.seconds,
    requests: [
      {
        setupRequest: (request) => {
          const shape = traffic.requests[at % traffic.requests.length];
          at += 1;
          if (shape === undefined) throw new RangeError('traffic without requests');
          const { method, path, body } = shape;
          return { ...request, method, path, body, headers: identify(shape) };
        },
      },
    ],
  });
  const { latency } = result;
  return {
    seconds: result.duration,
    answers: result.requests.total,
    refusals: result.non2xx,
    failures: result.errors + result.timeouts,
    latencyMs: { p50: latency.p50, p99: latency.p99, p999: latency.p99_9 },
  };
}
