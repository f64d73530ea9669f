/** The ways a boot fails, visibly different, and what can be known of any error. */

/** Something of AWS or Linux that Orrery does not model: a limit of the model, not a mistake of the user. */
export class NotModelled extends Error {
  override readonly name = 'NotModelled';
}

/** What would fail on AWS in the same way: a wrong unit, a missing file, a refused download. */
export class BootError extends Error {
  override readonly name = 'BootError';
}

/** A signal that CloudFormation refuses because it waits for none of the instance: nothing is wrong with its boot. */
export class SignalUnheard extends Error {
  override readonly name = 'SignalUnheard';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const gistLines = 3;

/** What a program's error output comes down to: the message of an uncaught error of Node, else its last lines. */
export function gist(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const uncaught = lines.find((line) => /^(Uncaught )?\w*(Error|Exception)( \[\w+\])?: /.test(line));
  return (uncaught ?? lines.slice(-gistLines).join('\n')).slice(-900);
}
