/** The site and what stands beside the machines: CDN, buckets, names, logs, alarms, keys, messages. */
import { type Get, gigabyte, hoursOfMonth } from './assumptions.ts';
import { type Decimal, decimal, over, sum, times } from './decimal.ts';
import { logGigabytes } from './flows.ts';
import type { Bucket, Distribution, Inventory, LogGroup } from './inventory.ts';
import { type Circumstances, plural, presence, type Uses } from './usage.ts';

export function serviceUsage(inventory: Inventory, about: Circumstances, uses: Uses): void {
  const { distributions, buckets, zones, logGroups, alarms, dashboards, keys, topics, machines } = inventory;
  const carrying = distributions.filter(({ carriesApi }) => carriesApi).length;
  for (const one of distributions) distributionUsage(one, { pages: distributions.length, api: carrying }, uses);
  const certificates = new Map(distributions.map((one) => [one.dedicatedCertificate, one.part]));
  for (const [certificate, part] of certificates) {
    if (certificate !== undefined) uses.add(part, 'dedicatedAddresses', 'for clients without SNI', decimal(1));
  }
  const siteBuckets = buckets.filter(({ role }) => role === 'site').length;
  const dataBuckets = buckets.filter(({ role }) => role === 'data').length;
  const running = machines.filter((one) => one.runs);
  const all = (get: Get) => sum(running.map((one) => presence(one, inventory, about)(get)));
  const gigabytesOf = (role: 'accessLogs' | 'flowLogs') => (get: Get) =>
    role === 'flowLogs'
      ? times(all(get), get('flowLogGbPerMachine'))
      : over(times(get('requests'), get('accessLogBytes')), gigabyte);
  for (const bucket of buckets) {
    const { part, role } = bucket;
    // Kept for a month. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
    if (role === 'accessLogs' || role === 'flowLogs')
      uses.add(
        part,
        'bucketGigabytes',
        role === 'flowLogs' ? "a month's flow logs" : "a month's access logs",
        gigabytesOf(role),
      );
    else bucketUsage({ ...bucket, role }, role === 'site' ? siteBuckets : dataBuckets, keys, uses);
  }
  for (const { part } of zones) {
    uses.add(part, 'hostedZones', 'with up to 10,000 records', decimal(1));
    uses.add(part, 'queries', 'what no alias answers', (get) =>
      over(times(get('pageViews'), get('queriesPerPage')), decimal(zones.length)),
    );
  }
  for (const { part, domain } of zones) {
    if (hasFee(domain)) uses.add(part, 'domainMonths', domain, decimal(1));
  }
  for (const group of logGroups) {
    const taken = (get: Get) =>
      group.role === 'app' ? logGigabytes(get, all(get), about) : times(all(get), get('flowLogGbPerMachine'));
    logUsage(group, logGroups.filter(({ role }) => role === group.role).length, taken, uses);
  }
  for (const { part, kind, count } of alarms) uses.add(part, kind, '', decimal(count));
  for (const part of dashboards) uses.add(part, 'dashboards', '', decimal(1));
  for (const part of keys) uses.add(part, 'keys', '', decimal(1));
  for (const { part, emails, webhooks } of topics) {
    const many = (count: number) => (get: Get) => times(get('notifications'), decimal(count));
    uses.add(part, 'publishes', 'notifications', many(1));
    if (emails > 0) uses.add(part, 'emails', plural(emails, 'address'), many(emails));
    if (webhooks > 0) uses.add(part, 'webhooks', plural(webhooks, 'address'), many(webhooks));
  }
}

/** The fee is the registered name's, not that of a zone for names below it. */
export function hasFee(domain: string): boolean {
  return domain.split('.').length === 2;
}

/** @param of how many share the pages, and how many the API */
function distributionUsage(
  { part, functions, apiFunctions, carriesApi }: Distribution,
  of: { readonly pages: number; readonly api: number },
  uses: Uses,
): void {
  const among = (value: Decimal) => over(value, decimal(of.pages));
  const ofApi = (value: Decimal) => (carriesApi ? over(value, decimal(of.api)) : 0n);
  const pages = (get: Get) => among(get('siteRequests'));
  const api = (get: Get) => ofApi(get('requests'));
  const what = carriesApi ? 'pages and the API' : 'pages';
  uses.add(part, 'siteRequests', what, (get) => pages(get) + api(get));
  uses.add(part, 'siteOut', what, (get) => among(get('siteEgressGb')) + ofApi(get('egressGb')));
  // Of GET and HEAD nothing. https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/billing-and-usage-interpreting.html
  if (carriesApi)
    uses.add(part, 'originOut', 'what the API is sent', (get) =>
      over(times(times(api(get), get('sendShare')), get('requestBytes')), gigabyte),
    );
  uses.add(
    part,
    'functionRuns',
    'for each request, at most',
    (get) => times(decimal(functions), pages(get)) + times(decimal(apiFunctions), api(get)),
  );
  uses.add(part, 'invalidations', 'by releases', (get) => among(get('invalidationPaths')));
}

/** @param of how many buckets share what its role is asked for */
function bucketUsage(
  { part, role, kms, bucketKey }: Bucket & { readonly role: 'site' | 'data' },
  of: number,
  keys: readonly string[],
  uses: Uses,
): void {
  const among = (value: Decimal) => over(value, decimal(of));
  const reads =
    role === 'site'
      ? (get: Get) => among(times(get('siteRequests'), get('cacheMisses')))
      : (get: Get) => among(times(get('requests'), get('readsPerRequest')));
  const writes =
    role === 'site'
      ? (get: Get) => get('deployUploads')
      : (get: Get) => among(times(get('requests'), get('writesPerRequest')));
  uses.add(part, 'bucketGigabytes', 'kept', (get) => (role === 'site' ? get('siteGb') : among(get('dataGb'))));
  uses.add(part, 'bucketReads', role === 'site' ? 'what the CDN does not have' : 'by the API', reads);
  uses.add(part, 'bucketWrites', role === 'site' ? 'by releases' : 'by the API', writes);
  if (!kms) return;
  const asked = (get: Get) => times(reads(get) + writes(get), bucketKey ? get('bucketKeyShare') : decimal(1));
  // AWS's own keys have no monthly charge; what is asked of them is billed all the same.
  uses.add(part, 'keyRequests', keys.length === 0 ? "of AWS's own key" : 'of its key', asked);
}

/** @param of how many log groups share what is written */
function logUsage(
  { part, role, infrequent, retentionDays }: LogGroup,
  of: number,
  written: (get: Get) => Decimal,
  uses: Uses,
): void {
  const taken = (get: Get) => over(written(get), decimal(of));
  // What AWS itself delivers is metered apart, and has no allowance. https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/tracking-free-tier-usage.html
  const meter = infrequent ? 'logsInfrequent' : role === 'app' ? 'logsIngested' : 'logsVended';
  uses.add(part, meter, role === 'app' ? 'of the machines' : 'flow logs', taken);
  const months = (get: Get) =>
    retentionDays === undefined ? get('foreverMonths') : over(times(decimal(retentionDays), decimal(24)), hoursOfMonth);
  const kept = retentionDays === undefined ? 'nothing ends them' : `${retentionDays} days`;
  uses.add(part, 'logsStored', `${kept}, compressed`, (get) =>
    times(times(taken(get), months(get)), get('logCompression')),
  );
}
