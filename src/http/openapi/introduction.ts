// What the document says before its operations: what holds for all of them.

export const INTRODUCTION = `
The invite engine behind a chat or community platform: invites are created, shared, looked up and accepted, without one admission too many.

There are two listeners. The **public** one has invites, vanity codes and share links; \`/v1\` is another name of \`/api/v1\`. The **admin** one is for
the host alone, answers under an address of its own, and must never be exposed; on the public listener all of its paths are 404.

## Callers

By a token, \`Authorization: Bearer <JWT>\`, with the claims \`sub\` (the user's id), \`exp\`, and optionally \`role\` (\`user\`, \`bot\`, \`service\`) and
\`permissions\`; \`Bot <JWT>\` and the bare token are read too. Or by the gateway: \`X-Invited-Gateway-Key\` with \`X-Invited-User\`, and optionally
\`X-Invited-Role\`, \`X-Invited-Permissions\` and \`X-Invited-Client-IP\`. Operations for anyone take no notice of a bad token. A \`service\` passes every check of
permissions; the admin listener is for nobody else.

## Errors

\`{"code", "message", "errors": [{"path", "code", "message"}]}\`: match on \`code\`, never on \`message\`; \`errors\` only with \`INVALID_FORM_BODY\`. To
\`Accept: application/problem+json\` they come as RFC 9457 has them, with the same \`code\`. Checked in this order: the path (404 \`NOT_FOUND\`, 405 \`METHOD_NOT_ALLOWED\` with
\`Allow\`), who calls, the rate limit, 401, the role, ids in the path, the body, the resource, the permission, and then what its state allows. 503 comes with \`Retry-After\`: nothing
is wrong with the request, and a change may have been made; accepting and, with an \`Idempotency-Key\`, creating can be sent again.

## Conditions

Every single invite and every vanity code has an \`ETag\`, its version. \`If-Match\` makes a change only of the version that you have seen, judged in the
same step as the change; \`If-None-Match\` answers 304 while you have the newest.

## Limits

A body has 16 KiB at most, except that of an import. With \`INVITED_RATE_LIMITS=on\` operations that name a limit count what each caller asks for, or each
address where nobody is named, and every answer says by \`X-RateLimit-…\` how much is left. A miss counts as a read too.

\`HEAD\` works wherever \`GET\` does.
`.trim();
