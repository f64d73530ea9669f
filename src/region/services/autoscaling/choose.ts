/**
 * Which zone gets the next instance and which instance goes first. Pure.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
 */

export interface Candidate {
  readonly key: string;
  readonly zone: string;
  readonly subnetId: string;
  readonly launchedMs: number;
  /** Order of age of its launch template: lower is older. */
  readonly templateAge: number;
}

export interface Place {
  readonly id: string;
  readonly zone: string;
}

const hourMs = 3_600_000;

/** How many of `members` are in each zone of `places`, in the order of the places. */
export function countByZone(
  places: readonly Place[],
  members: readonly { readonly zone: string }[],
): Map<string, number> {
  const counts = new Map(places.map(({ zone }) => [zone, 0]));
  for (const { zone } of members) {
    const count = counts.get(zone);
    if (count !== undefined) counts.set(zone, count + 1);
  }
  return counts;
}

/** The subnet for the next instance: in the zone with the fewest, save zones to be avoided while there are others. */
export function nextPlace(
  places: readonly Place[],
  members: readonly { readonly zone: string; readonly subnetId: string }[],
  avoid: ReadonlySet<string> = new Set(),
): Place | undefined {
  const usable = places.some(({ zone }) => !avoid.has(zone)) ? places.filter(({ zone }) => !avoid.has(zone)) : places;
  const counts = countByZone(usable, members);
  const used = (id: string) => members.filter(({ subnetId }) => subnetId === id).length;
  const rank = (place: Place) => [counts.get(place.zone) ?? 0, used(place.id)] as const;
  return [...usable].sort((a, b) => rank(a)[0] - rank(b)[0] || rank(a)[1] - rank(b)[1])[0];
}

/** How far the fullest zone is ahead of the emptiest. Members outside the group's subnets count as `Infinity`. */
export function imbalance(
  places: readonly Place[],
  members: readonly { readonly zone: string; readonly subnetId: string }[],
): number {
  if (members.some(({ subnetId }) => !places.some(({ id }) => id === subnetId))) return Number.POSITIVE_INFINITY;
  const counts = [...countByZone(places, members).values()];
  return counts.length === 0 ? 0 : Math.max(...counts) - Math.min(...counts);
}

type Narrow = (candidates: readonly Candidate[], nowMs: number) => Candidate[];

const least =
  (of: (candidate: Candidate, nowMs: number) => number): Narrow =>
  (candidates, nowMs) => {
    const lowest = Math.min(...candidates.map((one) => of(one, nowMs)));
    return candidates.filter((one) => of(one, nowMs) === lowest);
  };

const closestToHour = least(({ launchedMs }, nowMs) => hourMs - ((nowMs - launchedMs) % hourMs));
const oldestTemplate = least(({ templateAge }) => templateAge);

const policies: Readonly<Record<string, Narrow>> = {
  Default: (candidates, nowMs) => closestToHour(oldestTemplate(candidates, nowMs), nowMs),
  OldestInstance: least(({ launchedMs }) => launchedMs),
  NewestInstance: least(({ launchedMs }) => -launchedMs),
  OldestLaunchTemplate: oldestTemplate,
  // Every group of the model launches from a template, so that none is older by its launch configuration.
  OldestLaunchConfiguration: (candidates) => [...candidates],
  ClosestToNextInstanceHour: closestToHour,
};

export const terminationPolicyTypes: readonly string[] = Object.keys(policies);

/**
 * The instance to end: those outside the group's subnets first, then of the zone with the most, by the policies in
 * order; what is still equal is decided by chance on AWS and by `random` here.
 */
export function nextVictim(
  places: readonly Place[],
  all: readonly Candidate[],
  candidates: readonly Candidate[],
  order: readonly string[],
  nowMs: number,
  random: () => number,
): Candidate | undefined {
  if (candidates.length === 0) return undefined;
  const outside = candidates.filter(({ subnetId }) => !places.some(({ id }) => id === subnetId));
  let left = outside.length > 0 ? outside : ofFullestZone(all, candidates);
  for (const name of order) left = policies[name]?.(left, nowMs) ?? left;
  return left[Math.floor(random() * left.length)];
}

/** Candidates of the fullest zone that has one. */
function ofFullestZone(all: readonly Candidate[], candidates: readonly Candidate[]): Candidate[] {
  const count = (zone: string) => all.filter((one) => one.zone === zone).length;
  const most = Math.max(...candidates.map(({ zone }) => count(zone)));
  return candidates.filter(({ zone }) => count(zone) === most);
}
