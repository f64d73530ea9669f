/**
 * What must hold of the network, beside the design: who must reach whom on which port, and who must not. It is derived
 * from the configuration alone, not from the template, so that a rule lost on the way is noticed.
 */
import { type ConfigInput, parseConfig } from './config.ts';
import { interfaceEndpoints } from './endpoints.ts';
import { zoneLetters } from './network.ts';

export interface Expectation {
  /** A logical id of the template, or `internet`: any public address outside. */
  readonly from: string;
  /** The same, or `s3` or `cloudwatch`: the service of the region, by whatever leads to it. */
  readonly to: string;
  readonly port: number;
  readonly protocol: 'tcp';
  readonly allowed: boolean;
  readonly why: string;
}

/** Throws a `ConfigError`. */
export function expectations(input: ConfigInput): readonly Expectation[] {
  const config = parseConfig(input);
  const { api, network, domain } = config;
  const must = (from: string, to: string, port: number, why: string) => expected(true, from, to, port, why);
  const mustNot = (from: string, to: string, port: number, why: string) => expected(false, from, to, port, why);
  const balancer = 'ApiBalancer';
  const machines = 'ApiGroup';
  const endpoints = [...interfaceEndpoints(config).values()];
  const zones = zoneLetters.slice(0, network.zones);
  const nats = network.nat === 'none' ? [] : network.nat === 'one' ? ['A'] : zones;
  const otherPort = api.port === 22 ? 23 : 22;

  return [
    domain === undefined
      ? mustNot('internet', balancer, 443, 'without a domain there is no certificate to show')
      : must('internet', balancer, 443, 'the API is called from everywhere'),
    must(
      'internet',
      balancer,
      80,
      domain === undefined ? 'CloudFront calls the balancer by HTTP' : 'HTTP is redirected to HTTPS',
    ),
    mustNot('internet', balancer, api.port, "the balancer does not speak on the machines' port"),
    must(balancer, machines, api.port, 'requests and health checks'),
    mustNot(balancer, machines, otherPort, "only the API's port is open"),
    mustNot('internet', machines, api.port, 'machines are reached through the balancer only'),
    mustNot('internet', machines, 22, 'no shell from outside'),
    mustNot(machines, machines, api.port, 'machines do not talk to each other'),
    must(machines, 's3', 443, 'data and releases, through the gateway endpoint'),
    must(machines, 'cloudwatch', 443, 'metrics and logs, through the interface endpoints'),
    ...endpoints.flatMap((endpoint) => [
      must(machines, endpoint, 443, 'AWS by its interface endpoint'),
      mustNot(balancer, endpoint, 443, 'endpoints are for machines only'),
      mustNot('internet', endpoint, 443, 'endpoints are inside'),
    ]),
    nats.length === 0
      ? mustNot(machines, 'internet', 443, 'there is no NAT')
      : must(machines, 'internet', 443, 'updates and other APIs, through NAT'),
    mustNot(machines, 'internet', 80, 'nothing goes out unencrypted'),
    mustNot(machines, 'internet', 25, 'machines send no mail'),
    ...nats.map((letter) => mustNot('internet', `NatGateway${letter}`, 443, 'NAT lets nobody in')),
  ];
}

function expected(allowed: boolean, from: string, to: string, port: number, why: string): Expectation {
  return { from, to, port, protocol: 'tcp', allowed, why };
}
