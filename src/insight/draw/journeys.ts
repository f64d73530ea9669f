/**
 * The two journeys, numbered as they are taken: the page from the CDN, and a request to the API and back. What leads
 * where is the model's: aliases, origins, target groups, routes and endpoints.
 */
import type { RoundTrip } from '../../region/network/verdict.ts';
import type { EdgeScene } from './edge-scene.ts';
import type { BalancerFacts, Facts } from './facts.ts';
import type { Links } from './links.ts';
import { passage, wayOf } from './passage.ts';
import type { Journey, Part, SiteScene, Step } from './scene.ts';

export interface Placed {
  readonly facts: Facts;
  readonly edge: EdgeScene;
  readonly users: string;
  readonly links: Links;
}

class Counting {
  readonly steps: Step[] = [];

  next(text: string): number {
    this.steps.push({ number: this.steps.length + 1, text });
    return this.steps.length;
  }
}

/** Asking for a name: two steps, or none where there is no zone that answers. */
function askName(
  { edge, users, links }: Placed,
  journey: Journey['name'],
  target: string,
  counting: Counting,
  texts: { readonly who: string; readonly answer: string },
): string | undefined {
  const name = edge.namesOf.get(target)?.[0];
  if (!name) return undefined;
  const pair = links.pair(users, name.zone, 'shared', ['DNS query', 'DNS answer']);
  pair.request(journey, counting.next(`${texts.who} asks Route 53 for ${name.name}`));
  pair.reply(journey, counting.next(`Route 53 answers with ${texts.answer}: an alias record`));
  return name.name;
}

export function siteJourney(placed: Placed, { distribution, origins }: SiteScene): Journey | undefined {
  const { edge, users, links } = placed;
  const bucket = origins.find(({ icon }) => icon === 's3');
  if (!bucket) return undefined;
  const counting = new Counting();
  const name = askName(placed, 'site', distribution.key, counting, {
    who: 'The browser',
    answer: 'addresses of CloudFront',
  });
  const toEdge = links.pair(users, distribution.key, 'site', ['HTTPS request', 'The page']);
  toEdge.request(
    'site',
    counting.next(
      `${name === undefined ? 'The browser asks' : `GET https://${name}/ goes to`} the nearest edge location of CloudFront`,
    ),
  );
  const signing = edge.signing.get(distribution.key);
  const how =
    signing === 'OAC'
      ? 'signed (SigV4) by its origin access control: any other request to the bucket is refused'
      : signing === 'OAI'
        ? 'as its origin access identity (OAI, the older way)'
        : 'unsigned';
  const toBucket = links.pair(distribution.key, bucket.key, 'site', ['Origin request', 'The object']);
  toBucket.request('site', counting.next(`What is not cached is fetched from ${bucket.name}, ${how}`));
  toBucket.reply('site', counting.next('The bucket answers, and CloudFront keeps a copy'));
  toEdge.reply('site', counting.next('The single-page app reaches the browser'));
  return { name: 'site', title: name ?? '', steps: counting.steps };
}

export interface ApiParts {
  readonly balancer: BalancerFacts;
  readonly gateway: string;
  /** The machine that stands for all. */
  readonly machine:
    | { readonly key: string; readonly frame: string | undefined; readonly instanceId: string | undefined }
    | undefined;
  /** Where it reaches services: the endpoint's door or frame, and what lies behind it. */
  readonly doors: readonly {
    readonly at: string;
    readonly behind: readonly Part[];
    readonly gateway: boolean;
    readonly name: string;
  }[];
}

export function apiJourney(placed: Placed, parts: ApiParts): Journey {
  const { edge, users, links, facts } = placed;
  const { balancer, gateway, machine, doors } = parts;
  const counting = new Counting();
  const behind = edge.balancerOrigins.find((one) => one.balancer === balancer.logicalId);
  const named = edge.namesOf.has(balancer.logicalId);
  const backwards: ((number: (text: string) => number) => void)[] = [];
  let name: string | undefined;
  let answered = true;
  if (behind && !named) {
    name = askName(placed, 'api', behind.distribution, counting, {
      who: 'The page',
      answer: 'addresses of CloudFront',
    });
    const toEdge = links.pair(users, behind.distribution, 'api', ['HTTPS request', 'The answer']);
    const toGateway = links.pair(behind.distribution, gateway, 'api', ['Origin request', 'The answer']);
    toEdge.request('api', counting.next(`The page calls its own origin; ${behind.paths} is not the bucket's`));
    toGateway.request('api', counting.next('CloudFront passes it on to the internet gateway'));
    backwards.push(
      (number) => toEdge.reply('api', number('CloudFront answers the page')),
      (number) => toGateway.reply('api', number('It leaves through the internet gateway, for CloudFront')),
    );
  } else {
    name = askName(placed, 'api', balancer.logicalId, counting, {
      who: edge.sites.length > 0 ? 'The page' : 'The client',
      answer: "the balancer's addresses, one a zone",
    });
    const toGateway = links.pair(users, gateway, 'api', ['Request', 'The answer']);
    toGateway.request('api', counting.next("The request reaches the internet gateway, the VPC's only way in"));
    backwards.push((number) =>
      toGateway.reply(
        'api',
        number(`It leaves through the internet gateway, for the ${edge.sites.length > 0 ? 'page' : 'client'}`),
      ),
    );
  }
  const toBalancer = links.pair(gateway, balancer.logicalId, 'api', ['Request', 'The answer']);
  const secure = balancer.listeners.some(({ protocol }) => protocol === 'HTTPS' || protocol === 'TLS');
  const ports = [...new Set(balancer.listeners.map(({ port }) => port))].sort((a, b) => b - a).join(' and ');
  toBalancer.request(
    'api',
    counting.next(`A node of the balancer takes it on port ${ports}${secure ? '; TLS ends there' : ''}`),
  );
  backwards.push((number) =>
    toBalancer.reply(
      'api',
      number(answered ? 'The balancer sends it on, the way it came' : 'The balancer got no answer, and says so'),
    ),
  );
  if (machine) {
    const toMachine = links.pair(balancer.logicalId, machine.key, 'api', ['To a healthy machine', 'The answer']);
    const [target] = balancer.targets;
    const way = passage(facts, balancer.arn, machine.instanceId, target?.port ?? 80);
    const port = target ? ` on port ${target.port}` : '';
    answered = way?.delivered ?? true;
    if (way?.direction === 'forward') stop(links, balancer.logicalId, machine.key, false, way.rule);
    if (way?.direction === 'reply') stop(links, machine.key, balancer.logicalId, true, way.rule);
    toMachine.request('api', counting.next(`A healthy machine gets it${port}${wayOf(way?.forward, 'past')}`));
    for (const door of doors) {
      const what = door.behind.map(({ title, name: which }) => (title === 'Amazon S3' ? which : title)).join(', ');
      const number = counting.next(
        door.gateway
          ? `It can reach ${what} through ${door.name}: a route of its subnet, neither NAT nor internet`
          : `It can reach ${what} through interface endpoints in its own subnet`,
      );
      links.add({
        from: machine.key,
        to: door.at,
        kind: 'api',
        both: true,
        text: 'There and back',
        badge: { journey: 'api', number },
      });
    }
    backwards.push((number) => toMachine.reply('api', number(replyText(machine.frame !== undefined, way))));
  }
  for (const back of backwards.reverse()) back((text) => counting.next(text));
  return { name: 'api', title: name ?? '', steps: counting.steps };
}

function stop(links: Links, from: string, to: string, reply: boolean, rule: string): void {
  links.add({ from, to, kind: 'api', text: `${rule} stops it`, stopped: true, ...(reply ? { reply } : {}) });
}

function replyText(filtered: boolean, way: RoundTrip | undefined): string {
  if (way && !way.forward.delivered) return 'No answer comes back';
  const reply = way?.reply;
  const group = filtered ? 'the security group remembers the request' : 'no security group asks';
  const acl = reply !== undefined && reply.end.startsWith('deniedByAcl');
  if (reply && !reply.delivered)
    return `The answer goes back, but ${reply.rule} stops it${acl ? ': network ACLs remember nothing' : ''}`;
  const rules = wayOf(reply, '');
  return `The answer goes back; ${rules === '' ? group : `${group}, the ACLs do not: ${rules} let it pass`}`;
}
