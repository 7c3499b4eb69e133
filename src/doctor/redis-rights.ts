// Whether our user of Redis may do all that the program does, and the rule that lets him.

import type { Rights } from '../store/rights.js';
import { type Finding, ok, problem, warning } from './finding.js';

const NAME = 'redis.rights';
const NAMED_MAX = 8;

export function judgeRights({ user, denied, hasKeys, isSure }: Rights): Finding {
  const who = user ?? 'USER';
  const rules = [...denied.map((command) => `+${command}`), ...(hasKeys ? [] : ['~invited:*'])].join(' ');
  if (rules !== '') {
    const named = denied.slice(0, NAMED_MAX).join(', ') + (denied.length > NAMED_MAX ? ', …' : '');
    const lacks = [
      ...(denied.length > 0 ? [`may not run ${named}`] : []),
      ...(hasKeys ? [] : ['may not use the keys invited:*']),
    ];
    return problem(NAME, `the user ${who} ${lacks.join(', and ')}`, `redis-cli ACL SETUSER ${who} ${rules}`);
  }
  if (isSure) return ok(NAME, `the user ${who} may do all that is needed`);
  return warning(
    NAME,
    `the user ${who} may read; whether he may write could not be asked without writing`,
    `redis-cli ACL SETUSER ${who} +acl|dryrun +acl|whoami for the doctor, or redis-cli ACL DRYRUN ${who} SET invited:1 x as an admin`,
  );
}
