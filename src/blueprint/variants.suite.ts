/** Configurations that stand for all: what tests of the template are run over. */
import type { ConfigInput } from './config.ts';

const everything = {
  name: 'gallery',
  domain: 'myapp.com',
  web: { uploads: true, kms: true },
  api: { accessLogs: true, shell: true, stickySeconds: 3600, environment: { GREETING: 'he said "hi" to ${you}' } },
  data: { access: 'read-write', kms: true },
  network: { zones: 4, ipv6: true, flowLogs: true },
  monitoring: { email: 'ops@myapp.com', webhook: 'https://hooks.myapp.com/alarms', budgetUsd: 100 },
} satisfies ConfigInput;

export const variants = {
  default: { name: 'gallery', domain: 'myapp.com' },
  'no domain': { name: 'gallery' },
  'every option, four zones': everything,
  'no NAT, dual-stack, four zones': { ...everything, network: { zones: 4, ipv6: true, flowLogs: true, nat: 'none' } },
  'one NAT, three zones, nothing scales': {
    name: 'small',
    domain: 'app.example.org',
    network: { zones: 3, nat: 'one', cidr: '192.168.64.0/20' },
    api: { instanceType: 'm7i.large', min: 1, max: 2, port: 3000 },
    scaling: { cpu: false, memory: false, network: false, requestsPerTarget: false },
  },
} satisfies Record<string, ConfigInput>;

export const everyVariant = Object.entries(variants) as [string, ConfigInput][];
