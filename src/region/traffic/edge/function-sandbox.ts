/**
 * Runs CloudFront Functions: JavaScript in QuickJS, in WebAssembly, with no way out but its event and its log, and with
 * bounds on steps and memory. A version is compiled once and thrown away when a run of it went wrong.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
 */
import { createHash, createHmac } from 'node:crypto';
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSWASMModule } from 'quickjs-emscripten';
import type { Clock } from '../../clock/clock.ts';
import type { Random } from '../../clock/random.ts';
import type { ViewerFunction } from './config.ts';
import { prelude } from './function-prelude.ts';

export interface FunctionRun {
  /** What the handler returned; undefined when it failed. */
  readonly output: unknown;
  /** Why it failed. */
  readonly error?: string;
  readonly logs: readonly string[];
  /** 0–100, of the steps that a run may take. */
  readonly computeUtilisation: number;
}

export interface FunctionSandbox {
  run(viewerFunction: ViewerFunction, event: object): Promise<FunctionRun>;
  close(): void;
}

interface Compiled {
  readonly runtime: QuickJSRuntime;
  readonly context: QuickJSContext;
  readonly run: QuickJSHandle;
  readonly budget: { steps: number; logs: string[]; logBytes: number };
}

/** The engine asks about every ten thousand steps: this many are some 100 ms here; CloudFront gives less than 1 ms. */
const mostSteps = 300;
/** CloudFront's 2 MB, and what the engine itself takes. */
const memoryBytes = 3 * 1024 * 1024;
const stackBytes = 256 * 1024;
/** CloudFront cuts a run's log at 10 KB. */
const mostLogBytes = 10 * 1024;
const mostCompiled = 100;

export function functionSandbox(clock: Pick<Clock, 'now'>, random: Pick<Random, 'next'>): FunctionSandbox {
  const compiled = new Map<string, Compiled>();
  let closed = false;

  async function run(viewerFunction: ViewerFunction, event: object): Promise<FunctionRun> {
    const engine = await loadEngine();
    if (closed) return failed('the edge was stopped', [], 0);
    const known = compiled.get(viewerFunction.version);
    const made = known ?? compile(engine, viewerFunction.code);
    if (!('run' in made)) return failed(made.error, made.logs, made.steps);
    if (!known) keep(viewerFunction.version, made);
    const result = call(made, event);
    if (result.error !== undefined) forget(viewerFunction.version);
    return result;
  }

  function keep(version: string, one: Compiled): void {
    const [oldest] = compiled.keys();
    if (compiled.size >= mostCompiled && oldest !== undefined) forget(oldest);
    compiled.set(version, one);
  }

  function forget(version: string): void {
    const one = compiled.get(version);
    compiled.delete(version);
    if (one) dispose(one);
  }

  function compile(
    engine: QuickJSWASMModule,
    code: string,
  ): Compiled | { error: string; logs: string[]; steps: number } {
    const runtime = engine.newRuntime();
    runtime.setMemoryLimit(memoryBytes);
    runtime.setMaxStackSize(stackBytes);
    const budget: Compiled['budget'] = { steps: 0, logs: [], logBytes: 0 };
    runtime.setInterruptHandler(() => ++budget.steps > mostSteps);
    const context = runtime.newContext();
    const hosts = hostFunctions(context, budget, clock, random);
    const outcome = context.evalCode(prelude, 'prelude.js');
    const install = context.unwrapResult(outcome);
    const installed = context.callFunction(install, context.undefined, ...hosts);
    for (const handle of [install, ...hosts]) handle.dispose();
    const runner = context.unwrapResult(installed);
    const evaluated = context.evalCode(code, 'function.js');
    if (evaluated.error) {
      const error = describe(context, evaluated.error);
      const { logs, steps } = budget;
      evaluated.error.dispose();
      runner.dispose();
      dispose({ runtime, context });
      return { error, logs, steps };
    }
    evaluated.value.dispose();
    return { runtime, context, run: runner, budget };
  }

  function call({ runtime, context, run: runner, budget }: Compiled, event: object): FunctionRun {
    budget.steps = 0;
    budget.logs = [];
    budget.logBytes = 0;
    const text = context.newString(JSON.stringify(event));
    const called = context.callFunction(runner, context.undefined, text);
    text.dispose();
    if (called.error) {
      const error = describe(context, called.error);
      called.error.dispose();
      return failed(error, budget.logs, budget.steps);
    }
    const jobs = runtime.executePendingJobs();
    if (jobs.error) {
      const error = describe(context, jobs.error);
      jobs.error.dispose();
      called.value.dispose();
      return failed(error, budget.logs, budget.steps);
    }
    const state = context.getPromiseState(called.value);
    try {
      if (state.type === 'pending') return failed('The function never finished.', budget.logs, budget.steps);
      if (state.type === 'rejected') {
        const error = describe(context, state.error);
        state.error.dispose();
        return failed(error, budget.logs, budget.steps);
      }
      const answer = context.getString(state.value);
      if (!state.notAPromise) state.value.dispose();
      return { output: parsed(answer), logs: budget.logs, computeUtilisation: utilisation(budget.steps) };
    } finally {
      called.value.dispose();
    }
  }

  return {
    run,
    close() {
      closed = true;
      for (const version of [...compiled.keys()]) forget(version);
    },
  };
}

let engine: Promise<QuickJSWASMModule> | undefined;

/** Loaded with the first function: most regions never run one. */
function loadEngine(): Promise<QuickJSWASMModule> {
  engine ??= import('quickjs-emscripten').then(({ getQuickJS }) => getQuickJS());
  return engine;
}

/** In the order in which the prelude takes them. */
function hostFunctions(
  context: QuickJSContext,
  budget: Compiled['budget'],
  clock: Pick<Clock, 'now'>,
  random: Pick<Random, 'next'>,
): QuickJSHandle[] {
  const log = context.newFunction('log', (line) => {
    const text = context.getString(line);
    budget.logBytes += text.length;
    if (budget.logBytes <= mostLogBytes) budget.logs.push(text);
  });
  const now = context.newFunction('now', () => context.newNumber(clock.now()));
  const chance = context.newFunction('chance', () => context.newNumber(random.next()));
  const digest = context.newFunction('digest', (name, key, data) => {
    const algorithm = context.getString(name);
    if (!['md5', 'sha1', 'sha256'].includes(algorithm)) throw new Error(`unknown digest algorithm ${algorithm}`);
    const bytes = Buffer.from(context.getString(data), 'latin1');
    const hasKey = context.typeof(key) === 'string';
    const hash = hasKey ? createHmac(algorithm, Buffer.from(context.getString(key), 'latin1')) : createHash(algorithm);
    return context.newString(hash.update(bytes).digest().toString('latin1'));
  });
  return [log, now, chance, digest];
}

function describe(context: QuickJSContext, handle: QuickJSHandle): string {
  const error: unknown = context.dump(handle);
  if (typeof error !== 'object' || error === null) return String(error);
  const { name = 'Error', message = '' } = error as { name?: unknown; message?: unknown };
  if (name === 'InternalError' && message === 'interrupted') {
    return 'The function exceeded the limit of its compute utilization.';
  }
  return `${String(name)}: ${String(message)}`;
}

function parsed(text: string): unknown {
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}

function failed(error: string, logs: readonly string[], steps: number): FunctionRun {
  return { output: undefined, error, logs, computeUtilisation: utilisation(steps) };
}

function utilisation(steps: number): number {
  return Math.min(100, Math.round((steps / mostSteps) * 100));
}

function dispose({ context, runtime, run }: Pick<Compiled, 'context' | 'runtime'> & Partial<Compiled>): void {
  run?.dispose();
  context.dispose();
  runtime.dispose();
}
