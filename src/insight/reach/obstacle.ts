/** Why a port is not reached: the packet that is lost, the rule that stops it, and the smallest change that would not. */
import { likelyFix, summarise } from '../../region/network/describe.ts';
import type { DroppedEnd, Verdict } from '../../region/network/verdict.ts';
import { type Answer, answer, type Question } from './answer.ts';
import type { Books } from './books.ts';
import type { Flow } from './flow.ts';
import { counterexample, type Witness } from './witness.ts';

export interface Obstacle {
  readonly flow: Flow;
  readonly answer: Answer;
  readonly direction: 'forward' | 'reply';
  readonly end: DroppedEnd;
  readonly at: string;
  readonly rule: string;
  /** `reply dropped: PrivateAcl ingress * (deny) at PrivateSubnetA: return port 40000 from 203.0.113.9 not allowed; add …` */
  readonly text: string;
  readonly fix: string | undefined;
  readonly lost: Witness;
}

/** One for each flow on which something is lost, the nearest to success first. */
export function obstacles(books: Books, flows: readonly Flow[], question: Question): Obstacle[] {
  return flows.flatMap((flow) => obstacleOn(books, flow, question) ?? []).sort((a, b) => hopsOf(b) - hopsOf(a));
}

function obstacleOn(books: Books, flow: Flow, question: Question): Obstacle | undefined {
  const lost = counterexample(books, flow, question);
  if (!lost) return undefined;
  const { forward, reply } = lost.trip;
  const failed: Verdict = lost.trip.direction === 'reply' && reply ? reply : forward;
  if (failed.delivered) return undefined;
  return {
    flow,
    answer: answer(flow, question),
    direction: lost.trip.direction ?? 'forward',
    end: failed.end,
    at: failed.at,
    rule: failed.rule,
    text: `${lost.trip.direction === 'reply' ? 'reply ' : ''}${summarise(books.world, failed)}`,
    fix: likelyFix(books.world, failed),
    lost,
  };
}

/** How far the packet and its reply got. */
export function hopsOf({ lost: { trip } }: Obstacle): number {
  return trip.forward.hops.length + (trip.reply?.hops.length ?? 0);
}
