import { describe, expect, it } from 'vitest';
import type { ConditionConfig, ListenerConfig } from './config.ts';
import { type RoutedRequest, redirectLocation, ruleFor } from './rules.ts';

const request: RoutedRequest = {
  host: 'api.example.com',
  path: '/pictures/cat.png',
  query: 'size=Large&tag=a%20b',
  method: 'GET',
  headers: { 'user-agent': 'Mozilla/5.0 (X11)', 'x-list': 'one, two' },
  clientAddress: '203.0.113.7',
};

function listenerWith(...rules: ConditionConfig[][]): ListenerConfig {
  return {
    arn: 'arn:listener',
    port: 443,
    protocol: 'HTTPS',
    certificates: [],
    rules: rules.map((conditions, n) => ({
      arn: `arn:${n}`,
      priority: n,
      conditions,
      action: { type: 'fixed-response', status: 200 + n },
    })),
  };
}

const statusOf = (listener: ListenerConfig, asked = request) => {
  const action = ruleFor(listener, asked)?.action;
  return action?.type === 'fixed-response' ? action.status : undefined;
};

describe('a condition', () => {
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
  it.each<[string, ConditionConfig, boolean]>([
    ['a host, in any case', { field: 'host-header', values: ['API.example.COM'] }, true],
    ['a host with *', { field: 'host-header', values: ['*.example.com'] }, true],
    ['* for at least the dot', { field: 'host-header', values: ['*.api.example.com'] }, false],
    ['? for exactly one character', { field: 'host-header', values: ['ap?.example.com'] }, true],
    ['? for no less', { field: 'host-header', values: ['api?.example.com'] }, false],
    ['a dot is a dot', { field: 'host-header', values: ['api-example.com', 'apixexample.com'] }, false],
    ['a path', { field: 'path-pattern', values: ['/pictures/*'] }, true],
    ['a path in its own case', { field: 'path-pattern', values: ['/Pictures/*'] }, false],
    ['the whole path', { field: 'path-pattern', values: ['/pictures'] }, false],
    ['one of several paths', { field: 'path-pattern', values: ['/a', '/*.png'] }, true],
    ['not the query', { field: 'path-pattern', values: ['*size*'] }, false],
    ['a method', { field: 'http-request-method', values: ['POST', 'GET'] }, true],
    ['a method in its own case', { field: 'http-request-method', values: ['get'] }, false],
    ['a header', { field: 'http-header', header: 'User-Agent', values: ['*mozilla*'] }, true],
    ['a header that is not there', { field: 'http-header', header: 'X-Other', values: ['*'] }, false],
    ['a query pair', { field: 'query-string', values: [{ key: 'size', value: 'large' }] }, true],
    ['a query value of any key', { field: 'query-string', values: [{ value: 'large' }] }, true],
    ['a decoded query value', { field: 'query-string', values: [{ key: 'tag', value: 'a b' }] }, true],
    ['a query of another key', { field: 'query-string', values: [{ key: 'tag', value: 'large' }] }, false],
    ['a source', { field: 'source-ip', values: ['198.51.100.0/24', '203.0.113.0/24'] }, true],
    ['another source', { field: 'source-ip', values: ['203.0.113.8/32'] }, false],
    ['a source of the other family', { field: 'source-ip', values: ['::/0'] }, false],
  ])('%s', (_, condition, matches) => {
    expect(statusOf(listenerWith([condition], []))).toBe(matches ? 200 : 201);
  });

  it('all of a rule must match, and the first rule that does is taken', () => {
    const get: ConditionConfig = { field: 'http-request-method', values: ['GET'] };
    const other: ConditionConfig = { field: 'host-header', values: ['other.example.com'] };
    expect(statusOf(listenerWith([get, other], [get], []))).toBe(201);
    expect(statusOf(listenerWith([get, other]))).toBeUndefined();
  });

  it('many stars cost no more than a few', () => {
    const hard: ConditionConfig = { field: 'path-pattern', values: [`/${'*a'.repeat(20)}b`] };
    expect(statusOf(listenerWith([hard], []), { ...request, path: `/${'a'.repeat(100)}` })).toBe(201);
  });
});

describe('a redirect', () => {
  const same = { type: 'redirect', status: 301, protocol: '#{protocol}', host: '#{host}', port: '#{port}' } as const;

  it.each([
    [
      'to HTTPS',
      { ...same, protocol: 'HTTPS', port: '443', path: '/#{path}', query: '#{query}' },
      'https://api.example.com:443/pictures/cat.png?size=Large&tag=a%20b',
    ],
    [
      'elsewhere',
      { ...same, host: 'www.#{host}', path: '/new/#{path}', query: '' },
      'http://www.api.example.com:80/new/pictures/cat.png',
    ],
    [
      'with what was asked, in a query',
      { ...same, path: '/', query: 'from=#{path}' },
      'http://api.example.com:80/?from=pictures/cat.png',
    ],
  ] as const)('%s', (_, action, location) => {
    expect(redirectLocation(action, request, { protocol: 'HTTP', port: 80 })).toBe(location);
  });
});
