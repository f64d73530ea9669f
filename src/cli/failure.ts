/** What went wrong, in words for the one at the keyboard: what, where, and the likely fix. */
import { ConfigError } from '../blueprint/config.ts';
import { StackFailed } from '../delivery/stack.ts';
import { UserError } from '../delivery/user-error.ts';
import { SuppressionError } from '../insight/check/suppress.ts';
import { CostError } from '../insight/cost/cost-error.ts';
import { DrawError } from '../insight/draw/draw-error.ts';
import { ModelError } from '../insight/model/model-error.ts';
import { ProfileError } from '../insight/profile.ts';
import { ExpectationError } from '../insight/reach/expectation.ts';
import { PlaceError } from '../insight/reach/place.ts';
import { AppModelError } from '../insight/simulate/app-model.ts';
import { SimulationError } from '../insight/simulate/simulation-error.ts';
import { SurgeError } from '../insight/surge/surge-error.ts';
import { TraceError } from '../insight/trace/result.ts';
import { paint } from './print.ts';

/** Their messages say all. */
const told = [
  ProfileError,
  SurgeError,
  AppModelError,
  SimulationError,
  ModelError,
  CostError,
  DrawError,
  TraceError,
  SuppressionError,
  ExpectationError,
  PlaceError,
];

const fileTrouble = new Map([
  ['ENOENT', 'there is no such file or folder'],
  ['ENOTDIR', 'what should be a folder there is a file'],
  ['EISDIR', 'that is a folder, not a file'],
  ['EACCES', 'reading or writing it is not allowed'],
  ['EPERM', 'reading or writing it is not allowed'],
  ['EROFS', 'nothing can be written there'],
  ['ENOSPC', 'the disk is full'],
]);

export function failure(error: unknown): string {
  if (error instanceof ConfigError) return `${paint.red('orrery.config.ts has mistakes:')}\n${indent(error.message)}\n`;
  if (error instanceof UserError) return `${paint.red(error.message)}\n${error.fix ? `${error.fix}\n` : ''}`;
  if (told.some((kind) => error instanceof kind)) return `${paint.red((error as Error).message)}\n`;
  if (error instanceof StackFailed) return stackFailure(error);
  if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') {
    return `${paint.red('No region answers.')}\nStart one: orrery up\n`;
  }
  if (error instanceof Error && error.name === 'CredentialsProviderError') {
    return `${paint.red('No AWS credentials were found.')}\nSet AWS_PROFILE, or run "aws configure".\n`;
  }
  if (error instanceof Error && 'code' in error && 'path' in error && fileTrouble.has(String(error.code))) {
    return `${paint.red(`${error.path}: ${fileTrouble.get(String(error.code))}.`)}\n`;
  }
  // A refusal of AWS's own carries its text; anything else is our mistake, and its stack helps to mend it.
  if (error instanceof Error && '$metadata' in error) return `${paint.red(`${error.name}: ${error.message}`)}\n`;
  return `${paint.red('Orrery failed by a mistake of its own:')}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
}

/** The first failures are causes; those that were cancelled because of them are left out. */
function stackFailure(error: StackFailed): string {
  const failed = error.failures.filter(({ ResourceStatusReason: reason }) => !/cancel/i.test(reason ?? ''));
  // What could not be deleted while rolling back is not what went wrong first.
  const first = failed.filter(({ ResourceStatus: status }) => !status?.startsWith('DELETE'));
  const causes = first.length > 0 ? first : failed;
  const lines = causes
    .slice(0, 8)
    .map(
      (event) =>
        `${event.LogicalResourceId} (${event.ResourceType}): ${event.ResourceStatusReason ?? event.ResourceStatus}`,
    );
  return `${paint.red(error.message)}\n${indent(lines.join('\n'))}\n`;
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}
