/** Where this architecture is often misread: what forgets, what remembers, and what a browser asks first. */
import { listed } from '../words.ts';
import type { EdgeScene } from './edge-scene.ts';
import type { Journey, Scene } from './scene.ts';

export interface NotesInput {
  readonly scene: Scene;
  readonly edge: EdgeScene;
  readonly journeys: readonly Journey[];
  /** Parameters that name parts of an account for which others are drawn. */
  readonly assumed: readonly string[];
}

export function notesOf({ scene, edge, journeys, assumed }: NotesInput): string[] {
  const notes: string[] = [];
  const rows = scene.networks.flatMap((network) => network.rows);
  const acls = rows.flatMap(({ aclsAbove, aclsBelow }) => [...aclsAbove, ...aclsBelow]);
  const frames = rows.flatMap(({ bands }) =>
    bands.flatMap(({ frame, cards }) => [frame, ...cards.map(([, card]) => card.frame)]),
  );
  if (acls.length > 0)
    notes.push(
      'Network ACLs are stateless: a reply needs a rule of its own, for the ephemeral ports that it goes back to.',
    );
  if (frames.some((frame) => frame !== undefined))
    notes.push('Security groups are stateful: the reply to what one lets in or out needs no rule.');
  const site = journeys.find(({ name }) => name === 'site')?.title;
  const api = journeys.find(({ name }) => name === 'api');
  if (site !== undefined && api) {
    const shared = edge.balancerOrigins.some(({ balancer }) => !edge.namesOf.has(balancer));
    const called = api.title === '' ? 'the API' : api.title;
    notes.push(
      !shared
        ? `CORS: ${called} is another origin than ${site === '' ? "the page's" : site}, so the browser asks it first (OPTIONS), and it must allow ${site === '' ? 'that origin' : `https://${site}`}.`
        : 'CORS: page and API share an origin behind CloudFront, so the browser asks nothing first.',
    );
  }
  if (scene.networks.some(({ doors }) => doors.length > 0))
    notes.push('A gateway endpoint is a route and costs nothing; an interface endpoint is paid for by zone and hour.');
  if (rows.some(({ bands }) => bands.some(({ cards }) => cards.some(([, { part }]) => part.faded))))
    notes.push('Pale machines: where the group may start one, and has none at its smallest.');
  if (assumed.length > 0)
    notes.push(
      `Of the account, by parameters: ${listed(assumed)}. What is drawn for ${assumed.length === 1 ? 'it' : 'them'} is an example.`,
    );
  return notes;
}
