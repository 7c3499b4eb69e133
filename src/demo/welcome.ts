// What a person reads who has just started the demo: tokens, and lines to paste that work as they stand.

import { DEMO } from './demo.js';

export interface WelcomeContext {
  /** `http://127.0.0.1:8080`; null where the server listens on a Unix socket only. */
  readonly publicUrl: string | null;
  readonly sign: (userId: string) => Promise<string>;
}

/** The lines, without the URLs, which every start prints. */
export async function welcomeLines({ publicUrl, sign }: WelcomeContext): Promise<readonly string[]> {
  const [manager, member, stranger] = await Promise.all([
    sign(DEMO.managerId),
    sign(DEMO.memberId),
    sign(DEMO.strangerId),
  ]);
  const tokens = [
    '',
    'tokens of the demo (valid for 7 days)',
    `  manager   ${manager}`,
    `  member    ${member}`,
    `  stranger  ${stranger}`,
  ];
  if (publicUrl === null) return tokens;
  const invite = `${publicUrl}/api/v1/invites/${DEMO.openCode}`;
  return [
    ...tokens,
    '',
    'look at an invite, accept it as the stranger, make a new one as the manager:',
    `curl -s '${invite}?with_counts=true&with_expiration=true'`,
    `curl -s -X POST ${invite} -H 'Authorization: Bearer ${stranger}'`,
    `curl -s -X POST ${publicUrl}/api/v1/channels/${DEMO.generalId}/invites -H 'Authorization: Bearer ${manager}' -H 'Content-Type: application/json' -d '{"max_uses":5}'`,
    '',
    `or open ${publicUrl}/invite/${DEMO.vanityCode}`,
  ];
}
