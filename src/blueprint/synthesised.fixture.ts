/** Templates of the blueprint for tests that change them: CDK takes a while, and most of them start from the same one. */
import type { ConfigInput } from './config.ts';
import { synthesise } from './synthesise.ts';

const texts = new Map<string, string>();

/** A template of its own at each call. */
export function synthesised(config: ConfigInput): object {
  const key = JSON.stringify(config);
  const text = texts.get(key) ?? JSON.stringify(synthesise(config).template);
  texts.set(key, text);
  return JSON.parse(text) as object;
}
