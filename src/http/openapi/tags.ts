// The chapters of the document.

export const TAGS = {
  Invites: 'Look up, accept, create, change, revoke and list invites.',
  'Vanity codes': 'A guild’s own code, which never ends.',
  'Share links': 'What a link shows to people and to programs.',
  'This document': 'The description of the API, for programs and for people.',
  Directory:
    '**Admin listener.** What the host tells the engine: guilds, channels, members, bans, group DMs and users. `PUT` creates or replaces, and answers with what is stored.',
  Import: '**Admin listener.** Much at once.',
  Events: '**Admin listener.** What happened, for the host. The same events are sent to webhooks.',
  Joins: '**Admin listener.** Who came by which invite. Only with a Postgres.',
  Health: '**Admin listener.** For whoever watches the server.',
} as const;

export type TagName = keyof typeof TAGS;
