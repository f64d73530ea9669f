import { expect, it } from 'vitest';
import { eventLog } from './events.ts';

const event = (text: string, lasting = false) => ({
  source: 'test',
  kind: 'test',
  text,
  atMs: 0,
  region: 'us-east-1',
  ...(lasting ? { lasting } : {}),
});

it('remembers the last events, and those that last for ever', () => {
  const log = eventLog();
  log.add(event('passing'));
  log.add(event('lasting', true));
  for (let n = 0; n < 5_000; n++) log.add(event(String(n)));
  const texts = log.recent().map(({ text }) => text);
  expect(texts).toContain('lasting');
  expect(texts).not.toContain('passing');
  expect(texts.at(-1)).toBe('4999');
  expect(texts.filter((text) => text === 'lasting')).toHaveLength(1);
});
