/** What a trace finds: journeys, hop by hop, both ways. Plain data: `orrery trace --json` prints it. */
import type { HopKind } from '../../region/network/verdict.ts';

export interface TraceResult {
  /** As it was asked for. */
  readonly url: string;
  readonly from: string;
  /** Every way of every part of the journey got there and back. */
  readonly delivered: boolean;
  /** The journey; several parts where one answer leads to the next, as a redirect does. */
  readonly parts: readonly Ways[];
  /** What the machine that was reached goes on to: journeys of their own, which do not count for `delivered`. */
  readonly onward: readonly Ways[];
  /** Of what the journey touches this is not modelled or not known: nothing is claimed of it. */
  readonly notProven: readonly string[];
  /** What stands for parts of an account that parameters name: the rest holds with these. */
  readonly assumed: readonly string[];
  /** With `--live`: what became of a real request. */
  readonly live?: LiveTrace;
}

/** The ways that one journey can take: each balancer node with each target, each machine of a group. */
export interface Ways extends Alike {
  /** `internet → https://api.myapp.com/items` */
  readonly title: string;
  /** The others; those that end too early are before those that do not. */
  readonly differing: readonly Alike[];
}

/** Ways that pass the same kinds of hops by the same rules, to the same end. */
export interface Alike {
  /** One of them in full. */
  readonly shown: Journey;
  /** How the others are called. */
  readonly alike: readonly string[];
}

export interface Journey {
  /** Which way it is: `node us-east-1a → ApiGroup i-0a… (us-east-1b)`; empty where there is only one. */
  readonly way: string;
  readonly ending: Ending;
  /** In their order: there, and back. */
  readonly steps: readonly TraceStep[];
  /** Where it ended too early. */
  readonly stopped?: Stop;
  /** What is worth knowing besides. */
  readonly notes: readonly string[];
}

/**
 * `delivered`: there and back. `dropped`: a packet was lost. `refused`: somebody answered, but with an error.
 * `unknown`: it goes on in something that is not modelled.
 */
export type Ending = 'delivered' | 'dropped' | 'refused' | 'unknown';

export type StepKind =
  | HopKind
  | 'dns'
  | 'listener'
  | 'rule'
  | 'targets'
  | 'machine'
  | 'cdn'
  | 'behaviour'
  | 'function'
  | 'cache'
  | 'origin'
  | 'policy'
  | 'key'
  | 'answer';

export interface TraceStep {
  readonly way: 'there' | 'back';
  readonly kind: StepKind;
  /** Where: a logical id of the template where it has one. */
  readonly at: string;
  /** What decided: the logical id of the rule, record, statement or listener, else AWS's name of it. */
  readonly rule: string;
  readonly why: string;
  readonly ok: boolean;
}

export interface Stop {
  readonly ending: Exclude<Ending, 'delivered'>;
  readonly way: TraceStep['way'];
  readonly at: string;
  readonly rule: string;
  readonly why: string;
  readonly fix?: Fix;
}

export interface Fix {
  /** What to do, without a full stop. */
  readonly text: string;
  /** Lines of a template to paste, in YAML. */
  readonly paste?: string;
}

/** A real request, as it went. */
export interface LiveTrace {
  readonly url: string;
  readonly status: number;
  /** From the look-up to the last byte. */
  readonly ms: number;
  /** In the order in which the client sees them, then what CloudFront and the balancer tell. */
  readonly phases: readonly LivePhase[];
  /** The zone of the balancer's node that took it. */
  readonly node?: string;
  readonly machine?: { readonly name: string; readonly zone: string };
}

export interface LivePhase {
  readonly name: 'dns' | 'connect' | 'tls' | 'first byte' | 'last byte' | 'cdn' | 'balancer' | 'target' | 'response';
  readonly at: string;
  /** Real milliseconds; absent where nothing was measured. */
  readonly ms?: number | undefined;
  readonly text: string;
}

export class TraceError extends Error {
  override readonly name = 'TraceError';
}
