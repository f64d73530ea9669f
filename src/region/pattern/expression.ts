/** Regular expressions that users bring, as `AllowedPattern` of parameters. */
import { Script } from 'node:vm';

/** Real time: some expressions, `(a+)+`, take longer than anyone waits for a text that nearly matches. */
const longestMs = 500;

/**
 * Whether an expression matches the whole of a text; `undefined` where it takes too long to tell. AWS's own engine gives
 * up, too, but tells no limit. Throws where it is not an expression.
 */
export function matchesWhole(expression: string, text: string): boolean | undefined {
  const whole = new RegExp(`^(?:${expression})$`);
  // Only a script is given up after a time; a context of its own would cost more than the match.
  const script = new Script(`new RegExp(${JSON.stringify(whole.source)}).test(${JSON.stringify(text)})`);
  try {
    return script.runInThisContext({ timeout: longestMs }) === true;
  } catch (error) {
    if (!timedOut(error)) throw error;
    return undefined;
  }
}

function timedOut(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
