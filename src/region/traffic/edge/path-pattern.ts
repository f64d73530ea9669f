/** Which behaviour of a distribution serves a path. */
import { matches, type Pattern, wildcard } from '../../pattern/wildcard.ts';
import type { BehaviourConfig, EdgeConfig } from './config.ts';

const compiled = new Map<string, Pattern>();

/**
 * `*` stands for any characters, `/` included, `?` for one; letters count by case. A leading slash may be left out.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
 */
export function matchesPath(pattern: string, path: string): boolean {
  let compiledPattern = compiled.get(pattern);
  if (!compiledPattern) {
    compiledPattern = wildcard(pattern.replace(/^\//, ''));
    if (compiled.size >= 1_000) compiled.clear();
    compiled.set(pattern, compiledPattern);
  }
  return matches(compiledPattern, path) || (path.startsWith('/') && matches(compiledPattern, path.slice(1)));
}

/** The first whose pattern matches; the default one takes the rest. `path` is the viewer's, without its query. */
export function behaviourFor({ behaviours }: EdgeConfig, path: string): BehaviourConfig | undefined {
  return behaviours.find(({ pathPattern }) => pathPattern === '*' || matchesPath(pathPattern, path));
}
