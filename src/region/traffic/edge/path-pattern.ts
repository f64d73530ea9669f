/** Which behaviour of a distribution serves a path. */
import type { BehaviourConfig, EdgeConfig } from './config.ts';

const compiled = new Map<string, RegExp>();

/**
 * `*` stands for any characters, `/` included, `?` for one; letters count by case. A leading slash may be left out.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
 */
export function matchesPath(pattern: string, path: string): boolean {
  let expression = compiled.get(pattern);
  if (!expression) {
    // Runs of stars mean the same as one, and would make the expression slow.
    const source = pattern
      .replace(/^\//, '')
      .replace(/\*+/g, '*')
      .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    expression = new RegExp(`^/?${source}$`, 's');
    if (compiled.size >= 1_000) compiled.clear();
    compiled.set(pattern, expression);
  }
  return expression.test(path);
}

/** The first whose pattern matches; the default one takes the rest. `path` is the viewer's, without its query. */
export function behaviourFor({ behaviours }: EdgeConfig, path: string): BehaviourConfig | undefined {
  return behaviours.find(({ pathPattern }) => pathPattern === '*' || matchesPath(pathPattern, path));
}
