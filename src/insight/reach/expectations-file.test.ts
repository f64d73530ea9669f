import { expect, it } from 'vitest';
import { expectationText } from './expectation.ts';
import { parseExpectations } from './expectations-file.ts';

const text = `
# What must hold.
- internet → machines: never
- ApiBalancer -> ApiGroup:8080: always
  why: requests and health checks
- machines → s3:443: only by the gateway endpoint
- machines → internet:443: only by a NAT gateway
- machines → Resolver:53/udp: always
- Vpc → Vpc/icmp: never
- machines → com.amazonaws.us-east-1.ssm:443: only by interface endpoint
`;

it('reads a list of expectations', () => {
  expect(parseExpectations(text, 'expectations.yml')).toEqual([
    { from: 'internet', to: 'machines', allowed: false },
    { from: 'ApiBalancer', to: 'ApiGroup', port: 8080, allowed: true, why: 'requests and health checks' },
    { from: 'machines', to: 's3', port: 443, only: 'by gateway endpoint' },
    { from: 'machines', to: 'internet', port: 443, only: 'by NAT' },
    { from: 'machines', to: 'Resolver', port: 53, protocol: 'udp', allowed: true },
    { from: 'Vpc', to: 'Vpc', protocol: 'icmp', allowed: false },
    { from: 'machines', to: 'com.amazonaws.us-east-1.ssm', port: 443, only: 'by interface endpoint' },
  ]);
});

it('writes them as it reads them', () => {
  const all = parseExpectations(text, 'expectations.yml');
  const again = parseExpectations(all.map((one) => `- ${expectationText(one)}`).join('\n'), 'again');
  expect(again).toEqual(all.map(({ why: _, ...rest }) => rest));
});

it.each([
  ['- internet → machines: sometimes', /^e\.yml:1: 'sometimes' is none of never, always, only by gateway endpoint, /],
  ['- a → b: never\n- a b: never', /^e\.yml:2: 'a b' does not say who and whom/],
  ['- a → b:99999: always', /^e\.yml:1: '99999' is no port from 0 to 65535/],
  ['- a → b:http: always', /^e\.yml:1: 'http' is no port/],
  ['- a → b:53/sctp: never', /^e\.yml:1: 'sctp' is none of tcp, udp, icmp/],
  ['- a → b: always', /^e\.yml:1: 'a → b: always' needs a port: a → b:443/],
  ['- a → b/udp: never', /^e\.yml:1: 'a → b\/udp' needs a port/],
  ['- a → b:1/icmp: never', /^e\.yml:1: .* has a port, which icmp has not/],
  ['- never', /^e\.yml:1: 'never' is no expectation/],
  ['- a → b: never\n  c → d: never', /^e\.yml:2: 'c → d' is a second expectation: begin it with a dash/],
  ['- why: nothing', /^e\.yml:1: it says nothing but why/],
  ['a → b: never', /^e\.yml:1: a list of expectations is needed/],
  ['', /^e\.yml:1: a list of expectations is needed/],
  ['- [', /^e\.yml:\d: /],
])('says line and value of %j', (wrong, message) => {
  expect(() => parseExpectations(wrong, 'e.yml')).toThrow(message);
});
